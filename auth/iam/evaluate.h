// The authorization decision: pure, no clock (time is a context key), always with its trace.
// Source: AWS IAM User Guide, "Policy evaluation logic".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/context.h"
#include "auth/iam/policy.h"

namespace ecr::auth::iam {

enum class PrincipalKind { kAnonymous, kRoot, kUser, kRoleSession, kFederatedUser, kService };

struct Principal {
  PrincipalKind kind = PrincipalKind::kAnonymous;
  // What a policy may name and an error prints: "arn:aws:iam::123456789012:user/jane",
  // "arn:aws:sts::123456789012:assumed-role/role/session", "x.amazonaws.com"; empty: anonymous.
  std::string arn;
  std::string account;  // empty: anonymous or a service
  // Of a session: the role with its path, or the user that issued it; else empty.
  std::string issuer;
};

// Kind and account from the ARN's form, as `ecr-local evaluate` reads it. nullopt: not a principal.
std::optional<Principal> make_principal(std::string_view arn, std::string_view issuer);

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

struct PolicySet {
  std::vector<AttachedPolicy> identity;
  std::vector<AttachedPolicy> boundaries;  // every one of them must allow
  std::vector<AttachedPolicy> session;     // their union is the ceiling
  std::vector<AttachedPolicy> resource;    // repository policy, registry policy; trust policy
  // One inner list a level: root, OUs, account. No level at all: no organization.
  std::vector<std::vector<AttachedPolicy>> scps;
  std::vector<std::vector<AttachedPolicy>> rcps;
};

enum class Decision { kAllowed, kImplicitlyDenied, kExplicitlyDenied };
enum class DecidedBy { kIdentity, kResource, kBoundary, kSession, kScp, kRcp };

std::string_view name_of(Decision decision);    // "Allowed", ...
std::string_view name_of(DecidedBy decided_by);  // "identity", ...

// Why a statement did or did not apply; the first test it failed, in this order.
enum class Outcome : std::uint8_t {
  kMatched,
  kPrincipalMismatch,
  kActionMismatch,
  kResourceMismatch,
  kConditionMismatch
};

struct TraceEntry {
  DecidedBy type;
  std::uint16_t level = 0;  // of SCPs and RCPs
  std::uint16_t policy = 0;  // index into its list of the PolicySet
  std::uint16_t statement = 0;
  Outcome outcome = Outcome::kMatched;
  std::int16_t condition = -1;  // kConditionMismatch: which condition of the statement, in order
};

struct Verdict {
  Decision decision = Decision::kImplicitlyDenied;
  // What decided: for an allow the kind of policy whose statement allowed; for a deny the kind that
  // denied or did not allow.
  DecidedBy decided_by = DecidedBy::kIdentity;
  const Policy* policy = nullptr;  // the deciding statement's policy; null for implicit denials
  std::string_view source;         // its AttachedPolicy::source; view into the PolicySet
  std::size_t statement = 0;
  std::vector<TraceEntry> trace;  // every statement of every policy consulted

  bool allowed() const { return decision == Decision::kAllowed; }
};

Verdict evaluate(const Request& request, const PolicySet& policies);

// AWS's sentence for a verdict that is not an allow:
// "User: <arn> is not authorized to perform: ecr:X on resource: <arn> because no identity-based
// policy allows the ecr:X action", "... with an explicit deny in a service control policy", ...
std::string denial_message(const Request& request, const Verdict& verdict);

}  // namespace ecr::auth::iam
