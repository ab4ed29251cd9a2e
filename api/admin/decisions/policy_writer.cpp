#include "api/admin/decisions/policy_writer.h"

#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "api/admin/decisions/statement_text.h"
#include "schemas/base/json.h"

namespace ecr::api::admin {
namespace {

using base::OrderedJson;
using Names = std::set<std::string>;

// As people write it: one value alone is no list.
OrderedJson list_of(const Names& names) {
  if (names.size() == 1) return *names.begin();
  OrderedJson list = OrderedJson::array();
  for (const std::string& name : names) list.push_back(name);
  return list;
}

// Actions, and the resources they are all allowed on.
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

// As IAM counts: actions and resources have no white space in them.
std::size_t size_of(const std::vector<Grant>& grants) {
  return text_of(document_of(grants), -1).size();
}

Names take_half(Names& names) {
  Names half;
  for (std::size_t i = names.size() / 2; i > 0; --i) half.insert(names.extract(names.begin()));
  return half;
}

// In pieces that fit into a policy each. What cannot be divided stays as it is.
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

std::vector<Grant> grants_of(const std::vector<RequestedAccess>& requests) {
  std::map<std::string, Names> resources;  // by action
  for (const auto& [action, resource] : requests) {
    resources[canonical_action(action)].insert(resource_pattern(action, resource));
  }
  std::map<Names, Names> actions;  // by resources
  for (auto& [action, patterns] : resources) {
    if (patterns.contains("*")) patterns = {"*"};
    actions[patterns].insert(action);
  }
  std::vector<Grant> grants;
  for (const auto& [patterns, names] : actions) divide({names, patterns}, grants);
  return grants;
}

}  // namespace

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
