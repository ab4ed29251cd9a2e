#include "api/core/access/gate.h"

#include "api/core/access/decision_log.h"
#include "api/core/access/principal_policies.h"
#include "api/core/wire/client_address.h"
#include "api/core/wire/error.h"
#include "schemas/base/text.h"

namespace ecr::api {
namespace {

using auth::iam::Context;
using auth::iam::PrincipalKind;

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

void add_request(Context& context, const RequestFacts& facts,
                 const std::vector<std::string>& proxies) {
  context.set("aws:CurrentTime", base::format_iso8601(facts.now));
  context.set("aws:EpochTime", base::format("{}", facts.now.time_since_epoch().count() / 1000));
  context.set("aws:SecureTransport", is_secure(facts.http, proxies) ? "true" : "false");
  context.set("aws:SourceIp", client_address(facts.http, proxies));
  if (const auto agent = facts.http.headers.find("user-agent")) {
    context.set("aws:UserAgent", *agent);
  }
  if (const auto referer = facts.http.headers.find("referer")) {
    context.set("aws:Referer", *referer);
  }
  context.set("aws:RequestedRegion", facts.region);
  context.set("aws:ViaAWSService", "false");
}

void add_target(Context& context, const Target& target) {
  context.set("aws:ResourceAccount", target.account);
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
  if (target.request_tags || !keys.empty()) context.set_multi("aws:TagKeys", std::move(keys));
}

auth::iam::Request to_request(const Services& services, const Caller& caller,
                              const RequestFacts& facts, const Target& target) {
  auth::iam::Request request;
  request.principal = caller.principal;
  request.action = target.action;
  request.resource = target.resource;
  request.resource_account = target.account;
  request.context.reserve(32);
  add_principal_context(request.context, caller);
  add_request(request.context, facts, services.settings.trusted_proxies);
  add_target(request.context, target);
  return request;
}

auth::iam::PolicySet to_policies(const Caller& caller, const Target& target) {
  auth::iam::PolicySet policies;
  policies.identity = caller.identity;
  policies.boundaries = caller.boundaries;
  policies.session = caller.session;
  policies.resource = target.policies;
  policies.scps = caller.scps;
  return policies;
}

// "aws:PrincipalOrgPaths", "aws:ResourceOrgPaths": "o-.../r-.../ou-.../", with a slash at the end.
std::string organization_path(const RequestFacts& facts, const storage::Organization& organization,
                              std::string_view account) {
  return organization.id + "/" + storage::organization_path(facts.txn, account);
}

// Where the caller's account stands in its organization; its id is a key of the caller's already.
void add_callers_organization(const Caller& caller, const RequestFacts& facts, Context& context) {
  if (!caller.organization) return;
  context.set_multi("aws:PrincipalOrgPaths",
                    {organization_path(facts, *caller.organization, caller.account)});
}

// The organization of the resource's owner: its id and path, and its resource control policies.
void add_owner(const Services& services, const Caller& caller, const RequestFacts& facts,
               const Target& target, DecisionRecord& record) {
  const bool own = target.account == caller.account;
  const auto organization =
      own ? caller.organization : storage::organization_of(facts.txn, target.account);
  if (!organization) return;
  Context& context = record.request.context;
  context.set("aws:ResourceOrgID", organization->id);
  context.set_multi("aws:ResourceOrgPaths",
                    {organization_path(facts, *organization, target.account)});
  record.policies.rcps =
      resource_control_policies(services, facts.txn, *organization, target.account);
}

std::string refusal(const Target& target, const DecisionRecord& record) {
  if (!target.denial.empty()) return target.denial;
  if (target.shown_resource.empty()) return denial_message(record.request, record.verdict);
  auth::iam::Request shown = record.request;
  shown.resource = target.shown_resource;
  return denial_message(shown, record.verdict);
}

DecisionRecord decide(const Services& services, const Caller& caller, const RequestFacts& facts,
                      const Target& target) {
  DecisionRecord record;
  record.request_id = facts.http.id;
  record.time = facts.now;
  record.request = to_request(services, caller, facts, target);
  record.policies = to_policies(caller, target);
  add_callers_organization(caller, facts, record.request.context);
  add_owner(services, caller, facts, target, record);
  record.verdict = evaluate(record.request, record.policies);
  record.enforced = services.settings.enforcement == Enforcement::kEnforce;
  if (!record.verdict.allowed()) record.message = refusal(target, record);
  return record;
}

}  // namespace

// AWS IAM User Guide, "AWS global condition context keys": what is present for each principal.
void add_principal_context(Context& context, const Caller& caller) {
  const auto& principal = caller.principal;
  context.set("aws:PrincipalType", principal_type(principal.kind));
  context.set("aws:PrincipalIsAWSService",
              principal.kind == PrincipalKind::kService ? "true" : "false");
  context.set("aws:userid", caller.user_id);
  if (principal.kind != PrincipalKind::kAnonymous) {
    // The role's own ARN for its sessions, not the session's.
    context.set("aws:PrincipalArn",
                principal.kind == PrincipalKind::kRoleSession ? principal.issuer : principal.arn);
    context.set("aws:PrincipalAccount", caller.account);
  }
  if (!caller.user_name.empty()) context.set("aws:username", caller.user_name);
  for (const auto& [key, value] : caller.tags) context.set("aws:PrincipalTag/" + key, value);
  for (const auto& [key, value] : caller.context) context.set(key, value);
}

bool is_allowed(const Services& services, const Caller& caller, const RequestFacts& facts,
                const Target& target) {
  return decide(services, caller, facts, target).verdict.allowed();
}

void authorize(const Services& services, const Caller& caller, const RequestFacts& facts,
               const std::vector<Target>& targets, LogNote& note) {
  if (services.settings.enforcement == Enforcement::kOff) return;
  for (const Target& target : targets) {
    DecisionRecord record = decide(services, caller, facts, target);
    const bool allowed = record.verdict.allowed();
    std::string sentence = record.message;
    services.decisions.record(std::move(record));
    if (allowed) continue;
    if (services.settings.enforcement == Enforcement::kEnforce) {
      throw ApiError::access_denied(std::move(sentence));
    }
    note.error = "would deny: " + sentence;
  }
}

}  // namespace ecr::api
