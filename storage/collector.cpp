#include "storage/collector.h"

#include <utility>
#include <vector>

#include "storage/rows/blobs.h"
#include "storage/rows/uploads.h"
#include "storage/sql/columns.h"

namespace ecr::storage {

namespace {

using sql::Access;
using sql::Durability;

// Rows of one write transaction. It keeps pushes waiting, so it must be short (test
// CollectorTest.TenThousandAbandonedUploadsGoInManyShortTransactions).
constexpr std::int64_t kCollectedAtOnce = 128;

// Removes the rows of those uploads that no request is using, then their files. A request for one
// of them meanwhile is told that another request has it.
std::int64_t remove_abandoned(Store& store, const std::vector<Upload>& uploads,
                              base::TimePoint before) {
  std::vector<UploadSessions::Lease> taken;
  sql::Txn txn = store.database().begin(Access::kWrite);
  for (const Upload& upload : uploads) {
    // seize() never waits, so it cannot hang with the writer held. The row is asked again, because
    // a request may have gone on with the upload since the list was read. A lease that is not taken
    // is given back here.
    auto lease = store.uploads().seize(upload.id);
    if (lease && delete_abandoned_upload(txn, upload.id, before)) {
      taken.push_back(std::move(*lease));
    }
  }
  txn.commit();
  // The row is gone before its file. A crash in between leaves a file that the sweep at start
  // removes (test CollectorTest.AnAbandonedUploadGoesWithItsFile).
  for (auto& lease : taken) lease.finish();
  return static_cast<std::int64_t>(taken.size());
}

// Each page is read in its own transaction and begins after the last one, so an upload that could
// not be removed is not met twice.
std::int64_t collect_uploads(Store& store, base::TimePoint before) {
  std::int64_t removed = 0;
  Upload last;
  last.active_at = base::TimePoint::min();
  for (;;) {
    std::vector<Upload> uploads;
    {
      sql::Txn txn = store.database().begin(Access::kRead);
      uploads = abandoned_uploads(txn, before, last, kCollectedAtOnce);
    }
    if (uploads.empty()) return removed;
    removed += remove_abandoned(store, uploads, before);
    last = uploads.back();
  }
}

// Takes blobs out of repositories; their files stay. A power loss may undo that, and does no harm:
// the commit that removes a file (Store::remove_orphan_blobs) is durable, and with it all before
// it.
std::int64_t collect_unreferenced(Store& store, base::TimePoint before) {
  std::int64_t removed = 0;
  UnreferencedBlob last;
  for (;;) {
    std::vector<UnreferencedBlob> blobs;
    {
      sql::Txn txn = store.database().begin(Access::kRead);
      blobs = unreferenced_blobs(txn, before, last, kCollectedAtOnce);
    }
    if (blobs.empty()) return removed;
    sql::Txn txn = store.database().begin(Access::kWrite);
    for (const UnreferencedBlob& blob : blobs)
      removed += remove_unreferenced_blob(txn, blob, before) ? 1 : 0;
    txn.commit(Durability::kRelaxed);
    last = std::move(blobs.back());
  }
}

}  // namespace

// Uploads and memberships first: they may make the blobs that the last step removes.
Collected collect_garbage(Store& store, base::TimePoint before) {
  Collected collected;
  collected.uploads = collect_uploads(store, before);
  collected.unreferenced = collect_unreferenced(store, before);
  const Store::Removed removed = store.remove_orphan_blobs();
  collected.blobs = removed.blobs;
  collected.bytes = removed.bytes;
  return collected;
}

// Half of the grace is what claim_blob() promises. A claim in the first half finds enough time left
// and writes nothing (tests CollectorTest.AClientThatWasToldOfABlobFindsItForHalfTheGrace,
// ClaimsOfNamedBlobsWriteNothing).
bool claim_would_write(Store& store, sql::Txn& txn, std::int64_t repository,
                       const model::Digest& digest, base::TimePoint now,
                       std::chrono::milliseconds grace) {
  {
    auto row =
        txn.query("SELECT needed_at FROM repository_blobs WHERE repository = ? AND digest = ?",
                  repository, digest.text());
    if (!row.next() || now - from_column(row.integer(0)) <= grace / 2) return false;
  }
  // An image that names the blob keeps it, and delete_image() begins the grace anew. A store that
  // cannot be written (after a failed sync) collects nothing either, so reads of it still work.
  return !blob_is_in_use(txn, repository, digest) && store.database().writable();
}

std::optional<std::int64_t> claim_blob(Store& store, sql::Txn& txn, std::int64_t repository,
                                       const model::Digest& digest, base::TimePoint now,
                                       std::chrono::milliseconds grace) {
  const auto size = find_blob(txn, repository, digest);
  if (!size || !claim_would_write(store, txn, repository, digest, now, grace)) return size;
  // Answers "no" where the row is gone: the client then pushes the blob.
  const auto touch = [&](sql::Txn& write) {
    return write.exec(
               "UPDATE repository_blobs SET needed_at = ? WHERE repository = ? AND digest = ?",
               to_column(now), repository, digest.text()) != 0;
  };
  if (txn.access() == Access::kWrite) return touch(txn) ? size : std::nullopt;
  // The snapshot of `txn` may be older than a collection: the row may be gone.
  sql::Txn write = store.database().begin(Access::kWrite);
  if (!touch(write)) return std::nullopt;
  write.commit(Durability::kRelaxed);
  return size;
}

// While the lease is held the collector cannot take the upload, so the row that is seen here stays
// (test CollectorTest.AnUploadThatWasCollectedBetweenLookUpAndLeaseIsNotKept). The time is written
// only when half of the grace is over, so an upload in many requests writes rarely.
bool keep_upload(Store& store, UploadSessions::Lease& lease, base::TimePoint active_at,
                 base::TimePoint now, std::chrono::milliseconds grace) {
  if (now - active_at <= grace / 2) {
    if (lease.writer().size() > 0) return true;  // bytes of earlier requests: the file is not new
    sql::Txn txn = store.database().begin(Access::kRead);
    return find_upload(txn, lease.id()).has_value();
  }
  sql::Txn txn = store.database().begin(Access::kWrite);
  if (!touch_upload(txn, lease.id(), now)) return false;
  txn.commit(Durability::kRelaxed);
  return true;
}

}  // namespace ecr::storage
