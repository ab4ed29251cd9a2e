#include "api/core/access/gate.h"

#include "api/core/access/decision_log.h"
#include "api/core/access/operation.h"
#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "api/core/wire/http.h"
#include "schemas/base/text.h"

namespace ecr::api {
namespace {

using auth::iam::Context;
using auth::iam::PrincipalKind;
using storage::SessionKind;

std::string_view principal_type(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::kRoot:
      return "Account";
    case PrincipalKind::kUser:
      return "User";
    case PrincipalKind::kRoleSession:
      return "AssumedRole";
    case PrincipalKind::kFederatedUser:
      return "FederatedUser";
    case PrincipalKind::kService:
      return "Service";
    case PrincipalKind::kAnonymous:
      break;
  }
  return "Anonymous";
}

void add_request(Context& context, const Request& request) {
  // Time is a condition key like any other: the evaluator itself reads no clock.
  context.set("aws:CurrentTime", base::format_iso8601(request.now));
  context.set("aws:EpochTime", base::format("{}", request.now.time_since_epoch().count() / 1000));
  context.set("aws:SecureTransport", request.http.secure ? "true" : "false");
  // The peer's address, or the client's behind trusted proxies (--trusted-proxy). Whichever way a
  // request comes, this machine has no VPC: aws:SourceVpc, aws:SourceVpce and their like are
  // absent.
  context.set("aws:SourceIp", request.http.peer);
  if (const auto agent = request.http.headers.find("user-agent")) {
    context.set("aws:UserAgent", *agent);
  }
  if (const auto referer = request.http.headers.find("referer")) {
    context.set("aws:Referer", *referer);
  }
  context.set("aws:RequestedRegion", request.registry.region);
  context.set("aws:ViaAWSService", "false");
}

void add_target(Context& context, const Target& target) {
  context.set("aws:ResourceAccount", target.account);
  // ECR has both keys on every action with a repository (Service Authorization Reference, "Amazon
  // Elastic Container Registry"). On creation the tags of the request are here too: the builder of
  // the target puts them into resource_tags.
  for (const auto& [key, value] : target.resource_tags) {
    context.set("aws:ResourceTag/" + key, value);
    context.set("ecr:ResourceTag/" + key, value);
  }
  for (const auto& [key, value] : target.context) context.set(key, value);
  for (const auto& [key, values] : target.multivalued_context) context.set_multi(key, values);
  std::vector<std::string> keys = target.request_tag_keys;
  if (target.request_tags) {
    for (const auto& [key, value] : *target.request_tags) {
      context.set("aws:RequestTag/" + key, value);
      keys.push_back(key);
    }
  }
  // A request without tags has no aws:TagKeys at all, which is not the same as an empty list: Null
  // and ForAllValues tell the two apart.
  if (target.request_tags || !keys.empty()) context.set_multi("aws:TagKeys", std::move(keys));
}

auth::iam::Request to_request(const Request& request, const Target& target) {
  const Caller& caller = request.caller;
  auth::iam::Request asked;
  asked.principal = caller.principal;
  asked.action = target.action;
  asked.resource = target.resource;
  asked.resource_account = target.account;
  asked.context.reserve(32);
  add_principal_context(asked.context, caller);
  add_request(asked.context, request);
  add_target(asked.context, target);
  return asked;
}

auth::iam::PolicySet to_policies(const Caller& caller, const Target& target) {
  auth::iam::PolicySet policies;
  policies.identity = caller.identity;
  policies.boundaries = caller.boundaries;
  policies.session = caller.session;
  policies.scope_down = caller.scope_down;
  policies.resource = target.policies;
  policies.scps = caller.scps;
  return policies;
}

// "aws:PrincipalOrgPaths", "aws:ResourceOrgPaths": "o-.../r-.../ou-.../", with a slash at the end.
std::string organization_path(const Request& request, const storage::Organization& organization,
                              std::string_view account) {
  return organization.id + "/" + storage::organization_path(request.txn, account);
}

// The path of the caller's account in its organization. The organization's id is among the caller's
// own keys already (add_organization()).
void add_callers_organization(const Request& request, Context& context) {
  const Caller& caller = request.caller;
  if (!caller.organization) return;
  context.set_multi("aws:PrincipalOrgPaths",
                    {organization_path(request, *caller.organization, caller.account)});
}

// The organization of the resource's owner: its id and path, and its resource control policies,
// which apply to every caller, also to one outside of the organization.
void add_owner(const Request& request, const Target& target, DecisionRecord& record) {
  const Caller& caller = request.caller;
  const bool own = target.account == caller.account;
  const auto organization =
      own ? caller.organization : storage::organization_of(request.txn, target.account);
  if (!organization) return;
  Context& context = record.request.context;
  context.set("aws:ResourceOrgID", organization->id);
  context.set_multi("aws:ResourceOrgPaths",
                    {organization_path(request, *organization, target.account)});
  record.policies.rcps = resource_control_policies(request.core, request.txn, *organization,
                                                   target.account, request.reader);
}

// The policy of the VPC endpoint that a client's request came by. The endpoints of ECR (ecr.api and
// ecr.dkr) carry calls of ECR and of the registry alike; IAM, STS and Organizations have endpoints
// of their own, so that this policy does not concern their actions (ECR User Guide, "Amazon ECR
// interface VPC endpoints"). Jobs and the console's own changes do not come by an endpoint.
void add_endpoint(const Request& request, const Target& target, DecisionRecord& record) {
  const bool by_endpoint =
      request.http.plane == Plane::kApi || request.http.plane == Plane::kRegistry;
  if (!by_endpoint || !target.action.starts_with("ecr:")) return;
  const auto policy = request.reader.endpoint_policy(request.core);
  if (!policy) return;
  const std::string& file = request.core.settings.endpoint_policy_file;
  record.policies.endpoint.push_back(
      {request.reader.compiled(request.core, *policy, auth::iam::PolicyType::kEndpoint),
       file.empty() ? "VPC endpoint policy" : "VPC endpoint policy in " + file});
}

// The sentence that the client sees: AWS's (auth/iam/evaluate.h, denial_message()), or the one of
// the target.
std::string refusal(const Target& target, const DecisionRecord& record) {
  if (!target.denial.empty() && !record.verdict.over_budget) return target.denial;
  if (target.shown_resource.empty()) return denial_message(record.request, record.verdict);
  auth::iam::Request shown = record.request;
  shown.resource = target.shown_resource;
  return denial_message(shown, record.verdict);
}

DecisionRecord decide(const Request& request, const Target& target) {
  DecisionRecord record = question(request, target);
  record.verdict = evaluate(record.request, record.policies, request.most_steps);
  record.enforced = request.core.settings.enforcement == Enforcement::kEnforce;
  if (!record.verdict.allowed()) record.message = refusal(target, record);
  return record;
}

std::uint8_t session_of(SessionKind kind) {
  switch (kind) {
    case SessionKind::kRole:
      return kRoleSession;
    case SessionKind::kUser:
      return kUserSession;
    case SessionKind::kFederatedUser:
      break;
  }
  return kFederatedSession;
}

// AWS IAM User Guide, "Compare AWS STS credentials": credentials of GetSessionToken can call IAM
// only with MFA, those of GetFederationToken not at all.
bool may_call_iam(const storage::Session& session) {
  switch (session.kind) {
    case SessionKind::kRole:
      return true;
    case SessionKind::kUser:
      return session.mfa;
    case SessionKind::kFederatedUser:
      return false;
  }
  return false;
}

}  // namespace

// AWS IAM User Guide, "AWS global condition context keys": what is present for each principal.
void add_principal_context(Context& context, const Caller& caller) {
  const auto& principal = caller.principal;
  context.set("aws:PrincipalType", principal_type(principal.kind));
  context.set("aws:PrincipalIsAWSService",
              principal.kind == PrincipalKind::kService ? "true" : "false");
  context.set("aws:userid", caller.user_id);
  // A service of AWS is in no account.
  if (principal.kind != PrincipalKind::kAnonymous && principal.kind != PrincipalKind::kService) {
    // For a session it is the ARN of the role, with its path, and not that of the session.
    context.set("aws:PrincipalArn",
                principal.kind == PrincipalKind::kRoleSession ? principal.issuer : principal.arn);
    context.set("aws:PrincipalAccount", caller.account);
  }
  if (!caller.user_name.empty()) context.set("aws:username", caller.user_name);
  for (const auto& [key, value] : caller.tags) context.set("aws:PrincipalTag/" + key, value);
  for (const auto& [key, value] : caller.context) context.set(key, value);
}

DecisionRecord question(const Request& request, const Target& target) {
  DecisionRecord record;
  record.request_id = request.http.id;
  record.time = request.now;
  record.plane = request.http.plane;
  record.request = to_request(request, target);
  record.policies = to_policies(request.caller, target);
  add_callers_organization(request, record.request.context);
  add_owner(request, target, record);
  add_endpoint(request, target, record);
  return record;
}

bool is_allowed(const Request& request, const Target& target) {
  return decide(request, target).verdict.allowed();
}

void authorize(const Request& request, const std::vector<Target>& targets) {
  const Enforcement enforcement = request.core.settings.enforcement;
  if (enforcement == Enforcement::kOff) return;
  for (const Target& target : targets) {
    DecisionRecord record = decide(request, target);
    if (record.verdict.over_budget && request.most_steps < auth::iam::kMostEvaluationSteps) {
      throw DecisionTakesLonger{};
    }
    const bool allowed = record.verdict.allowed();
    std::string sentence = record.message;
    request.core.decisions.record(std::move(record));
    if (allowed) continue;
    // The first target that is denied ends the request, so the order of targets decides which
    // sentence the client sees.
    if (enforcement == Enforcement::kEnforce) {
      request.note.denied = true;
      throw ApiError::access_denied(std::move(sentence));
    }
    request.note.iam_soft = std::move(sentence);
  }
}

void check_session_limits(const Caller& caller, const ServiceApi& api, const Operation& operation) {
  if (!caller.temporary) return;
  // AWS says this sentence for GetSessionToken and GetFederationToken; for the other operations it
  // is inferred.
  if ((operation.sessions & session_of(caller.temporary->kind)) == 0) {
    throw ApiError::access_denied(
        base::format("Cannot call {} with session credentials", operation.name));
  }
  if (api.limits_sessions && !may_call_iam(*caller.temporary)) {
    throw ApiError(ErrorCode::kUnrecognizedClient,
                   "The security token included in the request is invalid");
  }
}

}  // namespace ecr::api
