// AssumeRole. Sources: AWS STS API Reference, "AssumeRole"; IAM User Guide, "Passing session tags
// in AWS STS", "Monitor and control actions taken with assumed roles" (source identity).
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "api/sts/common.h"
#include "api/sts/session_policies.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::sts {
namespace {

using storage::sql::Access;

struct SessionTags {
  storage::Tags requested;
  std::vector<std::string> requested_transitive;
  storage::Tags inherited;  // transitive tags of the calling session

  bool any() const { return !requested.empty() || !inherited.empty(); }
};

// A session passes its transitive tags on to the roles that it assumes; its other tags end with it
// (test TransitiveTagsGoOnAndOthersDoNot).
storage::Tags inherited_tags(const Caller& caller) {
  storage::Tags inherited;
  if (!caller.temporary) return inherited;
  const Json keys = base::parse_json(caller.temporary->transitive_keys).value();
  for (const auto& tag : session_tags(*caller.temporary)) {
    if (std::find(keys.begin(), keys.end(), tag.first) != keys.end()) inherited.push_back(tag);
  }
  return inherited;
}

SessionTags session_tags_of(const ApiRequest& request) {
  SessionTags tags;
  tags.requested = requested_tags(request.input);
  tags.requested_transitive = transitive_keys(
      request.input.value("TransitiveTagKeys", std::vector<std::string>()), tags.requested);
  tags.inherited = inherited_tags(request.caller);
  for (const auto& [key, value] : tags.requested) {
    if (find_tag_key(tags.inherited, key, TagKeyCase::kIgnored) != nullptr) {
      throw ApiError(ErrorCode::kInvalidParameter,
                     "One of the specified transitive tag keys can't be set because it conflicts "
                     "with a transitive tag key from the calling session.");
    }
  }
  return tags;
}

// A source identity that was set once goes on to every role that the session assumes, and cannot be
// changed (test TheSourceIdentitySurvivesAndCannotBeChanged).
std::optional<std::string> source_identity(const ApiRequest& request) {
  std::optional<std::string> inherited;
  if (request.caller.temporary) inherited = request.caller.temporary->source_identity;
  if (!request.input.contains("SourceIdentity")) return inherited;
  auto requested = request.input["SourceIdentity"].get<std::string>();
  if (inherited && *inherited != requested) {  // the sentence is ours
    throw ApiError::access_denied("The source identity of the calling session cannot be changed");
  }
  return requested;
}

// AWS's sentence. The root user of an account cannot assume roles at all, whatever policies say.
void refuse_root(const Caller& caller) {
  if (caller.principal.kind == auth::iam::PrincipalKind::kRoot) {
    throw ApiError::access_denied("Roles may not be assumed by root accounts.");
  }
}

// One of the actions on the role, with everything that conditions can ask for. Unlike other
// services STS does not say why it denies: its sentence ends with the resource.
Target target_of(const ApiRequest& request, const Target& role, std::string_view action) {
  Target target = role;
  target.action = action;
  // STS leaves the reason out.
  target.denial = base::format("User: {} is not authorized to perform: {} on resource: {}",
                               request.caller.principal.arn, action, role.resource);
  return target;
}

std::vector<Target> assume_role_targets(const ApiRequest& request) {
  refuse_root(request.caller);
  const SessionTags tags = session_tags_of(request);
  const auto identity = source_identity(request);
  Target role = role_target(request, find_role(request.txn, request.input["RoleArn"].get<std::string>()));
  if (request.input.contains("ExternalId")) {
    role.context.emplace_back("sts:ExternalId", request.input["ExternalId"].get<std::string>());
  }
  if (identity) role.context.emplace_back("sts:SourceIdentity", *identity);
  if (!tags.requested.empty()) role.request_tags = tags.requested;
  if (!tags.requested_transitive.empty()) {
    role.multivalued_context.emplace_back("sts:TransitiveTagKeys", tags.requested_transitive);
  }
  std::vector<Target> all = {target_of(request, role, "sts:AssumeRole")};
  // Inherited tags and an inherited source identity have to be allowed like new ones. The guide
  // says so of the source identity; for tags it is inferred (test TagsNeedTheirOwnPermission).
  if (tags.any()) all.push_back(target_of(request, role, "sts:TagSession"));
  if (identity) all.push_back(target_of(request, role, "sts:SetSourceIdentity"));
  return all;
}

// Checks that authorization does not make come in this order: MFA code, role, duration, tags,
// session policies, size. AWS's own order is not documented. PackedPolicySize is there only where
// policies or tags were sent.
Json assume_role(ApiRequest& request) {
  if (request.input.contains("SerialNumber") || request.input.contains("TokenCode")) refuse_mfa_code();
  const storage::Entity role = require_role(request);
  const auto lifetime = role_session_duration(request, role);
  const SessionTags tags = session_tags_of(request);
  storage::Tags all = tags.inherited;
  all.insert(all.end(), tags.requested.begin(), tags.requested.end());
  std::vector<std::string> transitive = tags.requested_transitive;
  for (const auto& tag : tags.inherited) transitive.push_back(tag.first);

  storage::Session session;
  session.kind = storage::SessionKind::kRole;
  session.account = role.account;
  session.entity = role.id;
  session.name = request.input["RoleSessionName"].get<std::string>();
  session.source_identity = source_identity(request);
  session.policies = session_policies(request, role.account);
  session.tags = to_json_text(all);
  session.transitive_keys = to_json_text(transitive);
  const int packed = packed_size(request.input, all);

  Json output = {{"AssumedRoleUser", assumed_role_user(role, session.name)}};
  if (has_packed(request.input)) output["PackedPolicySize"] = packed;
  if (session.source_identity) output["SourceIdentity"] = *session.source_identity;
  output["Credentials"] = issue_credentials(request, std::move(session), lifetime);
  return output;
}

constexpr Operation kAssumeRoleOperations[] = {
    {"AssumeRole", "sts:AssumeRole", Access::kWrite, assume_role_targets, assume_role},
};

}  // namespace

std::vector<const Operation*> assume_role_operations() { return pointers(kAssumeRoleOperations); }

}  // namespace ecr::api::sts
