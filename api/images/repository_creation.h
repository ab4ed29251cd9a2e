// Repositories that no CreateRepository call asked for: created by a push, a replication or a pull
// through cache, as the registry's creation templates say. Source: ECR User Guide, "Templates to
// control repositories created during a pull through cache, create on push, or replication action".
#pragma once

#include <optional>

#include "api/core/services.h"
#include "schemas/model/registry_id.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/registry_settings.h"
#include "storage/rows/repositories.h"

namespace ecr::api {

// Which repository: also one that does not exist (yet).
struct RepositoryKey {
  model::RegistryId registry;
  model::RepositoryName name;
};

}  // namespace ecr::api

namespace ecr::api::creation {

enum class Reason { kPush, kReplication, kPullThroughCache };

// The template that applies to a repository of that name: of those made for the reason, the one of
// the most specific prefix. nullopt: none; a push then creates nothing.
std::optional<storage::CreationTemplate> find_template(storage::sql::Txn& txn,
                                                       const model::RegistryId& registry,
                                                       const model::RepositoryName& name,
                                                       Reason reason);

// Creates it: with its settings, tags, policy and lifecycle policy as the template has them, with
// ECR's defaults where there is none. REQUIRES: a write transaction; the name is not
// taken; the caller has been authorized.
storage::Repository create_repository(const Core& core, storage::sql::Txn& txn,
                                      const RepositoryKey& wanted,
                                      const std::optional<storage::CreationTemplate>& as,
                                      base::TimePoint now);

}  // namespace ecr::api::creation
