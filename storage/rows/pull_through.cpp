#include "storage/rows/pull_through.h"

#include "storage/sql/columns.h"

namespace ecr::storage {
namespace {

constexpr sql::Literal kRuleColumns("prefix, rule, created_at, updated_at");

// The rule is JSON that only the API reads, so a new field of ECR's rules needs no new column.
PullThroughRule read_rule(const sql::Rows& row) {
  return {row.string(0), row.string(1), from_column(row.integer(2)), from_column(row.integer(3))};
}

constexpr sql::Literal kImportColumns("repository, digest, media_type, origin, child, manifest");

Import read_import(const sql::Rows& row) {
  return {row.integer(0), to_digest(row.text(1)), row.string(2),
          row.string(3),  row.integer(4) != 0,    std::string(row.blob(5))};
}

}  // namespace

// A prefix is unique in its registry: ECR answers PullThroughCacheRuleAlreadyExists.
bool insert_pull_through_rule(sql::Txn& txn, const model::RegistryId& registry,
                              const PullThroughRule& row) {
  return txn.exec(
             R"(INSERT INTO pull_through_rules
                  (account, region, prefix, rule, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (account, region, prefix) DO NOTHING)",
             registry.account, registry.region, row.prefix, row.body, to_column(row.created_at),
             to_column(row.updated_at)) > 0;
}

// The prefix and created_at stay: ECR's UpdatePullThroughCacheRule cannot change them.
void update_pull_through_rule(sql::Txn& txn, const model::RegistryId& registry,
                              const PullThroughRule& row) {
  txn.exec(
      R"(UPDATE pull_through_rules SET rule = ?, updated_at = ?
         WHERE account = ? AND region = ? AND prefix = ?)",
      row.body, to_column(row.updated_at), registry.account, registry.region, row.prefix);
}

std::optional<PullThroughRule> find_pull_through_rule(sql::Txn& txn,
                                                      const model::RegistryId& registry,
                                                      std::string_view prefix) {
  static constexpr auto kSql =
      "SELECT " + kRuleColumns +
      " FROM pull_through_rules WHERE account = ? AND region = ? AND prefix = ?";
  return sql::first_row(txn.query(kSql, registry.account, registry.region, prefix), read_rule);
}

// The repositories that the rule filled stay, with their images, as in ECR.
void delete_pull_through_rule(sql::Txn& txn, const model::RegistryId& registry,
                              std::string_view prefix) {
  txn.exec("DELETE FROM pull_through_rules WHERE account = ? AND region = ? AND prefix = ?",
           registry.account, registry.region, prefix);
}

// For the quota of rules in a registry (Amazon ECR service quotas: 50).
std::int64_t count_pull_through_rules(sql::Txn& txn, const model::RegistryId& registry) {
  return sql::only_integer(
      txn.query("SELECT count(*) FROM pull_through_rules WHERE account = ? AND region = ?",
                registry.account, registry.region));
}

std::vector<PullThroughRule> list_pull_through_rules(sql::Txn& txn,
                                                     const model::RegistryId& registry,
                                                     std::string_view after, std::int64_t limit) {
  static constexpr auto kSql = "SELECT " + kRuleColumns +
                               " FROM pull_through_rules WHERE account = ? AND region = ? AND "
                               "prefix > ? ORDER BY prefix LIMIT ?";
  return sql::all_rows(txn.query(kSql, registry.account, registry.region, after, limit), read_rule);
}

// check_at bounds how often the upstream is asked. ECR asked at most once in 24 hours (ECR User
// Guide of 2022, "Using pull through cache rules"; the newer guide says at least once).
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
  return CachedTag{row.string(0), to_digest(row.text(1)), from_column(row.integer(2))};
}

// From here on the cache does not move the tag.
void delete_cached_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag) {
  txn.exec("DELETE FROM pull_through_tags WHERE repository = ? AND tag = ?", repository, tag);
}

bool has_cached_tags(sql::Txn& txn, std::int64_t repository) {
  return txn.query("SELECT 1 FROM pull_through_tags WHERE repository = ? LIMIT 1", repository)
      .next();
}

// By the index pull_through_tags_by_digest: when an import ends, all tags that wait for its digest
// move at once.
std::vector<std::string> cached_tags(sql::Txn& txn, std::int64_t repository,
                                     const model::Digest& digest) {
  return sql::all_texts(txn.query(
      "SELECT tag FROM pull_through_tags WHERE repository = ? AND digest = ? ORDER BY tag",
      repository, digest));
}

// An import that a client asked for by its own name stays so, also where an index names it later.
// The manifest is kept with the import, because a tag upstream may point elsewhere when the import
// goes on after a restart.
void put_import(sql::Txn& txn, const Import& import) {
  txn.exec(
      R"(INSERT INTO pull_through_imports
           (repository, digest, media_type, origin, child, manifest)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (repository, digest) DO UPDATE SET
           child = CASE WHEN excluded.child = 0 THEN 0 ELSE child END)",
      import.repository, import.digest, import.media_type, import.origin, import.child,
      sql::Blob{import.manifest});
  // The same digest names the same blobs and children: those of an import that is there stay.
  for (const ImportBlob& blob : import.blobs) {
    txn.exec(
        R"(INSERT INTO pull_through_import_blobs (repository, import, digest, size)
           VALUES (?, ?, ?, ?) ON CONFLICT (repository, import, digest) DO NOTHING)",
        import.repository, import.digest, blob.digest, blob.size);
  }
  for (const model::Digest& child : import.children) {
    txn.exec(
        R"(INSERT INTO pull_through_import_children (repository, import, digest)
           VALUES (?, ?, ?) ON CONFLICT (repository, import, digest) DO NOTHING)",
        import.repository, import.digest, child);
  }
}

std::optional<Import> find_import(sql::Txn& txn, std::int64_t repository,
                                  const model::Digest& digest) {
  static constexpr auto kSql =
      "SELECT " + kImportColumns + " FROM pull_through_imports WHERE repository = ? AND digest = ?";
  return sql::first_row(txn.query(kSql, repository, digest), read_import);
}

// One look into an index. A pull by digest of an image that is not stored asks this first, and
// nearly always ends here.
bool has_imports(sql::Txn& txn, std::int64_t repository) {
  return txn.query("SELECT 1 FROM pull_through_imports WHERE repository = ? LIMIT 1", repository)
      .next();
}

bool is_importing(sql::Txn& txn, std::int64_t repository, const model::Digest& digest) {
  return txn
      .query("SELECT 1 FROM pull_through_imports WHERE repository = ? AND digest = ?", repository,
             digest)
      .next();
}

std::vector<model::Digest> import_children(sql::Txn& txn, std::int64_t repository,
                                           const model::Digest& digest) {
  return all_digests(txn.query(
      R"(SELECT digest FROM pull_through_import_children
         WHERE repository = ? AND import = ? ORDER BY digest)",
      repository, digest));
}

// Both look-ups are for pulls, which are answered on an io thread: they read one row of an index
// and no manifest. Several imports may name the image or blob; any of them will do.
std::optional<std::string> origin_of_child(sql::Txn& txn, std::int64_t repository,
                                           const model::Digest& digest) {
  return sql::first_text(txn.query(
      R"(SELECT imports.origin
         FROM pull_through_import_children AS children
         JOIN pull_through_imports AS imports
           ON imports.repository = children.repository AND imports.digest = children.import
         WHERE children.repository = ? AND children.digest = ? LIMIT 1)",
      repository, digest));
}

std::optional<PendingBlob> find_pending_blob(sql::Txn& txn, std::int64_t repository,
                                             const model::Digest& digest) {
  auto row = txn.query(
      R"(SELECT blobs.size, imports.origin
         FROM pull_through_import_blobs AS blobs
         JOIN pull_through_imports AS imports
           ON imports.repository = blobs.repository AND imports.digest = blobs.import
         WHERE blobs.repository = ? AND blobs.digest = ? LIMIT 1)",
      repository, digest);
  if (!row.next()) return std::nullopt;
  return PendingBlob{row.integer(0), row.string(1)};
}

// A child that another import's index names belongs to that import, too.
bool is_left_over_import(sql::Txn& txn, std::int64_t repository, const model::Digest& digest) {
  return txn
      .query(
          R"(SELECT 1 FROM pull_through_imports AS imports
             WHERE imports.repository = ? AND imports.digest = ? AND imports.child = 1
               AND NOT EXISTS (SELECT 1 FROM pull_through_import_children AS children
                               WHERE children.repository = imports.repository
                                 AND children.digest = imports.digest))",
          repository, digest)
      .next();
}

// The foreign keys delete the rows of what it names.
void delete_import(sql::Txn& txn, std::int64_t repository, const model::Digest& digest) {
  txn.exec("DELETE FROM pull_through_imports WHERE repository = ? AND digest = ?", repository,
           digest);
}

}  // namespace ecr::storage
