#include "api/admin/decisions/policy_writer.h"

#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "auth/iam/match/arn_match.h"
#include "auth/iam/policy/authorization_data.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

using base::OrderedJson;
using Names = std::set<std::string>;

// A single value is written without a list, as in AWS's own examples.
OrderedJson list_of(const Names& names) {
  if (names.size() == 1) return *names.begin();
  OrderedJson list = OrderedJson::array();
  for (const std::string& name : names) list.push_back(name);
  return list;
}

// One statement: each of the actions is allowed on each of the resources.
struct Grant {
  Names actions;
  Names resources;
};

OrderedJson statement_of(const Grant& grant, std::size_t number) {
  OrderedJson statement;
  statement["Sid"] = "Statement" + std::to_string(number);
  statement["Effect"] = "Allow";
  statement["Action"] = list_of(grant.actions);
  statement["Resource"] = list_of(grant.resources);
  return statement;
}

OrderedJson document_of(const std::vector<Grant>& grants) {
  OrderedJson statements = OrderedJson::array();
  for (const Grant& grant : grants) {
    statements.push_back(statement_of(grant, statements.size() + 1));
  }
  return {{"Version", "2012-10-17"}, {"Statement", std::move(statements)}};
}

std::string text_of(const OrderedJson& document, int indent) {
  return document.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

// The size as IAM counts it, without white space. The text without indentation is that: actions,
// resources and Sids have no white space in them.
std::size_t size_of(const std::vector<Grant>& grants) {
  return text_of(document_of(grants), -1).size();
}

Names take_half(Names& names) {
  Names half;
  for (std::size_t i = names.size() / 2; i > 0; --i) half.insert(names.extract(names.begin()));
  return half;
}

// Divides the grant into pieces that fit into a policy each. A grant of one action on one resource
// cannot be divided further and stays.
void divide(Grant grant, std::vector<Grant>& pieces) {
  const bool divisible = grant.resources.size() > 1 || grant.actions.size() > 1;
  if (!divisible || size_of({grant}) <= kMaxManagedPolicy) {
    pieces.push_back(std::move(grant));
    return;
  }
  Grant half = grant;
  if (grant.resources.size() > 1) {
    half.resources = take_half(grant.resources);
  } else {
    half.actions = take_half(grant.actions);
  }
  divide(std::move(half), pieces);
  divide(std::move(grant), pieces);
}

// Actions on exactly the same resources share a statement. The maps are sorted, so the order of the
// requests has no influence.
std::vector<Grant> grants_of(const std::vector<RequestedAccess>& requests) {
  std::map<std::string, Names> resources;  // by action
  for (const auto& [action, resource] : requests) {
    resources[canonical_action(action)].insert(resource_pattern(action, resource));
  }
  std::map<Names, Names> actions;  // by resources
  for (auto& [action, patterns] : resources) {
    if (patterns.contains("*")) patterns = {"*"};  // "*" covers the others
    actions[patterns].insert(action);
  }
  std::vector<Grant> grants;
  for (const auto& [patterns, names] : actions) divide({names, patterns}, grants);
  return grants;
}

// Null: the action is not in the service authorization reference that is built in.
const auth::iam::ActionInfo* find_action(const std::string& lower) {
  const std::size_t colon = lower.find(':');
  if (colon == std::string::npos) return nullptr;
  const auto* service = auth::iam::find_service(lower.substr(0, colon));
  if (service == nullptr) return nullptr;
  for (const auth::iam::ActionInfo& action : service->actions) {
    if (action.lower == std::string_view(lower).substr(colon + 1)) return &action;
  }
  return nullptr;
}

}  // namespace

std::string resource_pattern(std::string_view action, std::string_view resource) {
  const auto* info = find_action(base::to_lower(action));
  const auth::iam::ArnParts arn(resource);
  if ((info != nullptr && info->wildcard_only) || !arn.is_arn) return "*";
  // Variables are allowed in the last part of an ARN only (IAM User Guide, "IAM policy elements:
  // Variables and tags").
  std::string pattern(resource.substr(0, resource.size() - arn.part[5].size()));
  std::string name = escape_variables(arn.part[5]);
  // A request to list everything has a '*' for its resource's name, and the pattern is what it asks
  // for. Any other wildcard is text that a client sent ("role/*" to assume), and must not become a
  // pattern that matches more.
  const bool lists_all = name.ends_with("/*") && std::count(name.begin(), name.end(), '*') == 1 &&
                         name.find('?') == std::string::npos &&
                         !base::to_lower(action).starts_with("sts:");
  if (!lists_all) {
    base::replace_all(name, "*", "${*}");
    base::replace_all(name, "?", "${?}");
  }
  return pattern + name;
}

std::string escape_variables(std::string_view text) {
  std::string escaped;
  for (;;) {
    const std::size_t variable = text.find("${");
    escaped += text.substr(0, variable);
    if (variable == std::string_view::npos) return escaped;
    escaped += "${$}{";
    text.remove_prefix(variable + 2);
  }
}

std::string canonical_action(std::string_view action) {
  const std::string lower = base::to_lower(action);
  const auto* info = find_action(lower);
  if (info == nullptr) return std::string(action);
  return lower.substr(0, lower.find(':') + 1) + info->name;
}

std::vector<std::string> write_least_privilege_policies(
    const std::vector<RequestedAccess>& requests) {
  std::vector<std::vector<Grant>> policies(1);
  for (Grant& grant : grants_of(requests)) {
    policies.back().push_back(grant);
    if (policies.back().size() == 1 || size_of(policies.back()) <= kMaxManagedPolicy) continue;
    policies.back().pop_back();
    policies.push_back({std::move(grant)});
  }
  std::vector<std::string> texts;
  for (const auto& grants : policies) texts.push_back(text_of(document_of(grants), 2) + "\n");
  return texts;
}

}  // namespace ecr::api::admin
