#include "api/admin/decisions/narrowed_deny.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/decisions/advised_statement.h"
#include "api/admin/decisions/policy_writer.h"
#include "auth/iam/match/arn_match.h"
#include "auth/iam/match/glob.h"
#include "auth/iam/policy/authorization_data.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

using auth::iam::DecidedBy;
using auth::iam::PolicyType;
using auth::iam::Request;
using base::OrderedJson;

std::vector<std::string> elements_of(const OrderedJson& element) {
  if (element.is_string()) return {element.get<std::string>()};
  return element.get<std::vector<std::string>>();
}

OrderedJson one_or_list(const std::vector<std::string>& elements) {
  if (elements.size() == 1) return elements[0];
  return elements;
}

bool names_no_pattern(std::string_view text) {
  return text.find_first_of("*?$") == std::string_view::npos;
}

// Asks the evaluator itself whether the resource matches, so that variables and the rules of ARNs
// are its own.
bool resource_matches(const Request& request, const std::string& resource) {
  const OrderedJson document = {
      {"Version", "2012-10-17"},
      {"Statement", {{{"Effect", "Allow"}, {"Action", "*"}, {"Resource", resource}}}}};
  auto policy = auth::iam::Policy::parse(base::dump(document), PolicyType::kAny);
  if (!policy) return true;  // in doubt it is left out, and the advice says so
  auth::iam::PolicySet set;
  set.identity.push_back({std::move(*policy), ""});
  const auto verdict = evaluate(request, set);
  return verdict.trace.empty() || verdict.trace[0].outcome == auth::iam::Outcome::kMatched;
}

// Adds a value to a negated condition. All of its values are excluded: one more excludes one caller
// more.
void exclude(OrderedJson& statement, const char* name, const std::string& key,
             const std::string& value) {
  OrderedJson& excluded = statement["Condition"][name][key];
  if (excluded.is_null()) {
    excluded = value;
    return;
  }
  if (!excluded.is_array()) excluded = OrderedJson::array({excluded});
  excluded.push_back(value);
}

class DenyNarrower {
 public:
  DenyNarrower(const Request& request, DecidedBy type, const OrderedJson& statement)
      : request_(request), type_(type), statement_(statement) {
    grammar_ = grammar_of_place();
    if (!accepts(statement_)) grammar_ = PolicyType::kAny;  // stored before there was that rule
  }

  NarrowedDeny run() {
    keep_other_callers();
    if (rest_.empty()) return {};  // nobody could be told from the caller
    keep_other_actions();
    keep_other_resources();
    NarrowedDeny narrowed;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      // A Sid is unique in its policy, and has letters and digits only.
      if (i > 0 && rest_[i].contains("Sid") && !rest_[i]["Sid"].get<std::string>().empty()) {
        rest_[i]["Sid"] = rest_[i]["Sid"].get<std::string>() + std::to_string(i + 1);
      }
      narrowed.statements.push_back(base::dump(rest_[i]));
    }
    narrowed.also_allows = base::join(lost_, "; ");
    return narrowed;
  }

 private:
  PolicyType grammar_of_place() const {
    switch (policy_kind_for(request_, type_)) {
      case PolicyKind::kRepository:
        return PolicyType::kRepository;
      case PolicyKind::kRegistry:
        return PolicyType::kRegistry;
      case PolicyKind::kTrust:
        return PolicyType::kTrust;
      case PolicyKind::kSession:
      case PolicyKind::kScopeDown:
        return PolicyType::kSession;
      case PolicyKind::kScp:
        return PolicyType::kScp;
      case PolicyKind::kRcp:
        return PolicyType::kRcp;
      case PolicyKind::kEndpoint:
        return PolicyType::kEndpoint;
      case PolicyKind::kIdentity:
      case PolicyKind::kBoundary:
        break;
    }
    return PolicyType::kIdentity;
  }

  // Whether AWS takes the statement in this kind of policy: a repository policy may not name
  // actions on registries, for example.
  bool accepts(const OrderedJson& statement) const {
    const OrderedJson document = {{"Version", "2012-10-17"}, {"Statement", {statement}}};
    return auth::iam::Policy::parse(base::dump(document), grammar_).has_value();
  }

  bool keep(OrderedJson statement) {
    if (!accepts(statement)) return false;
    rest_.push_back(std::move(statement));
    return true;
  }

  void lose(std::string what) { lost_.push_back(std::move(what)); }

  void keep_other_callers() {
    const auto* caller = request_.context.find_lower("aws:principalarn");
    if (caller != nullptr && !caller->multivalued &&
        auth::iam::ArnParts(caller->values[0]).is_arn) {
      OrderedJson others = statement_;
      exclude(others, "ArnNotEquals", "aws:PrincipalArn", caller->values[0]);
      rest_.push_back(std::move(others));
      return;
    }
    // A web identity has no ARN yet: whoever differs in one of its claims is somebody else.
    for (const std::string& key : claim_keys(request_)) {
      const auto* claim = request_.context.find_lower(key);
      if (claim == nullptr || claim->values.size() != 1) continue;
      OrderedJson others = statement_;
      exclude(others, "StringNotEquals", claim->name, escape_variables(claim->values[0]));
      rest_.push_back(std::move(others));
    }
  }

  // The actions that a pattern stands for, but the one of the request. False: they are not known.
  bool expand(const std::string& pattern, std::vector<std::string>& actions) const {
    const std::string asked = base::to_lower(request_.action);
    const std::string lower = base::to_lower(pattern);
    const std::size_t colon = asked.find(':');
    const auto* service = auth::iam::find_service(asked.substr(0, colon));
    if (service == nullptr || lower.substr(0, lower.find(':')) != service->prefix) return false;
    const auth::iam::Glob glob(lower.substr(lower.find(':') + 1));
    std::vector<std::string> names;
    for (const auto& action : service->actions) names.push_back(action.name);
    // An operation of ECR's API that the reference has no row for.
    if (service->prefix == "ecr") names.emplace_back("ListImageReferrers");
    for (const std::string& name : names) {
      const std::string full = service->prefix + ":" + name;
      if (!glob.matches(base::to_lower(name)) || base::to_lower(full) == asked) continue;
      OrderedJson alone = statement_;
      alone["Action"] = full;
      // What such a policy cannot name it is never asked about.
      if (accepts(alone)) actions.push_back(full);
    }
    return true;
  }

  void keep_other_actions() {
    OrderedJson others = statement_;
    const std::string asked = canonical_action(request_.action);
    if (others.contains("NotAction")) {
      auto excepted = elements_of(others["NotAction"]);
      excepted.push_back(asked);
      others["NotAction"] = one_or_list(excepted);
      if (!keep(std::move(others))) lose("every action that the statement denies");
      return;
    }
    std::vector<std::string> left;
    for (const std::string& action : elements_of(others["Action"])) {
      const std::string lower = base::to_lower(action);
      if (lower == base::to_lower(asked)) continue;
      if (action == "*" || action == "*:*") return keep_actions_but(asked);
      if (!auth::iam::glob_match_ignore_case(action, request_.action)) {
        left.push_back(action);
      } else if (!expand(action, left)) {
        lose("the other actions of " + action);
      }
    }
    std::sort(left.begin(), left.end());
    left.erase(std::unique(left.begin(), left.end()), left.end());
    if (left.empty()) return;
    others["Action"] = one_or_list(left);
    if (!keep(std::move(others))) lose("every action that the statement denies");
  }

  // The statement with another element in the place of one that it has.
  OrderedJson with_element(std::string_view old, const char* name, const std::string& value) const {
    OrderedJson others = OrderedJson::object();
    for (const auto& [known, content] : statement_.items()) {
      if (known == old) {
        others[name] = value;
      } else {
        others[known] = content;
      }
    }
    return others;
  }

  void keep_actions_but(const std::string& asked) {
    if (!keep(with_element("Action", "NotAction", asked))) {
      lose("every action that the statement denies");
    }
  }

  // Without Resource the policy belongs to one resource, which is that of the request. The same
  // goes for an action that knows no resources.
  void keep_other_resources() {
    const std::string asked = resource_pattern(request_.action, request_.resource);
    if (asked == "*") return;
    OrderedJson others = statement_;
    if (others.contains("NotResource")) {
      auto excepted = elements_of(others["NotResource"]);
      excepted.push_back(asked);
      others["NotResource"] = one_or_list(excepted);
      if (!keep(std::move(others))) lose(request_.action + " on every resource");
      return;
    }
    if (!others.contains("Resource")) return;
    std::vector<std::string> left;
    for (const std::string& resource : elements_of(others["Resource"])) {
      if (resource == "*") return keep_resources_but(asked);
      if (!resource_matches(request_, resource)) {
        left.push_back(resource);
      } else if (!names_no_pattern(resource)) {
        lose(base::format("{} on {}", request_.action, resource));
      }
    }
    if (left.empty()) return;
    others["Resource"] = one_or_list(left);
    if (!keep(std::move(others))) lose(request_.action + " on every resource");
  }

  void keep_resources_but(const std::string& asked) {
    if (!keep(with_element("Resource", "NotResource", asked))) {
      lose(request_.action + " on every resource");
    }
  }

  const Request& request_;
  const DecidedBy type_;
  const OrderedJson& statement_;
  PolicyType grammar_ = PolicyType::kAny;
  std::vector<OrderedJson> rest_;
  std::vector<std::string> lost_;
};

}  // namespace

NarrowedDeny narrow_deny(const Request& request, DecidedBy type, const std::string& statement) {
  const OrderedJson parsed = OrderedJson::parse(statement);
  return DenyNarrower(request, type, parsed).run();
}

}  // namespace ecr::api::admin
