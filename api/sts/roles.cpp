#include "api/sts/roles.h"

#include <nlohmann/json.hpp>

#include "api/core/access/policy_memo.h"
#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "api/sts/credentials.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::sts {
namespace {

constexpr std::chrono::seconds kDefaultRoleSession{3600};

model::Arn parse_role_arn(const std::string& text) {
  auto arn = model::Arn::parse(text);
  if (!arn || arn->service != "iam" || !arn->region.empty() ||
      !model::is_account_id(arn->account) || !arn->resource.starts_with("role/")) {
    throw ApiError(ErrorCode::kValidation, base::format("{} is invalid", text));
  }
  return std::move(*arn);
}

}  // namespace

std::optional<storage::Entity> find_role(storage::sql::Txn& txn, const std::string& text) {
  const model::Arn arn = parse_role_arn(text);
  auto role = storage::find_entity(txn, arn.account, storage::EntityKind::kRole,
                                   arn.resource.substr(arn.resource.rfind('/') + 1));
  if (role && entity_arn(*role) != text) role.reset();
  return role;
}

storage::Entity require_role(const Call& call) {
  auto role = find_role(call.txn, call.input["RoleArn"].get<std::string>());
  if (!role) throw ApiError::access_denied("The role does not exist");
  return std::move(*role);
}

std::string role_account(const std::string& arn) { return parse_role_arn(arn).account; }

Target role_target(const Call& call, const std::optional<storage::Entity>& role) {
  Target target;
  target.resource = call.input["RoleArn"].get<std::string>();
  target.account = role_account(target.resource);
  target.context.emplace_back("sts:RoleSessionName",
                              call.input["RoleSessionName"].get<std::string>());
  if (!role) return target;
  target.resource_tags = storage::entity_tags(call.txn, role->id);
  for (const auto& [key, value] : target.resource_tags) {
    target.context.emplace_back("iam:ResourceTag/" + key, value);
  }
  if (role->trust_policy) {
    target.policies.push_back(
        {call.services.policies.get(*role->trust_policy, auth::iam::PolicyType::kTrust),
         "trust policy of role " + role->name});
  }
  return target;
}

std::chrono::seconds session_duration(const Call& call, const storage::Entity& role) {
  const auto duration = duration_of(call.input, kDefaultRoleSession);
  const bool chained =
      call.caller.temporary && call.caller.temporary->kind == storage::SessionKind::kRole;
  if (chained && duration > kDefaultRoleSession) {
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

Json assumed_role_user(const storage::Entity& role, const std::string& session_name) {
  return {{"AssumedRoleId", role.unique_id + ":" + session_name},
          {"Arn", base::format("arn:aws:sts::{}:assumed-role/{}/{}", role.account, role.name,
                               session_name)}};
}

}  // namespace ecr::api::sts
