// The authorization decision: pure, no clock (time is a context key), always with its trace.
// Source: AWS IAM User Guide, "Policy evaluation logic".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/match/context.h"
#include "auth/iam/match/principal.h"
#include "auth/iam/match/step_budget.h"
#include "auth/iam/policy/policy.h"
#include "auth/iam/trace.h"

namespace ecr::auth::iam {

struct Request {
  Principal principal;
  std::string action;            // "ecr:PutImage"
  std::string resource;          // an ARN, or "*"
  std::string resource_account;  // owner of the resource; empty: the principal's
  Context context;
};

// A policy and where it comes from, for the explanation.
struct AttachedPolicy {
  PolicyPtr policy;
  std::string source;  // its ARN, or "inline policy p of user/jane", "repository policy", ...
};

// REQUIRES: no null policy. What is exempt from SCPs and RCPs is left out by the caller where only
// the caller can know (the management account); services and service-linked roles are skipped here.
// Root gets its rights in its own account from an identity policy that allows everything.
struct PolicySet {
  std::vector<AttachedPolicy> identity;
  std::vector<AttachedPolicy> boundaries;  // every one of them must allow
  // Their union is the ceiling. None: no ceiling, but for a federated user no permissions at all.
  std::vector<AttachedPolicy> session;
  // Scope-down policies of GetScopedCredentials. Every one of them must allow, whatever else
  // allows.
  std::vector<AttachedPolicy> scope_down;
  // Of the VPC endpoint that the request came by: it must allow, whatever else allows. None: the
  // request came another way.
  std::vector<AttachedPolicy> endpoint;
  std::vector<AttachedPolicy> resource;  // repository policy, registry policy; trust policy
  // One inner list a level: root, OUs, account. No level at all: no organization. Every level must
  // allow: RCPFullAWSAccess has to be in each level's list, as it is attached in AWS.
  std::vector<std::vector<AttachedPolicy>> scps;
  std::vector<std::vector<AttachedPolicy>> rcps;
};

enum class Decision { kAllowed, kImplicitlyDenied, kExplicitlyDenied };

std::string_view name_of(Decision decision);     // "Allowed", ...
std::string_view name_of(DecidedBy decided_by);  // "identity", ...
std::string_view name_of(Outcome outcome);       // "Matched", "PrincipalMismatch", ...

struct Verdict {
  Decision decision = Decision::kImplicitlyDenied;
  // The kind of policy that decided: for an allow the kind whose statement allowed; for a deny the
  // kind that denied or did not allow.
  DecidedBy decided_by = DecidedBy::kIdentity;
  const Policy* policy = nullptr;  // the deciding statement's policy; null for implicit denials
  std::string_view source;         // its AttachedPolicy::source; view into the PolicySet
  std::size_t statement = 0;
  // The evaluation was broken off, because it takes more steps than it may. It is a denial then,
  // whatever the policies say: a Deny that was not reached must not be lost. The trace ends where
  // the evaluation did.
  bool over_budget = false;
  Trace trace;  // every statement of every policy consulted

  bool allowed() const { return decision == Decision::kAllowed; }
};

// An allow by a resource-based policy is reported as such, before one by an identity policy: that
// is AWS's order of evaluation. An SCP or RCP level that does not allow is an implicit denial here,
// though AWS's sentence calls it explicit (denial_message does). Always allowed, without a deciding
// statement: sts:GetCallerIdentity and sts:GetSessionToken of every authenticated caller. Some
// calls are closed to the credentials of GetSessionToken and GetFederationToken; that is no policy
// and not checked here.
//
// `most_steps`: see step_budget.h; beyond it the verdict is over_budget.
Verdict evaluate(const Request& request, const PolicySet& policies,
                 std::size_t most_steps = kMostEvaluationSteps);

// Whether an Allow statement of the policy covers the action, for some caller and under some
// conditions. `resource` empty: on any resource.
bool may_allow(const Policy& policy, const std::string& action, const std::string& resource);

struct DenialText {
  bool reason = true;       // the part from "because" or "with" on; STS leaves it out
  bool policy_arn = false;  // ": <policy ARN>" after an explicit deny, as AWS has begun to print
};

// AWS's sentence for a verdict that is not an allow:
// "User: <arn> is not authorized to perform: ecr:X on resource: <arn> because no identity-based
// policy allows the ecr:X action", "... with an explicit deny in a service control policy", ...
// Source: AWS IAM User Guide, "Troubleshoot access denied error messages".
std::string denial_message(const Request& request, const Verdict& verdict,
                           const DenialText& text = {});

}  // namespace ecr::auth::iam
