// The statement that would allow a request, and the kind of policy that it has to be added to.
// Internal to advice.h. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/evaluate.h"

namespace ecr::api::admin {

// The kinds of policies that a statement can be added to. A resource-based policy is one of three:
// of a repository, of a registry, or the trust policy of a role.
enum class PolicyKind {
  kIdentity,
  kRepository,
  kRegistry,
  kTrust,
  kBoundary,
  kSession,
  kScopeDown,
  kEndpoint,
  kScp,
  kRcp
};

// True where the account of the resource can give this action to another account: by a policy of a
// repository or of its registry, which take ECR's actions alone, or by a role's trust policy.
bool can_be_given_to_other_accounts(std::string_view action);

// Whom a trust policy with statement_for() lets in besides the caller; empty: nobody.
std::string caution_about(const auth::iam::Request& request, PolicyKind kind);

// The kind of policy that can allow the request, where policies of `type` are missing an allow.
PolicyKind policy_kind_for(const auth::iam::Request& request, auth::iam::DecidedBy type);

// JSON: the smallest statement that allows the request in a policy of this kind. Where the policy
// grants, its Condition has what the request asks for beside action and resource (tags, an external
// id, the service that a role is passed to, ...) and what tells this caller from others that the
// Principal names too (the claims of a web identity, the tags of a session), so that the statement
// allows nothing that was not asked.
std::string statement_for(const auth::iam::Request& request, PolicyKind kind);

// The keys of the claims that tell one identity of a provider from another: "<issuer>:aud" and
// "<issuer>:sub", in lower case. Without them a trust policy would let every identity of the
// provider in, any repository of GitHub's for one (IAM User Guide, "Create a role for OpenID
// Connect federation"). Empty: no provider vouches for the caller.
std::vector<std::string> claim_keys(const auth::iam::Request& request);

// "the repository policy of team-a/app". `source`: the policy's name; empty: there is no such
// policy yet. `level`: of SCPs and RCPs.
std::string describe_policy(const auth::iam::Request& request, PolicyKind kind, std::size_t level,
                            std::string_view source);

}  // namespace ecr::api::admin
