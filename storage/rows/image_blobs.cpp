// The blobs half of images.h: memberships of blobs in repositories, and the blobs themselves.
#include "storage/rows/images.h"
#include "storage/sql/time_column.h"

namespace ecr::storage {

std::optional<std::int64_t> find_blob(sql::Txn& txn, std::int64_t repository,
                                      std::string_view digest) {
  auto row = txn.query(
      R"(SELECT size FROM blobs
         WHERE digest = ?
           AND EXISTS (SELECT 1 FROM repository_blobs
                       WHERE repository_blobs.repository = ?
                         AND repository_blobs.digest = blobs.digest))",
      digest, repository);
  return row.next() ? std::optional(row.integer(0)) : std::nullopt;
}

std::optional<std::string> blob_media_type(sql::Txn& txn, std::int64_t repository,
                                           std::string_view digest) {
  auto row = txn.query(
      R"(SELECT media_type FROM image_blobs
         WHERE repository = ? AND digest = ? AND media_type <> '' LIMIT 1)",
      repository, digest);
  return row.next() ? std::optional(row.string(0)) : std::nullopt;
}

void add_blob(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
              std::int64_t size, base::TimePoint when) {
  txn.exec("INSERT INTO blobs (digest, size) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING",
           digest.text(), size);
  txn.exec(
      R"(INSERT INTO repository_blobs (repository, digest, needed_at) VALUES (?, ?, ?)
         ON CONFLICT (repository, digest) DO UPDATE SET needed_at = excluded.needed_at)",
      repository, digest.text(), to_column(when));
}

bool blob_is_in_use(sql::Txn& txn, std::int64_t repository, std::string_view digest) {
  return txn
      .query("SELECT 1 FROM image_blobs WHERE repository = ? AND digest = ? LIMIT 1", repository,
             digest)
      .next();
}

bool blob_is_archived(sql::Txn& txn, std::int64_t repository, std::string_view digest) {
  if (!blob_is_in_use(txn, repository, digest)) return false;
  return !txn.query(
                 R"(SELECT 1 FROM image_blobs JOIN images ON images.id = image_blobs.image
                    WHERE image_blobs.repository = ? AND image_blobs.digest = ?
                      AND images.status = 'ACTIVE' LIMIT 1)",
                 repository, digest)
              .next();
}

void remove_blob(sql::Txn& txn, std::int64_t repository, std::string_view digest) {
  txn.exec("DELETE FROM repository_blobs WHERE repository = ? AND digest = ?", repository, digest);
}

bool blob_is_known(sql::Txn& txn, std::string_view digest) {
  return txn.query("SELECT 1 FROM repository_blobs WHERE digest = ? LIMIT 1", digest).next();
}

std::vector<UnnamedBlob> unnamed_blobs(sql::Txn& txn, base::TimePoint before,
                                       const UnnamedBlob& after, std::int64_t limit) {
  std::vector<UnnamedBlob> blobs;
  for (auto row = txn.query(
           R"(SELECT repository, digest FROM repository_blobs
              WHERE (repository, digest) > (?, ?) AND needed_at < ?
                AND NOT EXISTS (SELECT 1 FROM image_blobs
                                WHERE image_blobs.repository = repository_blobs.repository
                                  AND image_blobs.digest = repository_blobs.digest)
              ORDER BY repository, digest LIMIT ?)",
           after.repository, after.digest, to_column(before), limit);
       row.next();) {
    blobs.push_back({row.integer(0), row.string(1)});
  }
  return blobs;
}

bool remove_unnamed_blob(sql::Txn& txn, const UnnamedBlob& blob, base::TimePoint before) {
  return txn.exec(
             R"(DELETE FROM repository_blobs
                WHERE repository = ? AND digest = ? AND needed_at < ?
                  AND NOT EXISTS (SELECT 1 FROM image_blobs
                                  WHERE image_blobs.repository = repository_blobs.repository
                                    AND image_blobs.digest = repository_blobs.digest))",
             blob.repository, blob.digest, to_column(before)) != 0;
}

std::vector<model::Digest> orphan_blobs(sql::Txn& txn, std::int64_t limit) {
  std::vector<model::Digest> orphans;
  for (auto row = txn.query(
           R"(SELECT digest FROM blobs
              WHERE NOT EXISTS (SELECT 1 FROM repository_blobs
                                WHERE repository_blobs.digest = blobs.digest)
              LIMIT ?)",
           limit);
       row.next();) {
    if (auto digest = model::Digest::parse(row.text(0))) orphans.push_back(std::move(*digest));
  }
  return orphans;
}

bool forget_orphan_blob(sql::Txn& txn, const model::Digest& digest) {
  return txn.exec(
             R"(DELETE FROM blobs
                WHERE digest = ? AND NOT EXISTS (SELECT 1 FROM repository_blobs
                                                 WHERE repository_blobs.digest = blobs.digest))",
             digest.text()) != 0;
}

}  // namespace ecr::storage
