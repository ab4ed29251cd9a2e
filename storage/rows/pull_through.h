// Rows of pull-through caches: rules, cached tags, and imports, which are manifests whose blobs are
// still being fetched. Free functions on Txn. Rules and origins are JSON that only the API reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "schemas/model/digest.h"
#include "schemas/model/registry_id.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct PullThroughRule {
  std::string prefix;  // without a slash at its end; "ROOT": for every name
  std::string body;    // JSON
  base::TimePoint created_at = {};
  base::TimePoint updated_at = {};
};

// False: there is one of that prefix already.
bool insert_pull_through_rule(sql::Txn& txn, const model::RegistryId& registry,
                              const PullThroughRule& row);
void update_pull_through_rule(sql::Txn& txn, const model::RegistryId& registry,
                              const PullThroughRule& row);
std::optional<PullThroughRule> find_pull_through_rule(sql::Txn& txn,
                                                      const model::RegistryId& registry,
                                                      std::string_view prefix);
void delete_pull_through_rule(sql::Txn& txn, const model::RegistryId& registry,
                              std::string_view prefix);
std::int64_t count_pull_through_rules(sql::Txn& txn, const model::RegistryId& registry);
// The rules by prefix, after `after` (exclusive), at most `limit`.
std::vector<PullThroughRule> list_pull_through_rules(sql::Txn& txn,
                                                     const model::RegistryId& registry,
                                                     std::string_view after, std::int64_t limit);

// A tag that came from an upstream registry. The cache keeps it up to date for as long as the
// repository's tag points to `digest`, or an import of `digest` is going on.
struct CachedTag {
  std::string tag;
  model::Digest digest;
  base::TimePoint check_at = {};  // when the upstream registry is asked again
};
void put_cached_tag(sql::Txn& txn, std::int64_t repository, const CachedTag& tag);
std::optional<CachedTag> find_cached_tag(sql::Txn& txn, std::int64_t repository,
                                         std::string_view tag);
void delete_cached_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag);
// True where any tag of the repository came from an upstream registry.
bool has_cached_tags(sql::Txn& txn, std::int64_t repository);
// The cached tags of the digest, sorted.
std::vector<std::string> cached_tags(sql::Txn& txn, std::int64_t repository,
                                     const model::Digest& digest);

// A config or layer that an import names.
struct ImportBlob {
  model::Digest digest;
  std::int64_t size = 0;
};
struct Import {
  std::int64_t repository = 0;
  model::Digest digest;
  std::string media_type;
  std::string origin;  // JSON
  bool child = false;  // of an index, and imported with it
  std::string manifest;
  // What the manifest names.
  std::vector<ImportBlob> blobs = {};
  std::vector<model::Digest> children = {};  // of an index
};
// Adds the import. If the digest has one already, only `child` may change: an import that was asked
// for on its own is no child any more.
void put_import(sql::Txn& txn, const Import& import);
// Returns the import without its blobs and children.
std::optional<Import> find_import(sql::Txn& txn, std::int64_t repository,
                                  const model::Digest& digest);
bool has_imports(sql::Txn& txn, std::int64_t repository);
bool is_importing(sql::Txn& txn, std::int64_t repository, const model::Digest& digest);
// The images that the import's index names, sorted.
std::vector<model::Digest> import_children(sql::Txn& txn, std::int64_t repository,
                                           const model::Digest& digest);
// The origin of an import whose index names the image; nullopt: none does.
std::optional<std::string> origin_of_child(sql::Txn& txn, std::int64_t repository,
                                           const model::Digest& digest);
struct PendingBlob {
  std::int64_t size = 0;
  std::string origin;  // JSON, of an import that names the blob
};
// nullopt: no import names the blob.
std::optional<PendingBlob> find_pending_blob(sql::Txn& txn, std::int64_t repository,
                                             const model::Digest& digest);
// True where the image is being imported as a child, and no import names it (any more).
bool is_left_over_import(sql::Txn& txn, std::int64_t repository, const model::Digest& digest);
void delete_import(sql::Txn& txn, std::int64_t repository, const model::Digest& digest);

}  // namespace ecr::storage
