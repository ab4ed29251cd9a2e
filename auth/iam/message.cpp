// The names of decisions and the sentences of denials. Source of the sentences: AWS IAM User Guide,
// "Troubleshoot access denied error messages" (tests/auth/iam/message_test.cpp).
#include <string>

#include "auth/iam/evaluate.h"
#include "schemas/base/encoding.h"

namespace ecr::auth::iam {
namespace {

// The actions whose resource-based policy is the role's trust policy, which has a name of its own
// in AWS's sentences.
bool decides_on_trust(const Request& request) {
  const std::string action = base::to_lower(request.action);
  return action.starts_with("sts:assumerole") || action == "sts:tagsession" ||
         action == "sts:setsourceidentity";
}

// An SCP or RCP has an entry here alone: AWS never says that none of them allows.
std::string_view denying_policy(DecidedBy decided_by, bool trust) {
  switch (decided_by) {
    case DecidedBy::kIdentity:
      return "an identity-based policy";
    case DecidedBy::kResource:
      return trust ? "the role trust policy" : "a resource-based policy";
    case DecidedBy::kBoundary:
      return "a permissions boundary";
    case DecidedBy::kSession:
      return "a session policy";
    case DecidedBy::kScopeDown:  // inferred: no sentence of AWS's is known
      return "a scope down policy";
    case DecidedBy::kEndpoint:
      return "a VPC endpoint policy";
    case DecidedBy::kScp:
      return "a service control policy";
    case DecidedBy::kRcp:  // by analogy: the page does not show it
      return "a resource control policy";
  }
  return {};
}

std::string_view policy_that_does_not_allow(DecidedBy decided_by, bool trust) {
  switch (decided_by) {
    case DecidedBy::kIdentity:
      return "identity-based policy";
    case DecidedBy::kResource:
      return trust ? "role trust policy" : "resource-based policy";
    case DecidedBy::kBoundary:
      return "permissions boundary";
    case DecidedBy::kSession:
      return "session policy";
    case DecidedBy::kScopeDown:  // inferred, as above
      return "scope down policy";
    case DecidedBy::kEndpoint:
      return "VPC endpoint policy";
    case DecidedBy::kScp:
    case DecidedBy::kRcp:
      break;
  }
  return {};
}

std::string reason(const Request& request, const Verdict& verdict, bool policy_arn) {
  // Ours: AWS does not publish its own limit.
  if (verdict.over_budget) {
    return " because its policies ask for more work than one decision may take (" +
           std::to_string(kMostEvaluationSteps) + " steps)";
  }
  const bool trust = decides_on_trust(request);
  // AWS reports an SCP that does not allow as one that denies. For RCPs this is by analogy: no page
  // shows their sentence. The decision itself stays an implicit denial.
  if (verdict.decision == Decision::kExplicitlyDenied || verdict.decided_by == DecidedBy::kScp ||
      verdict.decided_by == DecidedBy::kRcp) {
    std::string text =
        " with an explicit deny in " + std::string(denying_policy(verdict.decided_by, trust));
    // Since 2026 AWS adds the policy's ARN where the policy has one (AWS Security Blog). AWS is
    // still rolling this out, so it is off by default (test: PolicyArnOnRequest).
    if (policy_arn && verdict.source.starts_with("arn:")) {
      text += ": " + std::string(verdict.source);
    }
    return text;
  }
  return " because no " + std::string(policy_that_does_not_allow(verdict.decided_by, trust)) +
         " allows the " + request.action + " action";
}

}  // namespace

// AWS writes "User:" before every kind of caller, also before a role session, and names the
// session, not its role (captured; test: CallerAndResource).
std::string denial_message(const Request& request, const Verdict& verdict, const DenialText& text) {
  const Principal& principal = request.principal;
  std::string message =
      "User: " +
      (principal.kind == PrincipalKind::kAnonymous ? std::string("anonymous") : principal.arn) +
      " is not authorized to perform: " + request.action +
      " on resource: " + (request.resource.empty() ? std::string("*") : request.resource);
  if (text.reason) message += reason(request, verdict, text.policy_arn);
  return message;
}

// These names are in the output of `ecr-local evaluate`, which scripts read: they do not change.
std::string_view name_of(Decision decision) {
  switch (decision) {
    case Decision::kAllowed:
      return "Allowed";
    case Decision::kImplicitlyDenied:
      return "ImplicitlyDenied";
    case Decision::kExplicitlyDenied:
      return "ExplicitlyDenied";
  }
  return {};
}

std::string_view name_of(DecidedBy decided_by) {
  switch (decided_by) {
    case DecidedBy::kIdentity:
      return "identity";
    case DecidedBy::kResource:
      return "resource";
    case DecidedBy::kBoundary:
      return "boundary";
    case DecidedBy::kSession:
      return "session";
    case DecidedBy::kScp:
      return "scp";
    case DecidedBy::kRcp:
      return "rcp";
    case DecidedBy::kScopeDown:
      return "scope_down";
    case DecidedBy::kEndpoint:
      return "endpoint";
  }
  return {};
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kMatched:
      return "Matched";
    case Outcome::kPrincipalMismatch:
      return "PrincipalMismatch";
    case Outcome::kActionMismatch:
      return "ActionMismatch";
    case Outcome::kResourceMismatch:
      return "ResourceMismatch";
    case Outcome::kConditionMismatch:
      return "ConditionMismatch";
  }
  return {};
}

}  // namespace ecr::auth::iam
