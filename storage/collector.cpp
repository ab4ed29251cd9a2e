#include "storage/collector.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "storage/os/error.h"
#include "storage/rows/images.h"
#include "storage/rows/uploads.h"
#include "storage/sql/time_column.h"

namespace ecr::storage {

namespace {

using sql::Access;
using sql::Durability;

// Rows, and files, of one transaction: how long it may keep pushes waiting.
constexpr std::int64_t kAtOnce = 128;

// The rows of those that nobody is using, then their files. Whoever asks for one meanwhile is told
// that another request has it.
std::int64_t remove_abandoned(Store& store, const std::vector<Upload>& uploads,
                              base::TimePoint before) {
  std::vector<UploadSessions::Lease> taken;
  sql::Txn txn = store.database().begin(Access::kWrite);
  for (const Upload& upload : uploads) {
    auto lease = store.uploads().seize(upload.id);
    if (lease && delete_abandoned_upload(txn, upload.id, before)) {
      taken.push_back(std::move(*lease));
    }
  }
  txn.commit();
  for (auto& lease : taken) lease.finish();
  return static_cast<std::int64_t>(taken.size());
}

std::int64_t collect_uploads(Store& store, base::TimePoint before) {
  std::int64_t removed = 0;
  Upload last;
  last.active_at = base::TimePoint::min();
  for (;;) {
    std::vector<Upload> uploads;
    {
      sql::Txn txn = store.database().begin(Access::kRead);
      uploads = abandoned_uploads(txn, before, last, kAtOnce);
    }
    if (uploads.empty()) return removed;
    removed += remove_abandoned(store, uploads, before);
    last = uploads.back();
  }
}

// A power loss may undo it: the files are still there then, as what removes them is durable.
std::int64_t collect_unnamed(Store& store, base::TimePoint before) {
  std::int64_t removed = 0;
  UnnamedBlob last;
  for (;;) {
    std::vector<UnnamedBlob> blobs;
    {
      sql::Txn txn = store.database().begin(Access::kRead);
      blobs = unnamed_blobs(txn, before, last, kAtOnce);
    }
    if (blobs.empty()) return removed;
    sql::Txn txn = store.database().begin(Access::kWrite);
    for (const UnnamedBlob& blob : blobs) removed += remove_unnamed_blob(txn, blob, before) ? 1 : 0;
    txn.commit(Durability::kRelaxed);
    last = std::move(blobs.back());
  }
}

bool has_blob_row(sql::Txn& txn, const model::Digest& digest) {
  return txn.query("SELECT 1 FROM blobs WHERE digest = ?", digest.text()).next();
}

// Its row is written before its file is.
bool is_orphan_upload(sql::Database& database, const std::string& id) {
  sql::Txn txn = database.begin(Access::kRead);
  return !find_upload(txn, id);
}

// Without a descriptor (there may be none left) it is removed all the same.
std::optional<BlobFile> open_to_remove(BlobStore& blobs, const model::Digest& digest) {
  try {
    return blobs.open(digest);
  } catch (const StorageError&) {
    return std::nullopt;
  }
}

}  // namespace

Collected collect(Store& store, base::TimePoint before) {
  Collected collected;
  collected.uploads = collect_uploads(store, before);
  collected.unnamed = collect_unnamed(store, before);
  const Store::Removed removed = store.collect_garbage();
  collected.blobs = removed.blobs;
  collected.bytes = removed.bytes;
  return collected;
}

bool claim_writes(Store& store, sql::Txn& txn, std::int64_t repository, std::string_view digest,
                  base::TimePoint now, std::chrono::milliseconds grace) {
  {
    auto row =
        txn.query("SELECT needed_at FROM repository_blobs WHERE repository = ? AND digest = ?",
                  repository, digest);
    if (!row.next() || now - from_column(row.integer(0)) <= grace / 2) return false;
  }
  // An image that names it keeps it, and delete_image() begins the grace anew. Where nothing can be
  // written nothing can be collected either.
  return !blob_is_in_use(txn, repository, digest) && store.database().writable();
}

std::optional<std::int64_t> claim_blob(Store& store, sql::Txn& txn, std::int64_t repository,
                                       std::string_view digest, base::TimePoint now,
                                       std::chrono::milliseconds grace) {
  const auto size = find_blob(txn, repository, digest);
  if (!size || !claim_writes(store, txn, repository, digest, now, grace)) return size;
  const auto touch = [&](sql::Txn& write) {
    return write.exec(
               "UPDATE repository_blobs SET needed_at = ? WHERE repository = ? AND digest = ?",
               to_column(now), repository, digest) != 0;
  };
  if (txn.access() == Access::kWrite) return touch(txn) ? size : std::nullopt;
  // This snapshot may be older than what the collector has done.
  sql::Txn write = store.database().begin(Access::kWrite);
  if (!touch(write)) return std::nullopt;
  write.commit(Durability::kRelaxed);
  return size;
}

bool keep_upload(Store& store, UploadSessions::Lease& lease, base::TimePoint active_at,
                 base::TimePoint now, std::chrono::milliseconds grace) {
  if (now - active_at <= grace / 2) {
    if (lease.writer().size() > 0) return true;  // bytes of before: nobody has taken the file
    sql::Txn txn = store.database().begin(Access::kRead);
    return find_upload(txn, lease.id()).has_value();
  }
  sql::Txn txn = store.database().begin(Access::kWrite);
  if (!touch_upload(txn, lease.id(), now)) return false;
  txn.commit(Durability::kRelaxed);
  return true;
}

// REQUIRES: `txn` is a write transaction in which no row names the blobs; it ends here.
void Store::remove_files(std::vector<model::Digest> blobs, sql::Txn& txn, Removed& removed) {
  // Taking a name away is quick; giving back the space of a large file is not, and waits for its
  // last descriptor, which is closed when others can write again.
  std::vector<BlobFile> doomed;
  doomed.reserve(blobs.size());
  txn.commit_then([&] {
    for (const auto& digest : blobs) {
      if (auto file = open_to_remove(*blobs_, digest)) {
        removed.bytes += static_cast<std::int64_t>(file->size());
        doomed.push_back(std::move(*file));
      }
      blobs_->remove(digest);
      ++removed.blobs;
    }
  });
}

Store::Removed Store::collect_garbage() {
  Removed removed;
  for (;;) {
    const std::lock_guard lock(collecting_);
    if (pauses_ > 0) return removed;
    std::vector<model::Digest> suspects;
    {
      sql::Txn txn = database_->begin(Access::kRead);
      suspects = orphan_blobs(txn, kAtOnce);
    }
    if (suspects.empty()) return removed;
    sql::Txn txn = database_->begin(Access::kWrite);
    std::erase_if(suspects, [&](const auto& digest) { return !forget_orphan_blob(txn, digest); });
    remove_files(std::move(suspects), txn, removed);
  }
}

// In three steps, because a write transaction must not last: who looks like an orphan; is it one
// still, with the writer held; away with it. A push that counted on the file sees that it is gone
// (commit_upload).
std::int64_t Store::sweep_orphans() {
  std::vector<model::Digest> suspects;
  std::vector<std::string> idle;
  {
    sql::Txn txn = database_->begin(Access::kRead);
    blobs_->list(
        [&](const model::Digest& digest, std::uint64_t) {
          if (!has_blob_row(txn, digest)) suspects.push_back(digest);
        },
        [&](const std::string& id) {
          if (!find_upload(txn, id)) idle.push_back(id);
        });
  }
  std::int64_t uploads = 0;
  for (const std::string& id : idle) {
    if (is_orphan_upload(*database_, id) && uploads_->discard(id)) ++uploads;
  }
  Removed removed;
  constexpr auto kStep = static_cast<std::size_t>(kAtOnce);
  for (std::size_t at = 0; at < suspects.size(); at += kStep) {
    const std::lock_guard lock(collecting_);
    if (pauses_ > 0) {
      want_sweep();
      break;
    }
    sql::Txn txn = database_->begin(Access::kWrite);
    std::vector<model::Digest> orphans;
    for (std::size_t i = at; i < std::min(suspects.size(), at + kStep); ++i) {
      if (!has_blob_row(txn, suspects[i])) orphans.push_back(suspects[i]);
    }
    // Durably: the commit that removed a row may not have been synced yet.
    remove_files(std::move(orphans), txn, removed);
  }
  return uploads + removed.blobs;
}

void Store::sweep_if_wanted() {
  {
    const std::lock_guard lock(collecting_);
    if (pauses_ > 0 || !database_->writable()) return;
  }
  if (!sweep_wanted_.exchange(false)) return;
  try {
    sweep_orphans();
  } catch (...) {
    want_sweep();
    throw;
  }
}

}  // namespace ecr::storage
