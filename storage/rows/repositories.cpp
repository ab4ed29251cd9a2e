#include "storage/rows/repositories.h"

#include "storage/sql/lines_column.h"
#include "storage/sql/time_column.h"

namespace ecr::storage {

namespace {

// The columns of every SELECT below, in order.
Repository repository_of(const sql::Rows& row) {
  Repository repository;
  repository.id = row.integer(0);
  repository.account = row.string(1);
  repository.region = row.string(2);
  repository.name = row.string(3);
  repository.created_at = from_column(row.integer(4));
  repository.tag_mutability = row.string(5);
  repository.mutability_exclusions = split_lines(row.text(6));
  repository.scan_on_push = row.integer(7) != 0;
  repository.encryption_type = row.string(8);
  repository.kms_key = row.string(9);
  repository.policy = row.optional_string(10);
  return repository;
}

}  // namespace

std::optional<std::int64_t> insert_repository(sql::Txn& txn, const Repository& repository) {
  const auto inserted = txn.exec(
      R"(INSERT INTO repositories (account, region, name, created_at, tag_mutability,
                                   mutability_exclusions, scan_on_push, encryption_type, kms_key,
                                   policy)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (account, region, name) DO NOTHING)",
      repository.account, repository.region, repository.name, to_column(repository.created_at),
      repository.tag_mutability, join_lines(repository.mutability_exclusions),
      repository.scan_on_push, repository.encryption_type, repository.kms_key, repository.policy);
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

std::optional<Repository> find_repository(sql::Txn& txn, std::string_view account,
                                          std::string_view region, std::string_view name) {
  auto row = txn.query(
      R"(SELECT id, account, region, name, created_at, tag_mutability, mutability_exclusions,
                scan_on_push, encryption_type, kms_key, policy
         FROM repositories WHERE account = ? AND region = ? AND name = ?)",
      account, region, name);
  return row.next() ? std::optional(repository_of(row)) : std::nullopt;
}

std::optional<Repository> find_repository(sql::Txn& txn, std::int64_t id) {
  auto row = txn.query(
      R"(SELECT id, account, region, name, created_at, tag_mutability, mutability_exclusions,
                scan_on_push, encryption_type, kms_key, policy
         FROM repositories WHERE id = ?)",
      id);
  return row.next() ? std::optional(repository_of(row)) : std::nullopt;
}

std::vector<Repository> list_repositories(sql::Txn& txn, std::string_view account,
                                          std::string_view region, std::string_view after,
                                          std::int64_t limit) {
  std::vector<Repository> repositories;
  for (auto row = txn.query(
           R"(SELECT id, account, region, name, created_at, tag_mutability, mutability_exclusions,
                     scan_on_push, encryption_type, kms_key, policy
              FROM repositories WHERE account = ? AND region = ? AND name > ?
              ORDER BY name LIMIT ?)",
           account, region, after, limit);
       row.next();) {
    repositories.push_back(repository_of(row));
  }
  return repositories;
}

void delete_repository(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM repositories WHERE id = ?", id);
}

void set_repository_settings(sql::Txn& txn, std::int64_t id, const Repository& settings) {
  txn.exec(
      R"(UPDATE repositories SET tag_mutability = ?, mutability_exclusions = ?, scan_on_push = ?
         WHERE id = ?)",
      settings.tag_mutability, join_lines(settings.mutability_exclusions), settings.scan_on_push,
      id);
}

void set_repository_policy(sql::Txn& txn, std::int64_t id,
                           const std::optional<std::string>& policy) {
  txn.exec("UPDATE repositories SET policy = ? WHERE id = ?", policy, id);
}

Tags repository_tags(sql::Txn& txn, std::int64_t id) {
  Tags tags;
  for (auto row = txn.query(
           "SELECT key, value FROM repository_tags WHERE repository = ? ORDER BY key", id);
       row.next();) {
    tags.emplace_back(row.text(0), row.text(1));
  }
  return tags;
}

void put_repository_tag(sql::Txn& txn, std::int64_t id, std::string_view key,
                        std::string_view value) {
  txn.exec(
      R"(INSERT INTO repository_tags (repository, key, value) VALUES (?, ?, ?)
         ON CONFLICT (repository, key) DO UPDATE SET value = excluded.value)",
      id, key, value);
}

void remove_repository_tag(sql::Txn& txn, std::int64_t id, std::string_view key) {
  txn.exec("DELETE FROM repository_tags WHERE repository = ? AND key = ?", id, key);
}

}  // namespace ecr::storage
