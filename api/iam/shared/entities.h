// Users, groups and roles are made, listed, renamed and deleted alike.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api::iam {

// Stores it in the caller's account with the path and tags of the request, and sets the rest of the
// row. Throws EntityAlreadyExists.
void insert_new(Call& call, storage::Entity& entity);

// The page of the account's entities of that kind as output[member].
Json list_page(const Call& call, storage::EntityKind kind, const char* member);

// Gives it NewPath and the new name (empty: its own). Throws EntityAlreadyExists.
void rename(Call& call, storage::Entity& entity, const std::string& name);

// Throws DeleteConflict while it has inline or attached policies.
void refuse_policies_left(const Call& call, const storage::Entity& entity);

}  // namespace ecr::api::iam
