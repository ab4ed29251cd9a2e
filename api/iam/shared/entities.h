// Users, groups and roles, which IAM treats alike in most operations: finding the one that a call
// names, and creating, listing, renaming and showing it. Stateless functions on the request's
// transaction.
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

struct EntityName {
  storage::EntityKind kind = storage::EntityKind::kUser;
  std::string name;
};
// The entity that GroupName, RoleName or UserName names, in this order; without any of them, the
// user who makes the call. nullopt: no name is given and the caller is not a user.
std::optional<EntityName> named_entity(const Call& call);
// The row of named_entity(). Throws NoSuchEntity; ValidationError where no entity is named.
storage::Entity require_entity(const Call& call);
storage::Entity require_entity(const Call& call, storage::EntityKind kind, const std::string& name);
// The row of an entity that the call is about to change. Throws UnmodifiableEntity for a
// service-linked role.
storage::Entity require_changeable(const Call& call);
bool is_service_linked(const storage::Entity& entity);
void refuse_service_linked(const storage::Entity& entity);

// Stores a new entity in the caller's account with the path and tags of the request, and sets the
// other columns that are not set yet. Throws EntityAlreadyExists.
void insert_new(Call& call, storage::Entity& entity);
// The page of the account's entities of that kind as output[member].
Json list_page(const Call& call, storage::EntityKind kind, const char* member);
// Gives the entity NewPath and the new name (empty: the name stays). Throws EntityAlreadyExists.
void rename(Call& call, storage::Entity& entity, const std::string& name);
// Throws DeleteConflict while the entity has inline or attached policies.
void require_no_policies(const Call& call, const storage::Entity& entity);

// The ARN of the managed policy that member PermissionsBoundary gives; nullopt: absent. Throws
// NoSuchEntity where there is no such policy.
std::optional<std::string> requested_boundary(const Call& call);

// The members that every answer shows; of a role, its trust policy too. Instance profiles show no
// more of their role.
Json short_entity_json(const Call& call, const storage::Entity& entity);
// The members that listings show: of a role, description and session duration too.
Json entity_json(const Call& call, const storage::Entity& entity);
// The members that Get... shows: those of listings, boundary, tags and last use.
Json entity_detail_json(const Call& call, const storage::Entity& entity);
// The members that Create... shows: the short ones, boundary and the tags of the request.
Json created_entity_json(const Call& call, const storage::Entity& entity);

// An instance profile with the role in it. No tags.
std::string instance_profile_arn(const storage::InstanceProfile& profile);
Json instance_profile_json(const Call& call, const storage::InstanceProfile& profile);

}  // namespace ecr::api::iam
