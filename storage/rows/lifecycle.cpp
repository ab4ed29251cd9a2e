#include "storage/rows/lifecycle.h"

#include <string>

#include "storage/sql/columns.h"

namespace ecr::storage {
namespace {

constexpr sql::Literal kResultColumns(
    "position, digest, tags, pushed_at, storage_class, action, rule_priority");

// Tags are joined by line breaks, which no tag may hold (OCI distribution-spec, "Pulling
// manifests": [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}).
LifecyclePreviewResult read_result(const sql::Rows& row) {
  return {.digest = to_digest(row.text(1)),
          .position = row.integer(0),
          .tags = split_lines(row.text(2)),
          .pushed_at = from_column(row.integer(3)),
          .storage_class = value_of<StorageClass>(row.text(4)),
          .action = value_of<RuleAction>(row.text(5)),
          .rule_priority = row.integer(6)};
}

}  // namespace

// GetLifecyclePolicy reports the time of the last evaluation. A new text was never evaluated.
void put_lifecycle_policy(sql::Txn& txn, std::int64_t repository, std::string_view text) {
  txn.exec(
      R"(INSERT INTO lifecycle_policies (repository, policy, last_evaluated_at)
         VALUES (?, ?, NULL)
         ON CONFLICT (repository) DO UPDATE SET policy = excluded.policy,
                                                last_evaluated_at = NULL)",
      repository, text);
}

std::optional<LifecyclePolicy> find_lifecycle_policy(sql::Txn& txn, std::int64_t repository) {
  auto row = txn.query(
      "SELECT policy, last_evaluated_at FROM lifecycle_policies WHERE repository = ?", repository);
  if (!row.next()) return std::nullopt;
  return LifecyclePolicy{row.string(0), from_column(row.optional_integer(1))};
}

// Does nothing where the policy was deleted while it was evaluated.
void set_lifecycle_evaluated(sql::Txn& txn, std::int64_t repository, base::TimePoint when) {
  txn.exec("UPDATE lifecycle_policies SET last_evaluated_at = ? WHERE repository = ?",
           to_column(when), repository);
}

void delete_lifecycle_policy(sql::Txn& txn, std::int64_t repository) {
  txn.exec("DELETE FROM lifecycle_policies WHERE repository = ?", repository);
}

// ECR keeps one preview for each repository. The deletion takes the old results along. The text may
// differ from the repository's policy: StartLifecyclePolicyPreview takes one to try out.
void start_lifecycle_preview(sql::Txn& txn, std::int64_t repository, std::string_view text) {
  txn.exec("DELETE FROM lifecycle_previews WHERE repository = ?", repository);
  txn.exec(
      R"(INSERT INTO lifecycle_previews (repository, policy, status, expiring, transitioning)
         VALUES (?, ?, 'IN_PROGRESS', 0, 0))",
      repository, text);
}

std::optional<LifecyclePreview> find_lifecycle_preview(sql::Txn& txn, std::int64_t repository) {
  auto row = txn.query(
      R"(SELECT policy, status, expiring, transitioning FROM lifecycle_previews
         WHERE repository = ?)",
      repository);
  if (!row.next()) return std::nullopt;
  return LifecyclePreview{row.string(0), value_of<WorkStatus>(row.text(1)), row.integer(2),
                          row.integer(3)};
}

// The result holds copies of tags and times: it shows the images as they were when the preview ran,
// also where they have changed or gone since.
void add_lifecycle_preview_result(sql::Txn& txn, std::int64_t repository,
                                  const LifecyclePreviewResult& result) {
  txn.exec(
      R"(INSERT INTO lifecycle_preview_results
           (repository, position, digest, tags, pushed_at, storage_class, action, rule_priority)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?))",
      repository, result.position, result.digest, join_lines(result.tags),
      to_column(result.pushed_at), word_of(result.storage_class), word_of(result.action),
      result.rule_priority);
}

// The counts are kept beside the results, so that each page can report them without a count.
void finish_lifecycle_preview(sql::Txn& txn, std::int64_t repository,
                              const LifecyclePreview& preview) {
  txn.exec(
      R"(UPDATE lifecycle_previews SET status = ?, expiring = ?, transitioning = ?
         WHERE repository = ?)",
      word_of(preview.status), preview.expiring, preview.transitioning, repository);
}

namespace {

// One literal for each filter: statements are prepared once for each literal.
sql::Sql list_results_sql(TagStatus status) {
  static constexpr auto kAll =
      "SELECT " + kResultColumns +
      " FROM lifecycle_preview_results WHERE repository = ? AND position > ?";
  static constexpr auto kTagged = kAll + " AND tags <> '' ORDER BY position LIMIT ?";
  static constexpr auto kUntagged = kAll + " AND tags = '' ORDER BY position LIMIT ?";
  static constexpr auto kAny = kAll + " ORDER BY position LIMIT ?";
  switch (status) {
    case TagStatus::kTagged:
      return kTagged;
    case TagStatus::kUntagged:
      return kUntagged;
    case TagStatus::kAny:
      break;
  }
  return kAny;
}

}  // namespace

std::vector<LifecyclePreviewResult> list_lifecycle_preview_results(sql::Txn& txn,
                                                                   std::int64_t repository,
                                                                   TagStatus status,
                                                                   std::int64_t after,
                                                                   std::int64_t limit) {
  return sql::all_rows(txn.query(list_results_sql(status), repository, after, limit), read_result);
}

std::optional<LifecyclePreviewResult> find_lifecycle_preview_result(sql::Txn& txn,
                                                                    std::int64_t repository,
                                                                    const model::Digest& digest) {
  static constexpr auto kSql =
      "SELECT " + kResultColumns +
      " FROM lifecycle_preview_results WHERE repository = ? AND digest = ?";
  return sql::first_row(txn.query(kSql, repository, digest), read_result);
}

// All images at once, because each rule counts and compares over all images of the repository (ECR
// User Guide, "How lifecycle policies work"). Only the columns that rules ask for are read.
std::vector<LifecycleImage> lifecycle_images(sql::Txn& txn, std::int64_t repository) {
  std::vector<LifecycleImage> images;
  // Three queries side by side, all in the order of digests: no query for each image.
  auto tags = txn.query(
      "SELECT digest, tag FROM image_tags WHERE repository = ? ORDER BY digest, tag", repository);
  auto children = txn.query(
      R"(SELECT image_children.digest, images.digest
         FROM image_children JOIN images ON images.id = image_children.image
         WHERE image_children.repository = ? ORDER BY image_children.digest)",
      repository);
  bool more_tags = tags.next();
  bool more_children = children.next();
  for (auto row = txn.query(
           R"(SELECT digest, pushed_at, last_pulled_at, subject, status, last_archived_at,
                     last_activated_at
              FROM images WHERE repository = ? ORDER BY digest)",
           repository);
       row.next();) {
    LifecycleImage& entry = images.emplace_back(Image(to_digest(row.text(0))));
    Image& image = entry.image;
    const std::string& digest = image.digest.text();
    image.pushed_at = from_column(row.integer(1));
    image.last_pulled_at = from_column(row.optional_integer(2));
    image.subject = to_optional_digest(row.text(3));
    image.status = value_of<ImageStatus>(row.text(4));
    image.last_archived_at = from_column(row.optional_integer(5));
    image.last_activated_at = from_column(row.optional_integer(6));
    // Both sides compare by bytes: SQLite by its BINARY order, std::string_view as well. So the
    // three queries can be read side by side, each once.
    for (; more_tags && tags.text(0) <= digest; more_tags = tags.next()) {
      if (tags.text(0) == digest) entry.tags.push_back(tags.string(1));
    }
    for (; more_children && children.text(0) <= digest; more_children = children.next()) {
      if (children.text(0) == digest) entry.parents.push_back(to_digest(children.text(1)));
    }
  }
  return images;
}

}  // namespace ecr::storage
