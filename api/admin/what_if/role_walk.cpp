// From the goals backwards, one step at a time: the principals that a role's trust policy names are
// asked, as the operations of STS ask, whether they may assume it.
#include "api/admin/what_if/role_walk.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "api/admin/what_if/targets.h"
#include "api/core/access/principal_policies.h"
#include "api/core/access/target.h"
#include "schemas/base/json.h"
#include "schemas/model/arn.h"

namespace ecr::api::admin::what_if {
namespace {

using base::OrderedJson;

constexpr const char* kAssumeRole = "sts:AssumeRole";

// The names that the Allow statements of a trust policy have for those who may assume the role.
struct TrustNames {
  bool everybody = false;
  std::set<std::string> accounts;
  std::set<std::string> arns;  // also ids of users and roles, as stored policies have them
  std::set<std::string> services;
  std::set<std::string> providers;

  void add(std::string_view type, const std::string& text) {
    const auto arn = model::Arn::parse(text);
    if (text == "*") {
      everybody = true;
    } else if (type == "Service") {
      services.insert(text);
    } else if (type == "Federated") {
      providers.insert(text);
    } else if (model::is_account_id(text)) {
      accounts.insert(text);
    } else if (arn && arn->resource == "root") {
      accounts.insert(arn->account);
    } else {
      arns.insert(text);
    }
  }
};

TrustNames names_in(const auth::iam::Policy& trust) {
  TrustNames names;
  for (std::size_t i = 0; i < trust.statement_count(); ++i) {
    const auto statement = OrderedJson::parse(trust.statement_json(i));
    if (statement.at("Effect") != "Allow" || !statement.contains("Principal")) continue;
    const OrderedJson& principal = statement["Principal"];
    if (principal.is_string()) names.add("AWS", principal.get<std::string>());
    if (!principal.is_object()) continue;
    for (const auto& [type, value] : principal.items()) {
      const OrderedJson values = value.is_array() ? value : OrderedJson::array({value});
      for (const OrderedJson& one : values) names.add(type, one.get<std::string>());
    }
  }
  return names;
}

std::string action_of_provider(const std::string& arn) {
  return arn.find(":saml-provider/") != std::string::npos ? "sts:AssumeRoleWithSAML"
                                                          : "sts:AssumeRoleWithWebIdentity";
}

// A token vouches for its bearer, who has no policies and no account.
Caller bearer_of(const std::string& provider) {
  Caller caller = anonymous_caller();
  caller.context.emplace_back("aws:FederatedProvider", provider);
  return caller;
}

}  // namespace

// The root user of an account cannot assume roles.
const std::vector<RoleWalk::Known>& RoleWalk::everybody() {
  if (everybody_) return *everybody_;
  everybody_.emplace();
  for (Candidate& one : candidates(services_, txn_, {}, std::nullopt)) {
    if (one.kind == "root") continue;
    auto caller = view_.caller_named(one.principal);
    if (!caller) continue;
    std::string id = caller->principal.unique_id;
    everybody_->push_back({std::move(one), std::move(*caller), std::move(id)});
  }
  return *everybody_;
}

const RoleWalk::Known* RoleWalk::known_as(const std::string& principal, const char* kind,
                                          const std::string& account,
                                          std::optional<Caller> caller) {
  if (!caller) return nullptr;
  return &others_.try_emplace(principal, Known{{principal, kind, account}, std::move(*caller), ""})
              .first->second;
}

// The users and roles here, and what else the policy names: sessions, services, providers.
std::vector<const RoleWalk::Known*> RoleWalk::named_by(const auth::iam::Policy& trust,
                                                       std::string_view partition) {
  const TrustNames names = names_in(trust);
  std::vector<const Known*> named;
  const auto add = [&named](const Known* one) {
    if (one != nullptr) named.push_back(one);
  };
  for (const Known& one : everybody()) {
    if (names.everybody || names.accounts.contains(one.who.account) ||
        names.arns.contains(one.who.principal) || names.arns.contains(one.unique_id)) {
      add(&one);
    }
  }
  for (const std::string& arn : names.arns) {
    const auto parsed = model::Arn::parse(arn);
    if (!parsed || !parsed->resource.starts_with("assumed-role/")) continue;
    add(known_as(arn, "session", parsed->account, view_.caller_named(arn)));
  }
  for (const std::string& service : names.services) {
    add(known_as(service, "service", "", view_.caller_named(service)));
  }
  for (const std::string& provider : names.providers) {
    Caller caller = bearer_of(provider);
    caller.partition = partition;
    const auto arn = model::Arn::parse(provider);
    add(known_as(provider, "federated", arn ? arn->account : "", std::move(caller)));
  }
  return named;
}

void RoleWalk::try_assume(const Known& known, const std::string& action, const std::string& role,
                          bool always, std::size_t steps) {
  const auto before = reached_.find(known.who.principal);
  const bool is_new = before == reached_.end();
  if (!is_new && (before->second.steps < steps || before->second.always || !always)) return;
  Reached found;
  found.step = {role, action, view_.ask(known.caller, action, role), {}};
  found.step.outlook = maker_.look(found.step.question, kMostStepsHere);
  if (found.step.outlook.answer == Outlook::Answer::kNever) return;
  found.always = always && found.step.outlook.answer == Outlook::Answer::kAlways;
  if (!is_new && !found.always) return;
  found.steps = steps;
  found.next = role;
  found.who = known.who;
  // The verdicts point into the question, whose lists keep their places when it is moved.
  reached_[known.who.principal] = std::move(found);
}

void RoleWalk::add_assumers(const std::string& role, bool always, std::size_t steps) {
  const auto arn = model::Arn::parse(role);
  const auto entity = arn ? entity_of_arn(txn_, *arn) : std::nullopt;
  if (!entity) return;
  for (const auto& attached : trust_policies(services_, *entity)) {
    for (const Known* known : named_by(*attached.policy, entity->partition)) {
      const std::string& name = known->who.principal;
      if (name == role) continue;
      try_assume(*known, known->who.kind == "federated" ? action_of_provider(name) : kAssumeRole,
                 role, always, steps);
    }
  }
}

RoleWay RoleWalk::way_of(const Reached& reached) const {
  RoleWay way{reached.who, {}};
  for (const Reached* one = &reached; one->steps > 0; one = &reached_.at(one->next)) {
    way.steps.push_back(&one->step);
  }
  return way;
}

std::vector<RoleWay> RoleWalk::ways_to(const std::vector<Goal>& goals,
                                       const std::optional<std::string>& wanted,
                                       const Deadline& deadline, bool& truncated) {
  reached_.clear();
  std::vector<Goal> level = goals;
  for (const Goal& goal : goals) reached_[goal.role].always = goal.always;
  for (std::size_t steps = 1; !level.empty() && !truncated; ++steps) {
    std::stable_sort(level.begin(), level.end(),
                     [](const Goal& a, const Goal& b) { return a.always > b.always; });
    for (const Goal& goal : level) {
      truncated = truncated || deadline.is_over();
      if (truncated) break;
      add_assumers(goal.role, goal.always, steps);
    }
    level.clear();
    for (const auto& [principal, reached] : reached_) {
      if (reached.steps == steps && reached.who.kind == "role") {
        level.push_back({principal, reached.always});
      }
    }
    if (wanted && reached_.contains(*wanted)) break;
  }
  std::vector<const Reached*> found;
  for (const auto& [principal, reached] : reached_) {
    if (reached.steps > 0 && (!wanted || principal == *wanted)) found.push_back(&reached);
  }
  std::stable_sort(found.begin(), found.end(), [](const Reached* a, const Reached* b) {
    return std::tie(a->steps, a->who.account, a->who.principal) <
           std::tie(b->steps, b->who.account, b->who.principal);
  });
  std::vector<RoleWay> ways;
  for (const Reached* one : found) ways.push_back(way_of(*one));
  return ways;
}

}  // namespace ecr::api::admin::what_if
