// Consults every policy, then decides in AWS's order: explicit denies, organization, resource-based
// policies, identity-based policies, boundaries, session policies.
#include "auth/iam/evaluate.h"

#include <algorithm>

#include "auth/iam/decide.h"
#include "auth/iam/policy/compiled.h"
#include "auth/iam/statement_match.h"

namespace ecr::auth::iam {
namespace {

constexpr bool is_service_linked_role(const Principal& principal) {
  return principal.kind == PrincipalKind::kRoleSession &&
         principal.issuer.find(":role/aws-service-role/") != std::string::npos;
}

// "Service control policies": users and roles, root included, but neither services nor
// service-linked roles.
bool scps_apply(const Principal& principal) {
  return principal.kind != PrincipalKind::kService && principal.kind != PrincipalKind::kAnonymous &&
         !is_service_linked_role(principal);
}

// "Resource control policies": every caller but service-linked roles, for the services that support
// them. IAM is the one service of this program that does not.
bool rcps_apply(const PreparedRequest& request) {
  return request.action_service != "iam" && !is_service_linked_role(request.request.principal);
}

class Consultation {
 public:
  Consultation(const PreparedRequest& request, Trace& trace) : request_(request), trace_(trace) {}

  // One list of policies. The allow that names the caller most closely is kept, as it decides which
  // other policies may still limit the caller.
  Effects consult(const std::vector<AttachedPolicy>& policies, DecidedBy type,
                  std::size_t level = 0) {
    Effects found;
    for (std::size_t index = 0; index < policies.size(); ++index) {
      const Effects one = consult(policies[index], type, level, index);
      found.every_policy_allows = found.every_policy_allows && one.allow.policy != nullptr;
      if (found.deny.policy == nullptr) found.deny = one.deny;
      if (one.allowed_as > found.allowed_as) {
        found.allow = one.allow;
        found.allowed_as = one.allowed_as;
      }
    }
    return found;
  }

  // All levels together: a deny at any level denies; an allow counts only if every level has one.
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
  // One policy. Every statement is looked at, also after a deny: the trace is complete.
  Effects consult(const AttachedPolicy& attached, DecidedBy type, std::size_t level,
                  std::size_t index) {
    Effects found;
    const auto& statements = attached.policy->compiled().statements;
    for (std::size_t i = 0; i < statements.size(); ++i) {
      const StatementMatch match = match_statement(statements[i], request_, type);
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
};

}  // namespace

// All kinds of policies are consulted before anything is decided, for the trace; decide() then
// weighs them in AWS's order.
Verdict evaluate(const Request& request, const PolicySet& policies) {
  const PreparedRequest prepared(request, !policies.boundaries.empty());
  Verdict verdict;
  if (is_always_allowed(prepared)) {
    verdict.decision = Decision::kAllowed;
    return verdict;
  }
  Consultation consultation(prepared, verdict.trace);
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
  consulted.has_session_policy = !policies.session.empty();
  decide(prepared, consulted, verdict);
  return verdict;
}

}  // namespace ecr::auth::iam
