// Users, groups and roles, which IAM treats alike in most operations: finding the one that a
// request names, and creating, listing, renaming and showing it. Stateless functions on the
// request's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/instance_profiles.h"

namespace ecr::api::iam {

std::string_view kind_name(storage::EntityKind kind);   // "user"
std::string_view kind_title(storage::EntityKind kind);  // "User"

// The subject of the operations on one user, group or role.
struct NamedEntity : Named<storage::Entity> {
  storage::EntityKind kind = storage::EntityKind::kUser;
  std::string name;  // empty: the request names none, and its caller is not a user

  // Throws NoSuchEntity; ValidationError where none is named.
  [[noreturn]] void missing() const;
};
// The kind and name that GroupName, RoleName or UserName gives, in this order; without any of them,
// those of the user who makes the request. The row is not looked up.
NamedEntity requested_name(const ApiRequest& request);
// The user, group or role of the caller's account.
NamedEntity find_named(const ApiRequest& request, storage::EntityKind kind, std::string name);

bool is_service_linked(const storage::Entity& entity);
// Throws UnmodifiableEntity: only AWS changes a service-linked role.
void refuse_service_linked(const storage::Entity& entity);

// Stores an entity that new_entity_target() described, with the tags of the request. Throws
// EntityAlreadyExists.
void insert_new(ApiRequest& request, storage::Entity& entity);
// The page of the account's entities of that kind as output[member].
Json list_page(const ApiRequest& request, storage::EntityKind kind, const char* member);
// Gives the entity NewPath and the new name (empty: the name stays). Throws EntityAlreadyExists.
void rename(ApiRequest& request, storage::Entity& entity, const std::string& name);
// Throws DeleteConflict while the entity has inline or attached policies.
void require_no_policies(const ApiRequest& request, const storage::Entity& entity);

// The ARN of the managed policy that member PermissionsBoundary gives; nullopt: absent. Throws
// NoSuchEntity where there is no such policy.
std::optional<std::string> requested_boundary(const ApiRequest& request);

// The members that every answer shows; of a role, its trust policy too. Instance profiles show no
// more of their role.
Json short_entity_json(const ApiRequest& request, const storage::Entity& entity);
// The members that listings show: of a role, description and session duration too.
Json entity_json(const ApiRequest& request, const storage::Entity& entity);
// The members that Get... shows: those of listings, boundary, tags and last use.
Json entity_detail_json(const ApiRequest& request, const storage::Entity& entity);
// The members that GetRole shows: those of Get..., and the template that the role was made from.
Json role_detail_json(const ApiRequest& request, const storage::Entity& role);
// The members that Create... shows: the short ones, boundary and the tags of the request.
Json created_entity_json(const ApiRequest& request, const storage::Entity& entity);

// An instance profile with the role in it. No tags.
std::string instance_profile_arn(const storage::InstanceProfile& profile);
Json instance_profile_json(const ApiRequest& request, const storage::InstanceProfile& profile);

}  // namespace ecr::api::iam
