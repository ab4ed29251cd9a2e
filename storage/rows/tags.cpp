#include "storage/rows/tags.h"

namespace ecr::storage {

namespace {

std::pair<std::string, std::string> read_tag(const sql::Rows& row) {
  return {row.string(0), row.string(1)};
}

}  // namespace

// Sorted by key in bytes, as the API lists them.
Tags repository_tags(sql::Txn& txn, std::int64_t id) {
  return sql::all_rows(
      txn.query("SELECT key, value FROM repository_tags WHERE repository = ? ORDER BY key", id),
      read_tag);
}

// A key that is there already gets the new value, as in ECR's TagResource.
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

// By the row of the user or role and not by ARN, so that tags stay when the user gets another name
// or path.
Tags entity_tags(sql::Txn& txn, std::int64_t id) {
  return sql::all_rows(
      txn.query("SELECT key, value FROM entity_tags WHERE entity = ? ORDER BY key", id), read_tag);
}

void put_entity_tag(sql::Txn& txn, std::int64_t id, std::string_view key, std::string_view value) {
  txn.exec(
      R"(INSERT INTO entity_tags (entity, key, value) VALUES (?, ?, ?)
         ON CONFLICT (entity, key) DO UPDATE SET value = excluded.value)",
      id, key, value);
}

void remove_entity_tag(sql::Txn& txn, std::int64_t id, std::string_view key) {
  txn.exec("DELETE FROM entity_tags WHERE entity = ? AND key = ?", id, key);
}

// For the seed file, which replaces all tags; a deleted entity loses its own by the foreign key.
void remove_entity_tags(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM entity_tags WHERE entity = ?", id);
}

// By ARN and without a foreign key: the caller removes the tags of a resource that it deletes.
Tags resource_tags(sql::Txn& txn, std::string_view arn) {
  return sql::all_rows(
      txn.query("SELECT key, value FROM resource_tags WHERE arn = ? ORDER BY key", arn), read_tag);
}

void put_resource_tag(sql::Txn& txn, std::string_view arn, std::string_view key,
                      std::string_view value) {
  txn.exec(
      R"(INSERT INTO resource_tags (arn, key, value) VALUES (?, ?, ?)
         ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value)",
      arn, key, value);
}

void remove_resource_tag(sql::Txn& txn, std::string_view arn, std::string_view key) {
  txn.exec("DELETE FROM resource_tags WHERE arn = ? AND key = ?", arn, key);
}

void remove_resource_tags(sql::Txn& txn, std::string_view arn) {
  txn.exec("DELETE FROM resource_tags WHERE arn = ?", arn);
}

}  // namespace ecr::storage
