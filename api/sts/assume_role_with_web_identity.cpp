// AssumeRoleWithWebIdentity: a role for a caller that an identity provider vouches for, without AWS
// credentials: the call is not signed, and its token is verified outside of the transaction
// (web_identity.h). Source: AWS STS API Reference, "AssumeRoleWithWebIdentity".
#include <nlohmann/json.hpp>

#include "api/core/background/call_record.h"
#include "api/sts/common.h"
#include "api/sts/session_policies.h"
#include "api/sts/web_identity.h"

namespace ecr::api::sts {
namespace {

using storage::sql::Access;

// Session tags come as claims of the token, not as parameters of the call; the rules are the same.
storage::Tags tags_of(const WebIdentity& identity) {
  const storage::Tags& tags = identity.claims.session_tags;
  check_session_tags(tags);
  return tags;
}

std::vector<std::string> transitive_keys_of(const WebIdentity& identity,
                                            const storage::Tags& tags) {
  return transitive_keys(identity.claims.transitive_keys, tags);
}

// The trust policy alone decides: there is no principal with identity policies. Tags and a source
// identity in the token need their own actions in it (test
// TagsAndSourceIdentityOfTheTokenNeedTheirActions).
std::vector<Target> web_identity_targets(const ApiRequest& request) {
  const WebIdentity& identity = web_identity_of(request);
  const auto provider = require_provider(request, identity);
  Target role = role_target(request, find_role(request.txn, request.input["RoleArn"].get<std::string>()));
  add_claims(identity, provider, role);
  const storage::Tags tags = tags_of(identity);
  if (!tags.empty()) role.request_tags = tags;
  if (const auto keys = transitive_keys_of(identity, tags); !keys.empty()) {
    role.multivalued_context.emplace_back("sts:TransitiveTagKeys", keys);
  }
  const auto& source = identity.claims.source_identity;
  if (source) role.context.emplace_back("sts:SourceIdentity", *source);
  std::vector<Target> all;
  // The error names the first of these actions that the trust policy does not allow.
  for (const std::string action :
       {"sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"}) {
    if (action == "sts:TagSession" && tags.empty()) continue;
    if (action == "sts:SetSourceIdentity" && !source) continue;
    role.action = action;
    role.denial = "Not authorized to perform " + action;  // AWS's sentence
    all.push_back(role);
  }
  return all;
}

// The caller in the record of the call: the "WebIdentityUser" of AWS CloudTrail User Guide,
// "userIdentity element" (test TheRecordNamesTheIdentity).
CallIdentity record_identity(const WebIdentity& identity, const storage::OidcProvider& provider) {
  CallIdentity caller;
  caller.account = provider.account;
  caller.federated_provider = storage::oidc_provider_arn(provider);
  caller.user_name = identity.claims.subject;
  caller.user_id = *caller.federated_provider + ":" + identity.audience + ":" + caller.user_name;
  return caller;
}

Json assume_role_with_web_identity(ApiRequest& request) {
  const WebIdentity& identity = web_identity_of(request);
  const auto provider = require_provider(request, identity);
  const storage::Entity role = require_role(request);
  const auto lifetime = role_session_duration(request, role);
  const storage::Tags tags = tags_of(identity);
  request.identified = std::make_shared<const CallIdentity>(record_identity(identity, provider));

  storage::Session session;
  session.kind = storage::SessionKind::kRole;
  session.account = role.account;
  session.entity = role.id;
  session.name = request.input["RoleSessionName"].get<std::string>();
  session.source_identity = identity.claims.source_identity;
  session.provider = storage::oidc_provider_arn(provider);
  session.claims = session_claims(identity, provider);
  session.policies = session_policies(request, role.account);
  session.tags = to_json_text(tags);
  session.transitive_keys = to_json_text(transitive_keys_of(identity, tags));
  const int packed = packed_size(request.input, tags);

  Json output = {{"AssumedRoleUser", assumed_role_user(role, session.name)},
                 {"SubjectFromWebIdentityToken", identity.claims.subject},
                 {"Audience", identity.audience},
                 {"Provider", *session.provider}};
  if (has_packed(request.input) || !tags.empty()) output["PackedPolicySize"] = packed;
  if (session.source_identity) output["SourceIdentity"] = *session.source_identity;
  output["Credentials"] = issue_credentials(request, std::move(session), lifetime);
  return output;
}

constexpr Operation kWebIdentityOperations[] = {
    {"AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdentity", Access::kWrite,
     web_identity_targets, assume_role_with_web_identity, Credentials::kToken},
};

}  // namespace

std::vector<const Operation*> assume_role_with_web_identity_operations() {
  return pointers(kWebIdentityOperations);
}

}  // namespace ecr::api::sts
