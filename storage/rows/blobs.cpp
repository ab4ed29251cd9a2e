#include "storage/rows/blobs.h"

#include "storage/sql/columns.h"

namespace ecr::storage {

// Asks for the membership row too: the digest alone must not give access to a blob of a repository
// that the client may not read (test Images.BlobIsVisibleOnlyWhereItIsAMember).
std::optional<std::int64_t> find_blob(sql::Txn& txn, std::int64_t repository,
                                      const model::Digest& digest) {
  return sql::first_integer(txn.query(
      R"(SELECT size FROM blobs
         WHERE digest = ?
           AND EXISTS (SELECT 1 FROM repository_blobs
                       WHERE repository_blobs.repository = ?
                         AND repository_blobs.digest = blobs.digest))",
      digest, repository));
}

// The registry protocol sends no type with a blob. ECR's BatchCheckLayerAvailability reports one,
// so it comes from a manifest. Where several manifests name the blob with types, any of them will
// do.
std::optional<std::string> blob_media_type(sql::Txn& txn, std::int64_t repository,
                                           const model::Digest& digest) {
  return sql::first_text(txn.query(
      R"(SELECT media_type FROM image_blobs
         WHERE repository = ? AND digest = ? AND media_type <> '' LIMIT 1)",
      repository, digest));
}

// There is one copy of a blob, however many repositories hold it. The time begins the grace of the
// collector (collector.h) anew, also where the repository held the blob already (test
// CollectorTest.APushOrMountOfTheSameBytesBeginsTheGraceAnew). REQUIRES: this transaction has seen
// the file of the blob or a membership of it (store.h, INVARIANT).
void add_blob(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
              std::int64_t size, base::TimePoint when) {
  txn.exec("INSERT INTO blobs (digest, size) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING", digest,
           size);
  txn.exec(
      R"(INSERT INTO repository_blobs (repository, digest, needed_at) VALUES (?, ?, ?)
         ON CONFLICT (repository, digest) DO UPDATE SET needed_at = excluded.needed_at)",
      repository, digest, to_column(when));
}

// Only images of this repository count: the same blob in another repository has its own membership
// row.
bool blob_is_in_use(sql::Txn& txn, std::int64_t repository, const model::Digest& digest) {
  return txn
      .query("SELECT 1 FROM image_blobs WHERE repository = ? AND digest = ? LIMIT 1", repository,
             digest)
      .next();
}

// ECR reports a layer as ARCHIVED where only archived images use it. A layer that no image uses yet
// belongs to a push that is going on, so it is not archived.
bool blob_is_archived(sql::Txn& txn, std::int64_t repository, const model::Digest& digest) {
  if (!blob_is_in_use(txn, repository, digest)) return false;
  return !txn.query(
                 R"(SELECT 1 FROM image_blobs JOIN images ON images.id = image_blobs.image
                    WHERE image_blobs.repository = ? AND image_blobs.digest = ?
                      AND images.status = 'ACTIVE' LIMIT 1)",
                 repository, digest)
              .next();
}

// The foreign key of image_blobs refuses this while an image names the blob, so a caller that
// forgot to ask cannot break the image.
void remove_blob(sql::Txn& txn, std::int64_t repository, const model::Digest& digest) {
  txn.exec("DELETE FROM repository_blobs WHERE repository = ? AND digest = ?", repository, digest);
}

// By the index repository_blobs_by_digest: no repository has to be read.
bool blob_is_known(sql::Txn& txn, const model::Digest& digest) {
  return txn.query("SELECT 1 FROM repository_blobs WHERE digest = ? LIMIT 1", digest).next();
}

// Goes on after the last row by a row value, which the primary key answers: a page costs the same
// at the start and at the end of a large table.
std::vector<UnreferencedBlob> unreferenced_blobs(sql::Txn& txn, base::TimePoint before,
                                                 const UnreferencedBlob& after,
                                                 std::int64_t limit) {
  std::vector<UnreferencedBlob> blobs;
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

// Asks for the same conditions as the list, which is of an older transaction: a push, a mount or a
// claim may have come since (tests CollectGarbage.BesidePushesLeavesNoRowWithoutAFile,
// BesideMountsLeavesNoRowWithoutAFile).
bool remove_unreferenced_blob(sql::Txn& txn, const UnreferencedBlob& blob, base::TimePoint before) {
  return txn.exec(
             R"(DELETE FROM repository_blobs
                WHERE repository = ? AND digest = ? AND needed_at < ?
                  AND NOT EXISTS (SELECT 1 FROM image_blobs
                                  WHERE image_blobs.repository = repository_blobs.repository
                                    AND image_blobs.digest = repository_blobs.digest))",
             blob.repository, blob.digest, to_column(before)) != 0;
}

// Reads the index of blobs from its start each time. That is enough: what a call returns is deleted
// before the next one.
std::vector<model::Digest> orphan_blobs(sql::Txn& txn, std::int64_t limit) {
  std::vector<model::Digest> orphans;
  for (auto row = txn.query(
           R"(SELECT digest FROM blobs
              WHERE NOT EXISTS (SELECT 1 FROM repository_blobs
                                WHERE repository_blobs.digest = blobs.digest)
              LIMIT ?)",
           limit);
       row.next();) {
    // A text that is no digest can only come from damage, and has no file; check.h reports it.
    if (auto digest = model::Digest::parse(row.text(0))) orphans.push_back(std::move(*digest));
  }
  return orphans;
}

// One statement asks and deletes, so nothing can come in between (test
// Images.OrphansAreDeletedOneByOneUnlessARepositoryHoldsThemAgain).
bool delete_orphan_blob(sql::Txn& txn, const model::Digest& digest) {
  return txn.exec(
             R"(DELETE FROM blobs
                WHERE digest = ? AND NOT EXISTS (SELECT 1 FROM repository_blobs
                                                 WHERE repository_blobs.digest = blobs.digest))",
             digest) != 0;
}

}  // namespace ecr::storage
