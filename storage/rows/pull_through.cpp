#include "storage/rows/pull_through.h"

#include "storage/sql/time_column.h"

namespace ecr::storage {
namespace {

// The columns of every SELECT of rules, in order.
PullThroughRule rule_of(const sql::Rows& row) {
  return {row.string(0), row.string(1), from_column(row.integer(2)), from_column(row.integer(3))};
}

// The columns of every SELECT of imports, in order.
Import import_of(const sql::Rows& row) {
  return {row.integer(0), row.string(1),       row.string(2),
          row.string(3),  row.integer(4) != 0, std::string(row.blob(5))};
}

}  // namespace

bool insert_pull_through_rule(sql::Txn& txn, std::string_view account, std::string_view region,
                              const PullThroughRule& row) {
  return txn.exec(
             R"(INSERT INTO pull_through_rules
                  (account, region, prefix, rule, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (account, region, prefix) DO NOTHING)",
             account, region, row.prefix, row.body, to_column(row.created_at),
             to_column(row.updated_at)) > 0;
}

void update_pull_through_rule(sql::Txn& txn, std::string_view account, std::string_view region,
                              const PullThroughRule& row) {
  txn.exec(
      R"(UPDATE pull_through_rules SET rule = ?, updated_at = ?
         WHERE account = ? AND region = ? AND prefix = ?)",
      row.body, to_column(row.updated_at), account, region, row.prefix);
}

std::optional<PullThroughRule> find_pull_through_rule(sql::Txn& txn, std::string_view account,
                                                      std::string_view region,
                                                      std::string_view prefix) {
  auto row = txn.query(
      R"(SELECT prefix, rule, created_at, updated_at FROM pull_through_rules
         WHERE account = ? AND region = ? AND prefix = ?)",
      account, region, prefix);
  return row.next() ? std::optional(rule_of(row)) : std::nullopt;
}

void delete_pull_through_rule(sql::Txn& txn, std::string_view account, std::string_view region,
                              std::string_view prefix) {
  txn.exec("DELETE FROM pull_through_rules WHERE account = ? AND region = ? AND prefix = ?",
           account, region, prefix);
}

std::int64_t count_pull_through_rules(sql::Txn& txn, std::string_view account,
                                      std::string_view region) {
  auto row = txn.query("SELECT count(*) FROM pull_through_rules WHERE account = ? AND region = ?",
                       account, region);
  row.next();
  return row.integer(0);
}

std::vector<PullThroughRule> list_pull_through_rules(sql::Txn& txn, std::string_view account,
                                                     std::string_view region,
                                                     std::string_view after, std::int64_t limit) {
  std::vector<PullThroughRule> rules;
  for (auto row = txn.query(
           R"(SELECT prefix, rule, created_at, updated_at FROM pull_through_rules
              WHERE account = ? AND region = ? AND prefix > ? ORDER BY prefix LIMIT ?)",
           account, region, after, limit);
       row.next();) {
    rules.push_back(rule_of(row));
  }
  return rules;
}

void put_cached_tag(sql::Txn& txn, std::int64_t repository, const CachedTag& tag) {
  txn.exec(
      R"(INSERT INTO pull_through_tags (repository, tag, digest, check_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (repository, tag) DO UPDATE SET
           digest = excluded.digest, check_at = excluded.check_at)",
      repository, tag.tag, tag.digest, to_column(tag.check_at));
}

std::optional<CachedTag> find_cached_tag(sql::Txn& txn, std::int64_t repository,
                                         std::string_view tag) {
  auto row = txn.query(
      "SELECT tag, digest, check_at FROM pull_through_tags WHERE repository = ? AND tag = ?",
      repository, tag);
  if (!row.next()) return std::nullopt;
  return CachedTag{row.string(0), row.string(1), from_column(row.integer(2))};
}

void delete_cached_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag) {
  txn.exec("DELETE FROM pull_through_tags WHERE repository = ? AND tag = ?", repository, tag);
}

std::vector<std::string> cached_tags(sql::Txn& txn, std::int64_t repository,
                                     std::string_view digest) {
  std::vector<std::string> tags;
  for (auto row = txn.query(
           "SELECT tag FROM pull_through_tags WHERE repository = ? AND digest = ? ORDER BY tag",
           repository, digest);
       row.next();) {
    tags.push_back(row.string(0));
  }
  return tags;
}

void put_import(sql::Txn& txn, const Import& import) {
  txn.exec(
      R"(INSERT INTO pull_through_imports
           (repository, digest, media_type, origin, child, manifest)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (repository, digest) DO UPDATE SET
           child = CASE WHEN excluded.child = 0 THEN 0 ELSE child END)",
      import.repository, import.digest, import.media_type, import.origin, import.child,
      sql::Blob{import.manifest});
}

std::optional<Import> find_import(sql::Txn& txn, std::int64_t repository, std::string_view digest) {
  auto row = txn.query(
      R"(SELECT repository, digest, media_type, origin, child, manifest
         FROM pull_through_imports WHERE repository = ? AND digest = ?)",
      repository, digest);
  return row.next() ? std::optional(import_of(row)) : std::nullopt;
}

bool has_imports(sql::Txn& txn, std::int64_t repository) {
  return txn.query("SELECT 1 FROM pull_through_imports WHERE repository = ? LIMIT 1", repository)
      .next();
}

std::vector<Import> list_imports(sql::Txn& txn, std::int64_t repository) {
  std::vector<Import> imports;
  for (auto row = txn.query(
           R"(SELECT repository, digest, media_type, origin, child, manifest
              FROM pull_through_imports WHERE repository = ? ORDER BY digest)",
           repository);
       row.next();) {
    imports.push_back(import_of(row));
  }
  return imports;
}

void delete_import(sql::Txn& txn, std::int64_t repository, std::string_view digest) {
  txn.exec("DELETE FROM pull_through_imports WHERE repository = ? AND digest = ?", repository,
           digest);
}

}  // namespace ecr::storage
