// The advice is found by trial, with the evaluator itself, so that it cannot contradict it: a copy
// of the policies loses its Deny statements; then, as long as evaluate() refuses the request, the
// statement whose absence the verdict names is added.
#include "api/admin/decisions/advice.h"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "api/admin/decisions/advised_statement.h"
#include "api/admin/decisions/narrowed_deny.h"
#include "schemas/base/json.h"

namespace ecr::api::admin {
namespace {

using auth::iam::AttachedPolicy;
using auth::iam::DecidedBy;
using auth::iam::Outcome;
using auth::iam::Policy;
using auth::iam::PolicySet;
using auth::iam::PolicyType;
using auth::iam::Request;
using auth::iam::TraceEntry;
using auth::iam::Verdict;
using base::OrderedJson;

// Each step adds an allow that was missing at one place: more steps than an organization has levels
// are not possible, unless the evaluator and this file disagree.
constexpr std::size_t kMostSteps = 32;

using PolicyList = std::vector<AttachedPolicy>;

// A template, so that it serves a set and a const set.
template <class Set>
auto& list_in(Set& set, DecidedBy type, std::size_t level) {
  switch (type) {
    case DecidedBy::kIdentity:
      return set.identity;
    case DecidedBy::kResource:
      return set.resource;
    case DecidedBy::kBoundary:
      return set.boundaries;
    case DecidedBy::kSession:
      return set.session;
    case DecidedBy::kScopeDown:
      return set.scope_down;
    case DecidedBy::kEndpoint:
      return set.endpoint;
    case DecidedBy::kScp:
      return set.scps.at(level);
    case DecidedBy::kRcp:
      break;
  }
  return set.rcps.at(level);
}

bool is_of_policy(const TraceEntry& entry, DecidedBy type, std::size_t level, std::size_t policy) {
  return entry.type == type && entry.level == level && entry.policy == policy;
}

// A policy with the same effect on this one request as `attached`, without its Deny statements. It
// has the Allow statements that matched, reduced to their effect and their principal. The principal
// is kept because it decides how much a resource-based policy grants: naming a user grants, naming
// the account only delegates.
AttachedPolicy without_denials(const AttachedPolicy& attached, DecidedBy type, std::size_t level,
                               std::size_t index, const Verdict& verdict) {
  OrderedJson statements = OrderedJson::array();
  for (const TraceEntry& entry : verdict.trace) {
    if (!is_of_policy(entry, type, level, index) || entry.outcome != Outcome::kMatched) continue;
    const auto written = OrderedJson::parse(attached.policy->statement_json(entry.statement));
    if (written.at("Effect") != "Allow") continue;
    OrderedJson reduced = {{"Effect", "Allow"}, {"Action", "*"}};
    for (const char* name : {"Principal", "NotPrincipal"}) {
      if (written.contains(name)) reduced[name] = written[name];
    }
    statements.push_back(std::move(reduced));
  }
  // A policy without a matching Allow must not disappear from its list: a boundary or a session
  // policy limits also by what it does not allow. It gets a statement that allows no action.
  if (statements.empty()) statements.push_back({{"Effect", "Allow"}, {"NotAction", "*"}});
  const OrderedJson document = {{"Version", "2012-10-17"}, {"Statement", statements}};
  return {*Policy::parse(base::dump(document), PolicyType::kAny), attached.source};
}

// Adds the missing statements, one after the other.
class Trial {
 public:
  Trial(const Request& request, const PolicySet& policies, const Verdict& verdict)
      : request_(request), set_(policies) {
    const auto reduce = [&](PolicyList& list, DecidedBy type, std::size_t level) {
      for (std::size_t i = 0; i < list.size(); ++i) {
        list[i] = without_denials(list[i], type, level, i, verdict);
      }
    };
    reduce(set_.identity, DecidedBy::kIdentity, 0);
    reduce(set_.boundaries, DecidedBy::kBoundary, 0);
    reduce(set_.session, DecidedBy::kSession, 0);
    reduce(set_.scope_down, DecidedBy::kScopeDown, 0);
    reduce(set_.endpoint, DecidedBy::kEndpoint, 0);
    reduce(set_.resource, DecidedBy::kResource, 0);
    for (std::size_t i = 0; i < set_.scps.size(); ++i) reduce(set_.scps[i], DecidedBy::kScp, i);
    for (std::size_t i = 0; i < set_.rcps.size(); ++i) reduce(set_.rcps[i], DecidedBy::kRcp, i);
  }

  std::vector<AdviceStep> run() {
    std::vector<AdviceStep> steps;
    while (steps.size() < kMostSteps) {
      const Verdict verdict = evaluate(request_, set_);
      if (verdict.allowed() || verdict.over_budget) break;
      steps.push_back(add_to(verdict));
    }
    return steps;
  }

 private:
  static bool allows(const Verdict& verdict, DecidedBy type, std::size_t level,
                     std::size_t policy) {
    return std::any_of(verdict.trace.begin(), verdict.trace.end(), [&](const TraceEntry& entry) {
      return is_of_policy(entry, type, level, policy) && entry.outcome == Outcome::kMatched;
    });
  }

  // SCPs and RCPs must allow at every level: the first level where no policy does.
  static std::size_t missing_level(const Verdict& verdict, const std::vector<PolicyList>& levels) {
    for (std::size_t level = 0; level < levels.size(); ++level) {
      bool some = false;
      for (std::size_t i = 0; i < levels[level].size(); ++i) {
        some = some || allows(verdict, verdict.decided_by, level, i);
      }
      if (!some) return level;
    }
    return 0;
  }

  AdviceStep add_to(const Verdict& verdict) {
    AdviceStep step;
    step.type = verdict.decided_by;
    if (step.type == DecidedBy::kScp) step.level = missing_level(verdict, set_.scps);
    if (step.type == DecidedBy::kRcp) step.level = missing_level(verdict, set_.rcps);
    PolicyList& list = list_in(set_, step.type, step.level);
    // The policy to extend. Every boundary and scope-down policy has to allow: the first one that
    // does not. Among identity-based and resource-based policies any allow is enough, so a new
    // policy is advised, which changes none that exists. A session policy, SCP, RCP or endpoint's
    // policy is extended where one exists, because somebody chose that list on purpose: step.policy
    // is 0.
    if (step.type == DecidedBy::kBoundary || step.type == DecidedBy::kScopeDown) {
      while (step.policy < list.size() && allows(verdict, step.type, 0, step.policy)) ++step.policy;
    } else if (step.type == DecidedBy::kIdentity || step.type == DecidedBy::kResource) {
      step.policy = list.size();
    }
    const PolicyKind kind = policy_kind_for(request_, step.type);
    step.document = statement_for(request_, kind);
    step.caution = caution_about(request_, kind);
    const std::string_view source =
        step.policy < list.size() ? std::string_view(list[step.policy].source) : "";
    step.where = describe_policy(request_, kind, step.level, source);
    if (step.policy == list.size()) list.emplace_back();
    extend(list[step.policy], step.document);
    return step;
  }

  static void extend(AttachedPolicy& attached, const std::string& statement) {
    OrderedJson statements = OrderedJson::array();
    if (attached.policy != nullptr) {
      for (std::size_t i = 0; i < attached.policy->statement_count(); ++i) {
        statements.push_back(OrderedJson::parse(attached.policy->statement_json(i)));
      }
    }
    statements.push_back(OrderedJson::parse(statement));
    const OrderedJson document = {{"Version", "2012-10-17"}, {"Statement", statements}};
    attached.policy = *Policy::parse(base::dump(document), PolicyType::kAny);
  }

  const Request& request_;
  PolicySet set_;
};

}  // namespace

const PolicyList& policies_of(const PolicySet& set, DecidedBy type, std::size_t level) {
  return list_in(set, type, level);
}

std::vector<AdviceStep> advise(const Request& request, const PolicySet& policies,
                               const Verdict& verdict) {
  std::vector<AdviceStep> steps;
  // No statement helps where the policies take too much work to decide by.
  if (verdict.allowed() || verdict.over_budget) return steps;
  for (const TraceEntry& entry : verdict.trace) {
    if (entry.outcome != Outcome::kMatched) continue;
    const AttachedPolicy& attached = policies_of(policies, entry.type, entry.level)[entry.policy];
    std::string written = attached.policy->statement_json(entry.statement);
    if (OrderedJson::parse(written).at("Effect") != "Deny") continue;
    AdviceStep step;
    step.change = AdviceStep::Change::kRemove;
    step.type = entry.type;
    step.level = entry.level;
    step.policy = entry.policy;
    step.statement = entry.statement;
    step.sid = attached.policy->sid(entry.statement);
    NarrowedDeny narrowed = narrow_deny(request, entry.type, written);
    step.narrowed = std::move(narrowed.statements);
    step.narrowed_also_allows = std::move(narrowed.also_allows);
    step.document = std::move(written);
    step.where =
        attached.source.empty()
            ? describe_policy(request, policy_kind_for(request, entry.type), entry.level, "")
            : attached.source;
    steps.push_back(std::move(step));
  }
  auto added = Trial(request, policies, verdict).run();
  const bool of_other_account = std::any_of(added.begin(), added.end(), [](const auto& step) {
    return step.type == DecidedBy::kResource;
  });
  if (of_other_account && !can_be_given_to_other_accounts(request.action)) return {};
  std::move(added.begin(), added.end(), std::back_inserter(steps));
  return steps;
}

}  // namespace ecr::api::admin
