// Targets of ECR actions as both planes build them: a repository with its tags and policies.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/core/access/gate.h"
#include "storage/rows/repositories.h"

namespace ecr::api {

// The action on a repository of that account and region. `repository` null: it does not exist
// (yet); the action is then decided on the ARN it would have.
Target make_repository_target(const Services& services, storage::sql::Txn& txn,
                              std::string_view action, std::string_view account,
                              std::string_view region, std::string_view name,
                              const storage::Repository* repository);

// Lets the registry's policy have its say in `target`, where its scope covers the action.
void attach_registry_policy(const Services& services, storage::sql::Txn& txn,
                            std::string_view account, std::string_view region, Target& target);

}  // namespace ecr::api
