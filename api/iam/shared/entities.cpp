#include "api/iam/shared/entities.h"

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/access/stored_principals.h"
#include "api/core/wire/error.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/tags.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/managed_policies.h"
#include "storage/rows/iam/role_templates.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;

[[noreturn]] void refuse_name(const storage::Entity& entity) {
  throw already_exists(
      base::format("{} with name {} already exists.", kind_title(entity.kind), entity.name));
}

// The type that AWS sends (recorded; Ansible asserts it), although the model's only value is
// PermissionsBoundaryPolicy.
void add_boundary(const storage::Entity& entity, Json& json) {
  if (!entity.boundary) return;
  json["PermissionsBoundary"] = {{"PermissionsBoundaryType", "Policy"},
                                 {"PermissionsBoundaryArn", *entity.boundary}};
}

}  // namespace

std::string_view kind_name(EntityKind kind) {
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

std::string_view kind_title(EntityKind kind) {
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

// GroupName comes first: AddUserToGroup has a UserName too, and its resource is the group.
NamedEntity requested_name(const ApiRequest& request) {
  constexpr std::pair<const char*, EntityKind> kMembers[] = {{"GroupName", EntityKind::kGroup},
                                                             {"RoleName", EntityKind::kRole},
                                                             {"UserName", EntityKind::kUser}};
  for (const auto& [member, kind] : kMembers) {
    if (request.input.contains(member)) return {{}, kind, text_member(request.input, member)};
  }
  // UserName is optional in many operations: "If you do not specify a user name, IAM determines the
  // user name implicitly based on the AWS access key ID signing the request."
  return {{}, EntityKind::kUser, request.caller.user_name};
}

NamedEntity find_named(const ApiRequest& request, EntityKind kind, std::string name) {
  NamedEntity named{{}, kind, std::move(name)};
  named.row = storage::find_entity(request.txn, request.caller.account, kind, named.name);
  // IAM's names are unique without regard to case, so the row is found for any spelling; but the
  // name in a request has to match exactly.
  if (named.row && named.row->name != named.name) named.row.reset();
  return named;
}

void NamedEntity::missing() const {
  if (name.empty()) {
    throw validation_error("Must specify userName when calling with non-User credentials");
  }
  throw no_such_entity(base::format("The {} with name {} cannot be found.", kind_name(kind), name));
}

// CreateRole refuses this path, so that it is that of service-linked roles only.
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

// The quotas of numbers of users, groups and roles are not enforced; that of tags is.
void insert_new(ApiRequest& request, storage::Entity& entity) {
  entity.created_at = request.now;
  const storage::Tags tags = requested_tags(request.input);
  check_tag_count(tags);
  const auto id = storage::insert_entity(request.txn, entity);
  if (!id) refuse_name(entity);
  entity.id = *id;
  for (const auto& [key, value] : tags) storage::put_entity_tag(request.txn, *id, key, value);
}

// The rows are sorted by the name in lower case, which is also the key of a page.
Json list_page(const ApiRequest& request, storage::EntityKind kind, const char* member) {
  const Pager pager(request);
  std::vector<Listed> items;
  for (const auto& entity : storage::list_entities(request.txn, request.caller.account, kind,
                                                   text_member(request.input, "PathPrefix"),
                                                   pager.after(), pager.enough())) {
    items.emplace_back(base::to_lower(entity.name), entity_json(request, entity));
  }
  return pager.page(member, std::move(items));
}

// The unique id stays: access keys, policies and trust policies refer to it and still apply after a
// rename. A change of the name's case is allowed: the row that has the name is the entity's own.
void rename(ApiRequest& request, storage::Entity& entity, const std::string& name) {
  if (!name.empty()) {
    const auto other = storage::find_entity(request.txn, entity.account, entity.kind, name);
    entity.name = name;
    if (other && other->id != entity.id) refuse_name(entity);
  }
  if (request.input.contains("NewPath")) entity.path = path_of(request.input, "NewPath");
  storage::update_entity(request.txn, entity);
}

// Managed policies are reported before inline ones.
void require_no_policies(const ApiRequest& request, const storage::Entity& entity) {
  if (!storage::attached_policies(request.txn, entity.id).empty()) {
    throw delete_conflict("Cannot delete entity, must detach all policies first.");
  }
  if (!storage::inline_policies(request.txn, entity.id).empty()) {
    throw delete_conflict("Cannot delete entity, must delete policies first.");
  }
}

// A boundary is a managed policy of the caller's account or of AWS.
std::optional<std::string> requested_boundary(const ApiRequest& request) {
  if (!request.input.contains("PermissionsBoundary")) return std::nullopt;
  const std::string arn = text_member(request.input, "PermissionsBoundary");
  const auto parsed = model::Arn::parse(arn);
  if (!parsed || parsed->service != "iam" || !parsed->resource.starts_with("policy/")) {
    throw invalid_input(base::format("ARN {} is not valid.", arn));
  }
  if ((parsed->account != request.caller.account && parsed->account != "aws") ||
      !managed_policy_exists(request.txn, arn)) {
    throw no_such_entity(base::format("Scope ARN: {} does not exist or is not attachable.", arn));
  }
  return arn;
}

// The trust policy is shown with the ARNs of the principals that it names, which is stored with
// their unique ids; a principal that was deleted is shown by its id, as in AWS.
Json short_entity_json(const ApiRequest& request, const storage::Entity& entity) {
  const std::string title(kind_title(entity.kind));
  Json json = {{"Path", entity.path},
               {title + "Name", entity.name},
               {title + "Id", entity.unique_id},
               {"Arn", entity_arn(entity)},
               {"CreateDate", iso_time(entity.created_at)}};
  if (entity.trust_policy) {
    json["AssumeRolePolicyDocument"] =
        url_encoded(shown_principals(request.txn, *entity.trust_policy));
  }
  return json;
}

Json entity_json(const ApiRequest& request, const storage::Entity& entity) {
  Json json = short_entity_json(request, entity);
  if (entity.kind != EntityKind::kRole) return json;
  if (entity.description) json["Description"] = *entity.description;
  json["MaxSessionDuration"] = entity.max_session_seconds;
  return json;
}

// The tags are in the order of the request (recorded of policies).
Json created_entity_json(const ApiRequest& request, const storage::Entity& entity) {
  Json json = short_entity_json(request, entity);
  add_boundary(entity, json);
  add_tags(requested_tags(request.input), json);
  return json;
}

// IAM sends an empty RoleLastUsed for a role that was never used.
Json entity_detail_json(const ApiRequest& request, const storage::Entity& entity) {
  Json json = entity_json(request, entity);
  add_boundary(entity, json);
  add_tags(storage::entity_tags(request.txn, entity.id), json);
  if (entity.kind != EntityKind::kRole) return json;
  json["RoleLastUsed"] = Json::object();
  if (entity.last_used_at) {
    json["RoleLastUsed"]["LastUsedDate"] = iso_time(*entity.last_used_at);
    json["RoleLastUsed"]["Region"] = entity.last_used_region.value_or("");
  }
  return json;
}

// Listings, CreateRole and GetAccountAuthorizationDetails do not show the template: for the first
// two that is inferred, and the last one's RoleDetail has no such member.
Json role_detail_json(const ApiRequest& request, const storage::Entity& role) {
  Json json = entity_detail_json(request, role);
  if (const auto source = storage::find_role_source(request.txn, role.id)) {
    json["SourceRoleTemplate"] = {{"TemplateArn", source->template_arn},
                                  {"TemplateMinorVersion", source->minor_version}};
  }
  return json;
}

std::string instance_profile_arn(const storage::InstanceProfile& profile) {
  return base::format("arn:{}:iam::{}:instance-profile{}{}", profile.partition, profile.account,
                      profile.path, profile.name);
}

Json instance_profile_json(const ApiRequest& request, const storage::InstanceProfile& profile) {
  Json json = {{"Path", profile.path},
               {"InstanceProfileName", profile.name},
               {"InstanceProfileId", profile.unique_id},
               {"Arn", instance_profile_arn(profile)},
               {"CreateDate", iso_time(profile.created_at)},
               {"Roles", Json::array()}};
  const auto role = profile.role ? storage::find_entity(request.txn, *profile.role) : std::nullopt;
  if (role) json["Roles"].push_back(short_entity_json(request, *role));
  return json;
}

}  // namespace ecr::api::iam
