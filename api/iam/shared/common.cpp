#include "api/iam/shared/common.h"

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/access/stored_principals.h"
#include "api/iam/shared/tags.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::iam {

using storage::EntityKind;

ApiError no_such_entity(std::string message) {
  return {ErrorCode::kNoSuchEntity, std::move(message)};
}
ApiError already_exists(std::string message) {
  return {ErrorCode::kEntityAlreadyExists, std::move(message)};
}
ApiError delete_conflict(std::string message) {
  return {ErrorCode::kDeleteConflict, std::move(message)};
}
ApiError limit_exceeded(std::string message) {
  return {ErrorCode::kLimitExceeded, std::move(message)};
}
ApiError invalid_input(std::string message) {
  return {ErrorCode::kInvalidInput, std::move(message)};
}
ApiError validation_error(std::string message) {
  return {ErrorCode::kValidation, std::move(message)};
}

std::string_view word_of(EntityKind kind) {
  switch (kind) {
    case EntityKind::kGroup:
      return "group";
    case EntityKind::kRole:
      return "role";
    case EntityKind::kUser:
      break;
  }
  return "user";
}

std::string_view title_of(EntityKind kind) {
  switch (kind) {
    case EntityKind::kGroup:
      return "Group";
    case EntityKind::kRole:
      return "Role";
    case EntityKind::kUser:
      break;
  }
  return "User";
}

std::optional<EntityName> named_entity(const Call& call) {
  constexpr std::pair<const char*, EntityKind> kMembers[] = {{"GroupName", EntityKind::kGroup},
                                                             {"RoleName", EntityKind::kRole},
                                                             {"UserName", EntityKind::kUser}};
  for (const auto& [member, kind] : kMembers) {
    if (call.input.contains(member)) return EntityName{kind, text_member(call.input, member)};
  }
  if (call.caller.user_name.empty()) return std::nullopt;
  return EntityName{EntityKind::kUser, call.caller.user_name};
}

storage::Entity require_entity(const Call& call) {
  const auto named = named_entity(call);
  if (!named) {
    throw validation_error("Must specify userName when calling with non-User credentials");
  }
  return require_entity(call, named->kind, named->name);
}

storage::Entity require_entity(const Call& call, EntityKind kind, const std::string& name) {
  auto entity = storage::find_entity(call.txn, call.caller.account, kind, name);
  // Names are unique without regard to case, but are found only as they were given.
  if (!entity || entity->name != name) {
    throw no_such_entity(base::format("The {} with name {} cannot be found.", word_of(kind), name));
  }
  return std::move(*entity);
}

storage::Entity require_changeable(const Call& call) {
  storage::Entity entity = require_entity(call);
  refuse_service_linked(entity);
  return entity;
}

bool is_service_linked(const storage::Entity& entity) {
  return entity.kind == EntityKind::kRole && entity.path.starts_with("/aws-service-role/");
}

void refuse_service_linked(const storage::Entity& entity) {
  if (!is_service_linked(entity)) return;
  throw ApiError(ErrorCode::kUnmodifiableEntity,
                 base::format("Cannot perform the operation on the protected role '{}' - this role "
                              "is only modifiable by AWS",
                              entity.name));
}

std::string path_of(const Json& input, const char* member) {
  const std::string path = text_member(input, member);
  if (path.empty()) return "/";
  // What a reader would take for another path. The model's pattern does not refuse these; whether
  // AWS does is not documented. The sentence is AWS's for paths that are none.
  if (path.find("//") != std::string::npos || path.find("/./") != std::string::npos ||
      path.find("/../") != std::string::npos) {
    throw validation_error(
        "The specified value for path is invalid. It must begin and end with / and contain only "
        "alphanumeric characters and/or / characters.");
  }
  return path;
}

std::string shown_time(base::TimePoint time) { return base::format_iso8601(time); }

std::string shown_document(std::string_view document) { return base::percent_encode(document); }

Json entity_json(const Call& call, const storage::Entity& entity) {
  const std::string title(title_of(entity.kind));
  Json json = {{"Path", entity.path},
               {title + "Name", entity.name},
               {title + "Id", entity.unique_id},
               {"Arn", entity_arn(entity)},
               {"CreateDate", shown_time(entity.created_at)}};
  if (entity.kind != EntityKind::kRole) return json;
  if (entity.trust_policy) {
    json["AssumeRolePolicyDocument"] =
        shown_document(shown_principals(call.txn, *entity.trust_policy));
  }
  if (entity.description) json["Description"] = *entity.description;
  json["MaxSessionDuration"] = entity.max_session_seconds;
  return json;
}

void add_boundary(const storage::Entity& entity, Json& json) {
  if (!entity.boundary) return;
  json["PermissionsBoundary"] = {{"PermissionsBoundaryType", "PermissionsBoundaryPolicy"},
                                 {"PermissionsBoundaryArn", *entity.boundary}};
}

Json entity_detail_json(const Call& call, const storage::Entity& entity) {
  Json json = entity_json(call, entity);
  add_boundary(entity, json);
  add_tags(storage::entity_tags(call.txn, entity.id), json);
  if (entity.kind != EntityKind::kRole) return json;
  json["RoleLastUsed"] = Json::object();
  if (entity.last_used_at) {
    json["RoleLastUsed"]["LastUsedDate"] = shown_time(*entity.last_used_at);
    json["RoleLastUsed"]["Region"] = entity.last_used_region.value_or("");
  }
  return json;
}

void check_policy(const std::string& document, auth::iam::PolicyType type) {
  const auto parsed = auth::iam::Policy::parse(document, type);
  if (!parsed) throw ApiError(ErrorCode::kMalformedPolicyDocument, parsed.error().message);
}

std::optional<std::string> requested_boundary(const Call& call) {
  if (!call.input.contains("PermissionsBoundary")) return std::nullopt;
  const std::string arn = text_member(call.input, "PermissionsBoundary");
  const auto parsed = model::Arn::parse(arn);
  if (!parsed || parsed->service != "iam" || !parsed->resource.starts_with("policy/")) {
    throw validation_error(base::format("ARN {} is not valid.", arn));
  }
  if ((parsed->account != call.caller.account && parsed->account != "aws") ||
      !managed_policy_exists(call.txn, arn)) {
    throw no_such_entity(base::format("Scope ARN: {} does not exist or is not attachable.", arn));
  }
  return arn;
}

}  // namespace ecr::api::iam
