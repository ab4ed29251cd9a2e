// Consults every policy, then decides in AWS's order: explicit denies, organization, resource-based
// policies, identity-based policies, boundaries, session policies, scope-down policies, the policy
// of a VPC endpoint.
#include "auth/iam/evaluate.h"

#include <algorithm>
#include <iterator>

#include "auth/iam/decide.h"
#include "auth/iam/policy/compiled.h"
#include "auth/iam/statement_match.h"

namespace ecr::auth::iam {
namespace {

// A service-linked role is told by its path, which only AWS itself may use ("Using service-linked
// roles").
constexpr bool is_service_linked_role(const Principal& principal) {
  return principal.kind == PrincipalKind::kRoleSession &&
         principal.issuer.find(":role/aws-service-role/") != std::string::npos;
}

// SCPs limit users and roles, root included, but neither services nor service-linked roles
// ("Service control policies"; test: ServicesAndServiceLinkedRolesAreExempt). The management
// account is exempt too; the caller of evaluate() leaves out its policies.
bool scps_apply(const Principal& principal) {
  return principal.kind != PrincipalKind::kService && principal.kind != PrincipalKind::kAnonymous &&
         !is_service_linked_role(principal);
}

// RCPs limit every caller but service-linked roles, in the services that support them ("Resource
// control policies", its list of services). Of the services that this program decides about ECR and
// STS are on that list; these are not (test: ServicesWithoutResourceControlPolicies).
constexpr std::string_view kServicesWithoutRcps[] = {"iam", "organizations", "signer"};

bool rcps_apply(const PreparedRequest& request) {
  const bool supported = std::find(std::begin(kServicesWithoutRcps), std::end(kServicesWithoutRcps),
                                   request.action_service) == std::end(kServicesWithoutRcps);
  return supported && !is_service_linked_role(request.request.principal);
}

class Consultation {
 public:
  Consultation(const PreparedRequest& request, Trace& trace, std::size_t most_steps)
      : request_(request), trace_(trace), budget_(most_steps) {}

  bool over_budget() const { return budget_.exceeded(); }
  DecidedBy last() const { return last_; }  // the kind that was consulted last

  // One list of policies. The allow that names the caller most closely is kept, as it decides which
  // other policies may still limit the caller.
  Effects consult(const std::vector<AttachedPolicy>& policies, DecidedBy type,
                  std::size_t level = 0) {
    Effects found;
    for (std::size_t index = 0; index < policies.size(); ++index) {
      const Effects one = consult(policies[index], type, level, index);
      // Read of boundaries, scope-down and endpoint policies only, where all have to allow.
      found.every_policy_allows = found.every_policy_allows && one.allow.policy != nullptr;
      if (found.deny.policy == nullptr) found.deny = one.deny;
      // Greater, not equal: among allows of the same closeness the first one is reported.
      if (one.allowed_as > found.allowed_as) {
        found.allow = one.allow;
        found.allowed_as = one.allowed_as;
      }
    }
    return found;
  }

  // All levels together: a deny at any level denies. Every level from the root to the account needs
  // an allow, but within a level one policy with an allow is enough (test:
  // ServiceControlPoliciesAllowAtEveryLevel).
  Effects consult_levels(const std::vector<std::vector<AttachedPolicy>>& levels, DecidedBy type) {
    Effects found;
    for (std::size_t level = 0; level < levels.size(); ++level) {
      const Effects one = consult(levels[level], type, level);
      if (found.deny.policy == nullptr) found.deny = one.deny;
      found.every_policy_allows = found.every_policy_allows && one.allow.policy != nullptr;
    }
    return found;
  }

 private:
  // One policy. Every statement is matched, also after a deny, because the trace has to be
  // complete. The indexes fit 16 bits: AWS's size limits leave room for a few hundred statements.
  Effects consult(const AttachedPolicy& attached, DecidedBy type, std::size_t level,
                  std::size_t index) {
    Effects found;
    const auto& statements = attached.policy->compiled().statements;
    for (std::size_t i = 0; i < statements.size(); ++i) {
      if (budget_.exceeded()) return found;
      last_ = type;
      const StatementMatch match = match_statement(statements[i], request_, type, budget_);
      trace_.push_back({type, match.outcome, static_cast<std::uint16_t>(level),
                        static_cast<std::uint16_t>(index), static_cast<std::uint16_t>(i),
                        static_cast<std::int16_t>(match.condition)});
      if (match.outcome != Outcome::kMatched) continue;
      const AppliedStatement hit{&attached, i};
      if (!statements[i].allow) {
        if (found.deny.policy == nullptr) found.deny = hit;
      } else if (match.named > found.allowed_as) {
        found.allow = hit;
        found.allowed_as = match.named;
      }
    }
    return found;
  }

  const PreparedRequest& request_;
  Trace& trace_;
  StepBudget budget_;
  DecidedBy last_ = DecidedBy::kIdentity;
};

}  // namespace

// All kinds of policies are consulted before anything is decided, so that the trace shows each of
// them; decide() then weighs them in AWS's order.
Verdict evaluate(const Request& request, const PolicySet& policies, std::size_t most_steps) {
  const PreparedRequest prepared(request, !policies.boundaries.empty());
  Verdict verdict;
  // No policy is consulted, so the trace stays empty.
  if (is_always_allowed(prepared)) {
    verdict.decision = Decision::kAllowed;
    return verdict;
  }
  Consultation consultation(prepared, verdict.trace, most_steps);
  Consulted consulted;
  if (scps_apply(request.principal)) {
    consulted.scp = consultation.consult_levels(policies.scps, DecidedBy::kScp);
  }
  if (rcps_apply(prepared)) {
    consulted.rcp = consultation.consult_levels(policies.rcps, DecidedBy::kRcp);
  }
  consulted.resource = consultation.consult(policies.resource, DecidedBy::kResource);
  consulted.identity = consultation.consult(policies.identity, DecidedBy::kIdentity);
  consulted.boundary = consultation.consult(policies.boundaries, DecidedBy::kBoundary);
  consulted.session = consultation.consult(policies.session, DecidedBy::kSession);
  consulted.scope_down = consultation.consult(policies.scope_down, DecidedBy::kScopeDown);
  consulted.endpoint = consultation.consult(policies.endpoint, DecidedBy::kEndpoint);
  consulted.has_session_policy = !policies.session.empty();
  if (consultation.over_budget()) {
    verdict.over_budget = true;
    verdict.decided_by = consultation.last();
    return verdict;
  }
  decide(prepared, consulted, verdict);
  return verdict;
}

bool may_allow(const Policy& policy, const std::string& action, const std::string& resource) {
  Request request;
  request.action = action;
  request.resource = resource;
  const PreparedRequest prepared(request, false);
  StepBudget budget(kMostEvaluationSteps);
  for (const Statement& statement : policy.compiled().statements) {
    if (!statement.allow) continue;
    // As if it stood in a policy of the caller's: then no Principal is compared.
    const Outcome outcome =
        match_statement(statement, prepared, DecidedBy::kIdentity, budget).outcome;
    const bool covered = outcome == Outcome::kMatched || outcome == Outcome::kConditionMismatch;
    if (covered || (outcome == Outcome::kResourceMismatch && resource.empty())) return true;
  }
  return false;
}

}  // namespace ecr::auth::iam
