#include "storage/images.h"

#include "storage/time_column.h"

namespace ecr::storage {

namespace {

// The columns of every SELECT of whole images, in order.
Image image_of(const sql::Rows& row) {
  Image image;
  image.digest = row.string(0);
  image.media_type = row.string(1);
  image.artifact_media_type = row.string(2);
  image.size_bytes = row.integer(3);
  image.pushed_at = from_column(row.integer(4));
  if (const auto pulled = row.optional_integer(5)) image.last_pulled_at = from_column(*pulled);
  image.subject = row.string(6);
  image.status = row.string(7);
  if (const auto archived = row.optional_integer(8))
    image.last_archived_at = from_column(*archived);
  if (const auto active = row.optional_integer(9)) image.last_activated_at = from_column(*active);
  return image;
}

std::vector<std::string> first_column(sql::Rows rows) {
  std::vector<std::string> values;
  while (rows.next()) values.push_back(rows.string(0));
  return values;
}

}  // namespace

void insert_image(sql::Txn& txn, std::int64_t repository, const Image& image,
                  std::string_view manifest) {
  txn.exec(
      R"(INSERT INTO images (repository, digest, media_type, artifact_media_type, size_bytes,
                             pushed_at, last_pulled_at, subject, status, last_archived_at,
                             last_activated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))",
      repository, image.digest, image.media_type, image.artifact_media_type, image.size_bytes,
      to_column(image.pushed_at), to_column(image.last_pulled_at), image.subject, image.status,
      to_column(image.last_archived_at), to_column(image.last_activated_at));
  const auto id = txn.last_insert_id();
  txn.exec("INSERT INTO image_manifests (image, manifest) VALUES (?, ?)", id, sql::Blob{manifest});
  // A manifest may name a blob twice (two equal layers).
  for (const auto& blob : image.blobs) {
    txn.exec(
        R"(INSERT INTO image_blobs (image, repository, digest, media_type) VALUES (?, ?, ?, ?)
           ON CONFLICT (image, digest) DO NOTHING)",
        id, repository, blob.digest, blob.media_type);
  }
  for (const auto& child : image.children) {
    txn.exec(
        R"(INSERT INTO image_children (image, repository, digest) VALUES (?, ?, ?)
           ON CONFLICT (image, digest) DO NOTHING)",
        id, repository, child);
  }
}

std::optional<Image> find_image(sql::Txn& txn, std::int64_t repository, std::string_view digest) {
  auto row = txn.query(
      R"(SELECT digest, media_type, artifact_media_type, size_bytes, pushed_at, last_pulled_at,
                subject, status, last_archived_at, last_activated_at
         FROM images WHERE repository = ? AND digest = ?)",
      repository, digest);
  return row.next() ? std::optional(image_of(row)) : std::nullopt;
}

std::optional<std::string> find_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag) {
  auto row =
      txn.query("SELECT digest FROM image_tags WHERE repository = ? AND tag = ?", repository, tag);
  return row.next() ? std::optional(row.string(0)) : std::nullopt;
}

std::optional<std::string> image_manifest(sql::Txn& txn, std::int64_t repository,
                                          std::string_view digest) {
  auto row = txn.query(
      R"(SELECT manifest FROM image_manifests
         WHERE image = (SELECT id FROM images WHERE repository = ? AND digest = ?))",
      repository, digest);
  return row.next() ? std::optional(std::string(row.blob(0))) : std::nullopt;
}

std::vector<std::string> image_tags(sql::Txn& txn, std::int64_t repository,
                                    std::string_view digest) {
  return first_column(
      txn.query("SELECT tag FROM image_tags WHERE repository = ? AND digest = ? ORDER BY tag",
                repository, digest));
}

std::vector<std::string> image_parents(sql::Txn& txn, std::int64_t repository,
                                       std::string_view digest) {
  return first_column(txn.query(
      R"(SELECT images.digest FROM images
         WHERE images.repository = ?
           AND images.id IN (SELECT image FROM image_children WHERE repository = ? AND digest = ?)
         ORDER BY images.digest)",
      repository, repository, digest));
}

std::int64_t count_tags(sql::Txn& txn, std::int64_t repository, std::string_view digest) {
  auto row = txn.query("SELECT COUNT(*) FROM image_tags WHERE repository = ? AND digest = ?",
                       repository, digest);
  row.next();
  return row.integer(0);
}

std::vector<std::pair<std::string, std::string>> tags_between(sql::Txn& txn,
                                                              std::int64_t repository,
                                                              std::string_view first,
                                                              std::string_view last) {
  std::vector<std::pair<std::string, std::string>> tags;
  for (auto row = txn.query(
           R"(SELECT digest, tag FROM image_tags
              WHERE repository = ? AND digest >= ? AND digest <= ?
              ORDER BY digest, tag)",
           repository, first, last);
       row.next();) {
    tags.emplace_back(row.text(0), row.text(1));
  }
  return tags;
}

void put_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag,
             std::string_view digest) {
  txn.exec(
      R"(INSERT INTO image_tags (repository, tag, digest) VALUES (?, ?, ?)
         ON CONFLICT (repository, tag) DO UPDATE SET digest = excluded.digest)",
      repository, tag, digest);
}

void delete_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag) {
  txn.exec("DELETE FROM image_tags WHERE repository = ? AND tag = ?", repository, tag);
}

void delete_image(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                  schemas::TimePoint now) {
  txn.exec(
      R"(UPDATE repository_blobs SET needed_at = ?
         WHERE repository = ?
           AND digest IN (SELECT image_blobs.digest FROM images
                          JOIN image_blobs ON image_blobs.image = images.id
                          WHERE images.repository = ? AND images.digest = ?))",
      to_column(now), repository, repository, digest);
  txn.exec("DELETE FROM images WHERE repository = ? AND digest = ?", repository, digest);
}

void touch_image_pull(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                      schemas::TimePoint when) {
  txn.exec("UPDATE images SET last_pulled_at = ? WHERE repository = ? AND digest = ?",
           to_column(when), repository, digest);
}

void archive_image(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                   schemas::TimePoint when) {
  txn.exec(
      R"(UPDATE images SET status = 'ARCHIVED', last_archived_at = ?
         WHERE repository = ? AND digest = ?)",
      to_column(when), repository, digest);
}

void restore_image(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                   schemas::TimePoint when) {
  txn.exec(
      R"(UPDATE images SET status = 'ACTIVE', last_activated_at = ?
         WHERE repository = ? AND digest = ?)",
      to_column(when), repository, digest);
}

bool has_images(sql::Txn& txn, std::int64_t repository) {
  return txn.query("SELECT 1 FROM images WHERE repository = ? LIMIT 1", repository).next();
}

namespace {

const char* list_images_sql(TagStatus status) {
  switch (status) {
    case TagStatus::kTagged:
      return R"(SELECT digest, media_type, artifact_media_type, size_bytes, pushed_at,
                       last_pulled_at, subject, status, last_archived_at, last_activated_at
                FROM images
                WHERE repository = ? AND digest > ? AND (? = 'ANY' OR status = ?)
                  AND EXISTS (SELECT 1 FROM image_tags
                              WHERE image_tags.repository = images.repository
                                AND image_tags.digest = images.digest)
                ORDER BY digest LIMIT ?)";
    case TagStatus::kUntagged:
      return R"(SELECT digest, media_type, artifact_media_type, size_bytes, pushed_at,
                       last_pulled_at, subject, status, last_archived_at, last_activated_at
                FROM images
                WHERE repository = ? AND digest > ? AND (? = 'ANY' OR status = ?)
                  AND NOT EXISTS (SELECT 1 FROM image_tags
                                  WHERE image_tags.repository = images.repository
                                    AND image_tags.digest = images.digest)
                ORDER BY digest LIMIT ?)";
    case TagStatus::kAny:
      break;
  }
  return R"(SELECT digest, media_type, artifact_media_type, size_bytes, pushed_at,
                   last_pulled_at, subject, status, last_archived_at, last_activated_at
            FROM images WHERE repository = ? AND digest > ? AND (? = 'ANY' OR status = ?)
            ORDER BY digest LIMIT ?)";
}

}  // namespace

std::vector<Image> list_images(sql::Txn& txn, std::int64_t repository, TagStatus status,
                               std::string_view after, std::int64_t limit,
                               std::string_view image_status) {
  std::vector<Image> images;
  for (auto row =
           txn.query(list_images_sql(status), repository, after, image_status, image_status, limit);
       row.next();) {
    images.push_back(image_of(row));
  }
  return images;
}

namespace {

// All three take (repository, after_digest, after_digest, after_tag, status, status, limit); an
// untagged image counts as (digest, "").
const char* list_image_ids_sql(TagStatus status) {
  switch (status) {
    case TagStatus::kTagged:
      return R"(SELECT digest, tag FROM image_tags
                WHERE repository = ? AND digest >= ? AND (digest > ? OR tag > ?)
                  AND (? = 'ANY' OR ? = (SELECT status FROM images
                                         WHERE images.repository = image_tags.repository
                                           AND images.digest = image_tags.digest))
                ORDER BY digest, tag LIMIT ?)";
    case TagStatus::kUntagged:
      return R"(SELECT digest, NULL FROM images
                WHERE repository = ? AND digest >= ? AND (digest > ? OR '' > ?)
                  AND (? = 'ANY' OR status = ?)
                  AND NOT EXISTS (SELECT 1 FROM image_tags
                                  WHERE image_tags.repository = images.repository
                                    AND image_tags.digest = images.digest)
                ORDER BY digest LIMIT ?)";
    case TagStatus::kAny:
      break;
  }
  return R"(SELECT images.digest, image_tags.tag
            FROM images LEFT JOIN image_tags
              ON image_tags.repository = images.repository AND image_tags.digest = images.digest
            WHERE images.repository = ? AND images.digest >= ?
              AND (images.digest > ? OR COALESCE(image_tags.tag, '') > ?)
              AND (? = 'ANY' OR images.status = ?)
            ORDER BY images.digest, image_tags.tag LIMIT ?)";
}

}  // namespace

std::vector<ImageId> list_image_ids(sql::Txn& txn, std::int64_t repository, TagStatus status,
                                    std::string_view after_digest, std::string_view after_tag,
                                    std::int64_t limit, std::string_view image_status) {
  std::vector<ImageId> ids;
  for (auto row = txn.query(list_image_ids_sql(status), repository, after_digest, after_digest,
                            after_tag, image_status, image_status, limit);
       row.next();) {
    ids.push_back({row.string(0), row.optional_string(1)});
  }
  return ids;
}

std::vector<std::string> list_tags(sql::Txn& txn, std::int64_t repository, std::string_view after,
                                   std::int64_t limit) {
  return first_column(
      txn.query("SELECT tag FROM image_tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?",
                repository, after, limit));
}

}  // namespace ecr::storage
