#include "storage/rows/repositories.h"

#include "storage/sql/columns.h"

namespace ecr::storage {

// The filters of mutability_exclusions hold letters, digits and "._*-" (the pattern in ECR's API
// model), so a line break can part them.
Repository read_repository(const sql::Rows& row) {
  Repository repository({row.string(1), row.string(2)}, to_repository_name(row.text(3)));
  repository.id = row.integer(0);
  repository.created_at = from_column(row.integer(4));
  repository.tag_mutability = value_of<TagMutability>(row.text(5));
  repository.mutability_exclusions = split_lines(row.text(6));
  repository.scan_on_push = row.integer(7) != 0;
  repository.encryption_type = value_of<EncryptionType>(row.text(8));
  repository.kms_key = row.string(9);
  repository.policy = row.optional_string(10);
  return repository;
}

// Two requests may create a name at once: the unique index decides, and the second one gets
// nullopt.
std::optional<std::int64_t> insert_repository(sql::Txn& txn, const Repository& repository) {
  const auto inserted = txn.exec(
      R"(INSERT INTO repositories (account, region, name, created_at, tag_mutability,
                                   mutability_exclusions, scan_on_push, encryption_type, kms_key,
                                   policy)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (account, region, name) DO NOTHING)",
      repository.registry.account, repository.registry.region, repository.name,
      to_column(repository.created_at), word_of(repository.tag_mutability),
      join_lines(repository.mutability_exclusions), repository.scan_on_push,
      word_of(repository.encryption_type), repository.kms_key, repository.policy);
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

std::optional<Repository> find_repository(sql::Txn& txn, const model::RegistryId& registry,
                                          const model::RepositoryName& name) {
  static constexpr auto kSql = "SELECT " + kRepositoryColumns +
                               " FROM repositories WHERE account = ? AND region = ? AND name = ?";
  return sql::first_row(txn.query(kSql, registry.account, registry.region, name), read_repository);
}

std::optional<Repository> find_repository(sql::Txn& txn, std::int64_t id) {
  static constexpr auto kSql = "SELECT " + kRepositoryColumns + " FROM repositories WHERE id = ?";
  return sql::first_row(txn.query(kSql, id), read_repository);
}

// The page token is the last name, so a repository that is created or deleted between two pages
// neither repeats nor hides another (test
// Repositories.ListGoesPageByPageThroughOneAccountAndRegion).
std::vector<Repository> list_repositories(sql::Txn& txn, const model::RegistryId& registry,
                                          std::string_view after, std::int64_t limit) {
  static constexpr auto kSql =
      "SELECT " + kRepositoryColumns +
      " FROM repositories WHERE account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?";
  return sql::all_rows(txn.query(kSql, registry.account, registry.region, after, limit),
                       read_repository);
}

// No index begins with the name. The one that there is leads from each registry to the next, of
// which there are few, and answers for each.
std::vector<Repository> find_repositories_named(sql::Txn& txn, const model::RepositoryName& name,
                                                std::size_t limit) {
  static constexpr auto kNextSql = "SELECT " + kRepositoryColumns +
                                   " FROM repositories WHERE (account, region) > (?, ?)"
                                   " ORDER BY account, region LIMIT 1";
  constexpr int kMostRegistries = 10'000;
  std::vector<Repository> found;
  model::RegistryId registry;
  for (int i = 0; i < kMostRegistries && found.size() < limit; ++i) {
    const auto next =
        sql::first_row(txn.query(kNextSql, registry.account, registry.region), read_repository);
    if (!next) break;
    registry = next->registry;
    if (auto here = find_repository(txn, registry, name)) found.push_back(std::move(*here));
  }
  return found;
}

// The foreign keys delete everything in it. The files of its blobs stay until no other repository
// holds them (Store::remove_orphan_blobs); the caller discards those of its uploads. (Test
// Repositories.DeletionTakesEverythingInIt.)
void delete_repository(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM repositories WHERE id = ?", id);
}

// Encryption is not among them: it is chosen when the repository is created and cannot be changed
// (ECR User Guide, "Encryption at rest").
void set_repository_settings(sql::Txn& txn, std::int64_t id, const RepositorySettings& settings) {
  txn.exec(
      R"(UPDATE repositories SET tag_mutability = ?, mutability_exclusions = ?, scan_on_push = ?
         WHERE id = ?)",
      word_of(settings.tag_mutability), join_lines(settings.mutability_exclusions),
      settings.scan_on_push, id);
}

// A deleted policy is NULL and not an empty text: GetRepositoryPolicy then answers
// RepositoryPolicyNotFound.
void set_repository_policy(sql::Txn& txn, std::int64_t id,
                           const std::optional<std::string>& policy) {
  txn.exec("UPDATE repositories SET policy = ? WHERE id = ?", policy, id);
}

}  // namespace ecr::storage
