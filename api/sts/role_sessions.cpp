#include "api/sts/role_sessions.h"

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::sts {
namespace {

// AWS STS API Reference, "AssumeRole": one hour, which is also the most for role chaining.
constexpr std::chrono::seconds kDefaultRoleSession{3600};

// Role chaining is limited to one hour, whatever the role allows (AWS STS API Reference,
// "AssumeRole"; test DurationsHaveTheirLimits). AWS counts every caller with temporary credentials,
// also those of GetSessionToken (99designs/aws-vault issue 263). Both sentences are AWS's.
std::chrono::seconds role_session_duration(const ApiRequest& request, const storage::Entity& role) {
  const auto duration = duration_of(request.input, kDefaultRoleSession);
  if (request.caller.temporary && duration > kDefaultRoleSession) {
    throw ApiError(ErrorCode::kValidation,
                   "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                   "assumed by role chaining.");
  }
  if (duration > std::chrono::seconds(role.max_session_seconds)) {
    throw ApiError(
        ErrorCode::kValidation,
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  return duration;
}

}  // namespace

RoleSession requested_role(const ApiRequest& request) {
  RoleSession asked;
  asked.arn = request.input["RoleArn"].get<std::string>();
  const auto arn = model::Arn::parse(asked.arn);
  if (!arn || arn->service != "iam" || !arn->region.empty() ||
      !model::is_account_id(arn->account) || !arn->resource.starts_with("role/")) {
    throw ApiError(ErrorCode::kValidation, base::format("{} is invalid", asked.arn));
  }
  asked.account = arn->account;
  asked.row = entity_of_arn(request.txn, *arn);
  return asked;
}

// STS does not say whether a role exists: authorization refuses a missing role as one that does not
// trust the caller (test ARoleThatIsNotThereIsRefusedAsOneThatIsNotTrusted). This error is seen
// only where policies are not enforced; its sentence is ours.
void RoleSession::missing() const { throw ApiError::access_denied("The role does not exist"); }

// The trust policy is the role's resource policy: it takes part in the decision even where caller
// and role are of one account (IAM User Guide). A missing role has no trust policy, so nothing
// allows to assume it.
Target role_target(const ApiRequest& request, const RoleSession& asked) {
  Target target;
  target.resource = asked.arn;
  target.account = asked.account;
  target.context.emplace_back("sts:RoleSessionName",
                              request.input["RoleSessionName"].get<std::string>());
  if (asked.source_identity) {
    target.context.emplace_back("sts:SourceIdentity", *asked.source_identity);
  }
  if (!asked.tags.requested.empty()) target.request_tags = asked.tags.requested;
  if (!asked.tags.transitive.empty()) {
    target.multivalued_context.emplace_back("sts:TransitiveTagKeys", asked.tags.transitive);
  }
  if (!asked.row) return target;
  set_iam_tags(target, storage::entity_tags(request.txn, asked.row->id));
  target.policies = trust_policies(request.core, *asked.row, request.reader);
  return target;
}

// Inherited tags and an inherited source identity have to be allowed like new ones. The guide says
// so of the source identity; for tags it is inferred (test TagsNeedTheirOwnPermission).
std::vector<Target> targets_of_actions(const Target& role, const RoleSession& asked,
                                       std::string_view action) {
  std::vector<Target> targets = {role};
  targets.back().action = action;
  if (asked.tags.any()) {
    targets.push_back(role);
    targets.back().action = "sts:TagSession";
  }
  if (asked.source_identity) {
    targets.push_back(role);
    targets.back().action = "sts:SetSourceIdentity";
  }
  return targets;
}

// Checks come in this order: role, duration, session policies, size. AWS's own order is not
// documented. PackedPolicySize is there only where policies or tags were sent. The ARN of a session
// has the role's name without its path.
Json begin_role_session(ApiRequest& request, const RoleSession& asked, storage::Session session) {
  if (!asked.row) asked.missing();
  const storage::Entity& role = *asked.row;
  const auto lifetime = role_session_duration(request, role);
  session.kind = storage::SessionKind::kRole;
  session.account = role.account;
  session.entity = role.id;
  session.name = request.input["RoleSessionName"].get<std::string>();
  session.source_identity = asked.source_identity;
  const auto packed = add_policies_and_tags(request, asked.tags, session);

  Json output = {{"AssumedRoleUser",
                  {{"AssumedRoleId", role.unique_id + ":" + session.name},
                   {"Arn", role_session_arn(role, session.name)}}}};
  if (packed) output["PackedPolicySize"] = *packed;
  if (session.source_identity) output["SourceIdentity"] = *session.source_identity;
  issue_credentials(request, std::move(session), lifetime, output);
  return output;
}

}  // namespace ecr::api::sts
