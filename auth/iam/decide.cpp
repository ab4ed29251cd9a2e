#include "auth/iam/decide.h"

#include <array>
#include <optional>
#include <utility>

namespace ecr::auth::iam {
namespace {

// An implicit denial has no statement: the verdict then names only the kind of policy.
void set(Verdict& verdict, Decision decision, DecidedBy decided_by,
         const AppliedStatement& applied = {}) {
  verdict.decision = decision;
  verdict.decided_by = decided_by;
  if (applied.policy == nullptr) return;
  verdict.policy = applied.policy->policy.get();
  verdict.source = applied.policy->source;
  verdict.statement = applied.statement;
}

// AWS names one kind of policy even where several deny, and documents no precedence: this order is
// inferred. It changes only the sentence of the denial, never the decision (test:
// ExplicitDenyInAnyKindOfPolicyTrumpsEverything).
bool decide_explicit_deny(const Consulted& consulted, Verdict& verdict) {
  const std::array<std::pair<DecidedBy, const Effects*>, 8> order = {{
      {DecidedBy::kScp, &consulted.scp},
      {DecidedBy::kRcp, &consulted.rcp},
      {DecidedBy::kResource, &consulted.resource},
      {DecidedBy::kIdentity, &consulted.identity},
      {DecidedBy::kBoundary, &consulted.boundary},
      {DecidedBy::kSession, &consulted.session},
      {DecidedBy::kScopeDown, &consulted.scope_down},
      {DecidedBy::kEndpoint, &consulted.endpoint},
  }};
  for (const auto& [type, effects] : order) {
    if (effects->deny.policy == nullptr) continue;
    set(verdict, Decision::kExplicitlyDenied, type, effects->deny);
    return true;
  }
  return false;
}

// A federated user without a session policy has no permissions (STS API, GetFederationToken; test:
// FederatedUserWithoutSessionPolicyHasNoPermissions). Other sessions without one have those of
// their role or user.
bool session_allows(const Principal& principal, const Consulted& consulted) {
  if (!consulted.has_session_policy) return principal.kind != PrincipalKind::kFederatedUser;
  return consulted.session.allow.policy != nullptr;
}

// The kind of policy that stops a request that another one allows: boundary or session policy. A
// boundary and a session policy grant nothing; they only limit ("Permissions boundaries for IAM
// entities", "Session policies").
std::optional<DecidedBy> limit(const Principal& principal, const Consulted& consulted) {
  // No boundary at all: every one of none allows. Session policies are a union, boundaries an
  // intersection (test: SessionPoliciesAreAUnionAndBoundariesAnIntersection).
  if (!consulted.boundary.every_policy_allows) return DecidedBy::kBoundary;
  if (!session_allows(principal, consulted)) return DecidedBy::kSession;
  return std::nullopt;
}

// The kind of policy that does not allow on the caller's own side. The identity policies come
// first: without their allow there is nothing that the others could limit.
std::optional<DecidedBy> missing_on_callers_side(const Principal& principal,
                                                 const Consulted& consulted) {
  if (consulted.identity.allow.policy == nullptr) return DecidedBy::kIdentity;
  return limit(principal, consulted);
}

// AssumeRole and the permissions to send tags and a source identity with it need the role's trust
// policy even in one account (test: AssumeRoleNeedsTheTrustPolicyEvenInOneAccount). The tags of
// GetFederationToken are sent to a federated user, which has no such policy: the caller's own
// policies decide ("Pass session tags in AWS STS"; test: TagsOfAFederatedUserNeedNoTrustPolicy).
bool needs_trust_policy(const PreparedRequest& request) {
  const std::string_view action = request.lower_action;
  if (action == "sts:tagsession") return !request.resource.part[5].starts_with("federated-user/");
  return action == "sts:assumerole" || action == "sts:assumerolewithsaml" ||
         action == "sts:assumerolewithwebidentity" || action == "sts:setsourceidentity";
}

// Whether the resource belongs to another account than the caller. An empty account means a
// resource without account, or one that the caller is about to make: it counts as the caller's own.
bool is_cross_account(const Request& request) {
  return !request.resource_account.empty() && request.resource_account != request.principal.account;
}

// "Cross-account policy evaluation logic": both sides have to allow, however closely the
// resource-based policy names the caller (test: CrossAccountNeedsBothHalves). Which side is
// reported first is inferred from messages that name the resource-based policy.
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

// "Policy evaluation for requests within a single account", with its table of principals. A policy
// on the resource that names the caller directly is enough. One that names the role or user behind
// a session is still limited by the boundary and the session policy. One that names only the
// account leaves the decision to the identity policies. Test: ResourcePolicyInOneAccountByCaller.
void decide_same_account(const PreparedRequest& prepared, const Consulted& consulted,
                         Verdict& verdict) {
  const Principal& principal = prepared.request.principal;
  const Effects& resource = consulted.resource;
  if (resource.allowed_as == Named::kNot && needs_trust_policy(prepared)) {
    set(verdict, Decision::kImplicitlyDenied, DecidedBy::kResource);
    return;
  }
  if (resource.allowed_as == Named::kDirectly) {
    set(verdict, Decision::kAllowed, DecidedBy::kResource, resource.allow);
    return;
  }
  // kAccount and kNot differ only for AssumeRole, above: with both the identity policies must
  // allow.
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

// The permissions of GetScopedCredentials are the intersection of what the calling session may do,
// of the scope-down policy and of all earlier ones ("Permissions for GetScopedCredentials"). What a
// resource-based policy gives the session by name is among what it may do, so these policies limit
// that, too, unlike session policies (test: ScopeDownPoliciesLimitWhateverAllows).
// The policy of a VPC endpoint likewise: "it does not override or replace IAM user policies or
// service-specific policies", and what it does not allow does not pass (AWS PrivateLink Guide,
// "Control access to VPC endpoints using endpoint policies"; test:
// EndpointPolicyLimitsWhateverAllows). That AWS names it only where all the others allow is
// inferred.
void limit_whatever_allows(const Effects& effects, DecidedBy type, Verdict& verdict) {
  if (!verdict.allowed() || effects.every_policy_allows) return;
  verdict.policy = nullptr;
  verdict.source = {};
  verdict.statement = 0;
  set(verdict, Decision::kImplicitlyDenied, type);
}

}  // namespace

// Two operations that no policy can govern (test: CallerIdentityAndSessionTokenCannotBeDenied).
// "GetCallerIdentity: no permissions are required", not even against a deny; "GetSessionToken: you
// cannot use policies to control authentication operations".
bool is_always_allowed(const PreparedRequest& request) {
  return request.request.principal.kind != PrincipalKind::kAnonymous &&
         (request.lower_action == "sts:getcalleridentity" ||
          request.lower_action == "sts:getsessiontoken");
}

// The order of AWS's flow chart ("Policy evaluation logic"): an explicit deny anywhere ends the
// evaluation. Then the organization's policies have to allow, and only then the policies of the two
// accounts count. An SCP never grants: its allow lets the others speak (test:
// ServiceControlPoliciesDoNotGrant).
void decide(const PreparedRequest& prepared, const Consulted& consulted, Verdict& verdict) {
  const Request& request = prepared.request;
  if (decide_explicit_deny(consulted, verdict)) return;
  if (!consulted.scp.every_policy_allows) {
    set(verdict, Decision::kImplicitlyDenied, DecidedBy::kScp);
  } else if (!consulted.rcp.every_policy_allows) {
    set(verdict, Decision::kImplicitlyDenied, DecidedBy::kRcp);
  } else if (request.principal.account.empty()) {
    // Services and anonymous callers have no identity policies, so only the policy of the resource
    // can allow them. This is also the path of AssumeRoleWithWebIdentity: its caller is anonymous,
    // with a provider in the context (test: WebIdentityIsAnonymousWithAProvider).
    const AppliedStatement& allow = consulted.resource.allow;
    set(verdict, allow.policy != nullptr ? Decision::kAllowed : Decision::kImplicitlyDenied,
        DecidedBy::kResource, allow);
  } else if (is_cross_account(request)) {
    decide_cross_account(request.principal, consulted, verdict);
  } else {
    decide_same_account(prepared, consulted, verdict);
  }
  limit_whatever_allows(consulted.scope_down, DecidedBy::kScopeDown, verdict);
  limit_whatever_allows(consulted.endpoint, DecidedBy::kEndpoint, verdict);
}

}  // namespace ecr::auth::iam
