// AssumeRole. Sources: AWS STS API Reference, "AssumeRole"; IAM User Guide, "Passing session tags
// in AWS STS", "Monitor and control actions taken with assumed roles" (source identity).
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "api/sts/role_sessions.h"
#include "api/sts/sts_api.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::sts {
namespace {

using storage::sql::Access;

// A session passes its transitive tags on to the roles that it assumes; its other tags end with it
// (test TransitiveTagsGoOnAndOthersDoNot).
void inherit_tags(const storage::Session& calling, SessionTags& tags) {
  const Json keys = base::parse_json(calling.transitive_keys).value();
  for (const auto& tag : session_tags(calling)) {
    if (std::find(keys.begin(), keys.end(), tag.first) != keys.end()) tags.inherited.push_back(tag);
  }
  for (const auto& [key, value] : tags.requested) {
    if (find_tag_key(tags.inherited, key, TagKeyCase::kIgnored) != nullptr) {
      throw ApiError(ErrorCode::kInvalidParameter,
                     "One of the specified transitive tag keys can't be set because it conflicts "
                     "with a transitive tag key from the calling session.");
    }
  }
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

Resolved<RoleSession> assume_role_targets(const ApiRequest& request) {
  const Caller& caller = request.caller;
  // AWS's sentence. The root user of an account cannot assume roles at all, whatever policies say.
  if (caller.principal.kind == auth::iam::PrincipalKind::kRoot) {
    throw ApiError::access_denied("Roles may not be assumed by root accounts.");
  }
  SessionTags tags = requested_tags(request.input);
  if (caller.temporary) inherit_tags(*caller.temporary, tags);
  auto identity = source_identity(request);
  RoleSession asked = requested_role(request);
  asked.tags = std::move(tags);
  asked.source_identity = std::move(identity);

  Target role = role_target(request, asked);
  // A trust policy asks for the second factor of this call, whatever credentials signed it (IAM
  // User Guide, "Secure API access with MFA"). A refusal rolls back that the code was taken.
  asked.mfa = take_mfa_code(request);
  if (asked.mfa) {
    role.context.emplace_back("aws:MultiFactorAuthPresent", "true");
    role.context.emplace_back("aws:MultiFactorAuthAge", "0");
  }
  if (request.input.contains("ExternalId")) {
    role.context.emplace_back("sts:ExternalId", request.input["ExternalId"].get<std::string>());
  }
  std::vector<Target> targets = targets_of_actions(role, asked, "sts:AssumeRole");
  for (Target& target : targets) {
    // Unlike other services STS does not say why it denies: its sentence ends with the resource.
    target.denial = base::format("User: {} is not authorized to perform: {} on resource: {}",
                                 caller.principal.arn, target.action, target.resource);
  }
  return {std::move(targets), std::move(asked)};
}

Json assume_role(ApiRequest& request, RoleSession& asked) {
  storage::Session session;
  session.mfa = asked.mfa;
  return begin_role_session(request, asked, std::move(session));
}

constexpr Operation kAssumeRoleOperations[] = {
    {"AssumeRole", "sts:AssumeRole", Access::kWrite, on<assume_role_targets, assume_role>,
     Credentials::kSignature, nullptr, kBodyLimit, kRoleSession | kUserSession},
};

}  // namespace

std::vector<const Operation*> assume_role_operations() { return pointers(kAssumeRoleOperations); }

}  // namespace ecr::api::sts
