// Rows of repositories with their settings and policies. Free functions on Txn; they decide no rule
// of ECR's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/base/clock.h"
#include "schemas/model/registry_id.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/states.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct RepositorySettings {
  TagMutability tag_mutability = TagMutability::kMutable;
  std::vector<std::string> mutability_exclusions;  // WILDCARD filters
  bool scan_on_push = false;
  EncryptionType encryption_type = EncryptionType::kAes256;
  std::string kms_key;  // empty: none
};

struct Repository : RepositorySettings {
  Repository(model::RegistryId registry_, model::RepositoryName name_)
      : registry(std::move(registry_)), name(std::move(name_)) {}
  std::int64_t id = 0;
  model::RegistryId registry;
  model::RepositoryName name;
  base::TimePoint created_at;
  std::optional<std::string> policy;  // as it was given
};

// The columns that read_repository() reads, in order; for the files that read whole repositories.
inline constexpr sql::Literal kRepositoryColumns(
    "id, account, region, name, created_at, tag_mutability, mutability_exclusions, scan_on_push, "
    "encryption_type, kms_key, policy");
Repository read_repository(const sql::Rows& row);

// The id. nullopt: the name is taken (nothing changed).
std::optional<std::int64_t> insert_repository(sql::Txn& txn, const Repository& repository);
std::optional<Repository> find_repository(sql::Txn& txn, const model::RegistryId& registry,
                                          const model::RepositoryName& name);
std::optional<Repository> find_repository(sql::Txn& txn, std::int64_t id);
// The repositories by name, after `after` (exclusive), at most `limit`.
std::vector<Repository> list_repositories(sql::Txn& txn, const model::RegistryId& registry,
                                          std::string_view after, std::int64_t limit);
// Those of that name in any account and region, in the order of these, at most `limit`.
std::vector<Repository> find_repositories_named(sql::Txn& txn, const model::RepositoryName& name,
                                                std::size_t limit);
// Deletes everything in it too: images, tags, uploads, blob memberships.
void delete_repository(sql::Txn& txn, std::int64_t id);
// Tag mutability with its exclusions, and scan on push, as `settings` has them.
void set_repository_settings(sql::Txn& txn, std::int64_t id, const RepositorySettings& settings);
void set_repository_policy(sql::Txn& txn, std::int64_t id,
                           const std::optional<std::string>& policy);

}  // namespace ecr::storage
