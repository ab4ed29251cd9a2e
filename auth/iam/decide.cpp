#include "auth/iam/decide.h"

#include <array>
#include <optional>
#include <utility>

namespace ecr::auth::iam {
namespace {

void set(Verdict& verdict, Decision decision, DecidedBy decided_by, const Hit& hit = {}) {
  verdict.decision = decision;
  verdict.decided_by = decided_by;
  if (hit.policy == nullptr) return;
  verdict.policy = hit.policy->policy.get();
  verdict.source = hit.policy->source;
  verdict.statement = hit.statement;
}

// AWS names one kind of policy even where several deny, and documents no precedence: this order is
// inferred.
bool decide_explicit_deny(const Consulted& consulted, Verdict& verdict) {
  const std::array<std::pair<DecidedBy, const Findings*>, 6> order = {{
      {DecidedBy::kScp, &consulted.scp},
      {DecidedBy::kRcp, &consulted.rcp},
      {DecidedBy::kResource, &consulted.resource},
      {DecidedBy::kIdentity, &consulted.identity},
      {DecidedBy::kBoundary, &consulted.boundary},
      {DecidedBy::kSession, &consulted.session},
  }};
  for (const auto& [type, findings] : order) {
    if (findings->deny.policy == nullptr) continue;
    set(verdict, Decision::kExplicitlyDenied, type, findings->deny);
    return true;
  }
  return false;
}

// "GetFederationToken": without a session policy the session has no permissions.
bool session_allows(const Principal& principal, const Consulted& consulted) {
  if (!consulted.has_session_policy) return principal.kind != PrincipalKind::kFederatedUser;
  return consulted.session.allow.policy != nullptr;
}

// What stops a request that something allows: the boundary or the session policy.
std::optional<DecidedBy> limit(const Principal& principal, const Consulted& consulted) {
  if (!consulted.boundary.every_policy_allows) return DecidedBy::kBoundary;
  if (!session_allows(principal, consulted)) return DecidedBy::kSession;
  return std::nullopt;
}

// What stops the caller's own side: the identity policies first.
std::optional<DecidedBy> missing_on_callers_side(const Principal& principal,
                                                 const Consulted& consulted) {
  if (consulted.identity.allow.policy == nullptr) return DecidedBy::kIdentity;
  return limit(principal, consulted);
}

// "sts:AssumeRole" and what goes with it needs the role's trust policy even in one account.
bool needs_trust_policy(std::string_view lower_action) {
  return lower_action == "sts:assumerole" || lower_action == "sts:assumerolewithsaml" ||
         lower_action == "sts:assumerolewithwebidentity" || lower_action == "sts:tagsession" ||
         lower_action == "sts:setsourceidentity";
}

bool is_cross_account(const Request& request) {
  return !request.resource_account.empty() && request.resource_account != request.principal.account;
}

// "Cross-account policy evaluation logic": both sides have to allow, however closely the
// resource-based policy names the caller. Which side is reported first is inferred from messages
// that name the resource-based policy.
void decide_cross_account(const Principal& principal, const Consulted& consulted,
                          Verdict& verdict) {
  if (consulted.resource.allow.policy == nullptr) {
    set(verdict, Decision::kImplicitlyDenied, DecidedBy::kResource);
  } else if (const auto missing = missing_on_callers_side(principal, consulted)) {
    set(verdict, Decision::kImplicitlyDenied, *missing);
  } else {
    set(verdict, Decision::kAllowed, DecidedBy::kResource, consulted.resource.allow);
  }
}

// "Policy evaluation for requests within a single account", with its table of principals.
void decide_same_account(const PreparedRequest& prepared, const Consulted& consulted,
                         Verdict& verdict) {
  const Principal& principal = prepared.request.principal;
  const Findings& resource = consulted.resource;
  if (resource.allowed_as == Named::kNot && needs_trust_policy(prepared.lower_action)) {
    set(verdict, Decision::kImplicitlyDenied, DecidedBy::kResource);
    return;
  }
  if (resource.allowed_as == Named::kDirectly) {
    set(verdict, Decision::kAllowed, DecidedBy::kResource, resource.allow);
    return;
  }
  const bool by_resource = resource.allowed_as == Named::kIssuer;
  const auto missing =
      by_resource ? limit(principal, consulted) : missing_on_callers_side(principal, consulted);
  if (missing) {
    set(verdict, Decision::kImplicitlyDenied, *missing);
  } else if (by_resource) {
    set(verdict, Decision::kAllowed, DecidedBy::kResource, resource.allow);
  } else {
    set(verdict, Decision::kAllowed, DecidedBy::kIdentity, consulted.identity.allow);
  }
}

}  // namespace

// "GetCallerIdentity: no permissions are required", not even against a deny; "GetSessionToken:
// you cannot use policies to control authentication operations".
bool is_always_allowed(const PreparedRequest& request) {
  return request.request.principal.kind != PrincipalKind::kAnonymous &&
         (request.lower_action == "sts:getcalleridentity" ||
          request.lower_action == "sts:getsessiontoken");
}

void decide(const PreparedRequest& prepared, const Consulted& consulted, Verdict& verdict) {
  const Request& request = prepared.request;
  if (decide_explicit_deny(consulted, verdict)) return;
  if (!consulted.scp.every_policy_allows) {
    set(verdict, Decision::kImplicitlyDenied, DecidedBy::kScp);
  } else if (!consulted.rcp.every_policy_allows) {
    set(verdict, Decision::kImplicitlyDenied, DecidedBy::kRcp);
  } else if (request.principal.account.empty()) {
    // Services and anonymous callers have no identity policies: only the resource's side speaks.
    const Hit& allow = consulted.resource.allow;
    set(verdict, allow.policy != nullptr ? Decision::kAllowed : Decision::kImplicitlyDenied,
        DecidedBy::kResource, allow);
  } else if (is_cross_account(request)) {
    decide_cross_account(request.principal, consulted, verdict);
  } else {
    decide_same_account(prepared, consulted, verdict);
  }
}

}  // namespace ecr::auth::iam
