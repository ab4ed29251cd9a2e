#include "storage/store.h"

#include <algorithm>
#include <utility>

#include "storage/blobs/file_blob_store.h"
#include "storage/os/data_directory.h"
#include "storage/os/error.h"
#include "storage/rows/blobs.h"
#include "storage/rows/uploads.h"

namespace ecr::storage {

namespace {

using sql::Access;

// Blobs of one transaction that removes files. It keeps pushes waiting: for one sync, and for as
// many unlink(2) calls.
constexpr std::size_t kFilesAtOnce = 128;

bool has_row(sql::Txn& txn, const model::Digest& digest) {
  return txn.query("SELECT 1 FROM blobs WHERE digest = ?", digest.text()).next();
}

}  // namespace

std::unique_ptr<Store> Store::open(const Options& options, base::Random& random) {
  std::unique_ptr<Store> store(new Store);
  if (options.in_memory) {
    TemporaryDirectory directory = make_temporary_directory();
    store->directory_ = std::move(directory.path);
    store->lock_ = std::move(directory.lock);
    store->temporary_ = true;
  } else {
    create_data_directory(options.directory);
    store->directory_ = options.directory;
    store->lock_ = lock_directory(options.directory);
  }
  // The lock is held: no process uses what is there. Staging directories are left only by a crash.
  remove_directory(store->staging_root());
  // The files of --in-memory are removed at the end, so there is nothing that a sync could save.
  const bool sync = options.sync && !options.in_memory;
  // The key comes before the database, which syncs the directory when it is opened, and with it the
  // name of the key.
  store->key_ = load_key(store->directory_, random, sync);
  store->database_ =
      sql::Database::open(store->directory_ + "/ecr-local.db",
                          {.sync = sync, .sync_failures = store->sync_failures_.get()});
  store->blobs_ = std::make_unique<FileBlobStore>(store->directory_, sync, store->sync_failures_);
  store->uploads_ = std::make_unique<UploadSessions>(*store->blobs_);
  store->sweep_at_start();
  return store;
}

Store::~Store() {
  // In the order of their use, and the lock last: another process may open the directory after
  // that.
  uploads_.reset();
  blobs_.reset();
  database_.reset();
  if (temporary_) remove_directory(directory_);
}

// Files come before rows and go after them, so a crash leaves files without rows, never the
// reverse. No other thread uses the store yet. One query for each file is quick enough (100,000
// blobs: under a second) and needs no memory.
void Store::sweep_at_start() {
  sql::Txn txn = database_->begin(Access::kRead);
  blobs_->list(
      [&](const model::Digest& digest, std::uint64_t) {
        if (!has_row(txn, digest)) blobs_->remove(digest);
      },
      [&](const std::string& id) {
        if (!find_upload(txn, id)) blobs_->discard_upload(id);
      });
}

// Waits for a batch that is being removed. After that no file goes (test
// CollectorTest.FilesStayWhileCollectionIsPaused).
CollectionPause::CollectionPause(Store& store) : store_(store) {
  const std::lock_guard lock(store_.collecting_);
  ++store_.pauses_;
}

CollectionPause::~CollectionPause() {
  const std::lock_guard lock(store_.collecting_);
  --store_.pauses_;
}

StagingDirectory::StagingDirectory(std::string path) : path_(std::move(path)) {
  create_data_directory(path_);
}

StagingDirectory::~StagingDirectory() { remove_directory(path_); }

std::unique_ptr<StagingDirectory> Store::make_staging_directory(base::Random& random) {
  return std::make_unique<StagingDirectory>(staging_root() + "/" + base::make_uuid(random));
}

// Removal of files

namespace {

// nullopt: it cannot be opened (no descriptor may be left). Its file is removed all the same.
std::optional<BlobFile> open_to_remove(BlobStore& blobs, const model::Digest& digest) {
  try {
    return blobs.open(digest);
  } catch (const StorageError&) {
    return std::nullopt;
  }
}

// An upload's row is written before its file is made.
bool is_stray_upload(sql::Database& database, const std::string& id) {
  sql::Txn txn = database.begin(Access::kRead);
  return !find_upload(txn, id);
}

}  // namespace

// REQUIRES: `txn` is a write transaction in which no row names the blobs; it ends here.
void Store::remove_files(std::vector<model::Digest> blobs, sql::Txn& txn, Removed& removed) {
  // Removing a name is quick. Freeing the space of a large file is not, and happens when its last
  // descriptor is closed: at the end of this function, when other threads can write again.
  std::vector<BlobFile> removed_files;
  removed_files.reserve(blobs.size());
  txn.commit_then([&] {
    for (const auto& digest : blobs) {
      if (auto file = open_to_remove(*blobs_, digest)) {
        removed.bytes += static_cast<std::int64_t>(file->size());
        removed_files.push_back(std::move(*file));
      }
      blobs_->remove(digest);
      ++removed.blobs;
    }
  });
}

// In batches, so that a push waits for the removal of at most kFilesAtOnce files. The list is read
// in a read transaction, so the writer is held only for the removal itself.
Store::Removed Store::remove_orphan_blobs() {
  Removed removed;
  for (;;) {
    const std::lock_guard lock(collecting_);
    if (pauses_ > 0) return removed;
    std::vector<model::Digest> suspects;
    {
      sql::Txn txn = database_->begin(Access::kRead);
      suspects = orphan_blobs(txn, static_cast<std::int64_t>(kFilesAtOnce));
    }
    if (suspects.empty()) return removed;
    sql::Txn txn = database_->begin(Access::kWrite);
    // A push or a mount may have come between the two transactions.
    std::erase_if(suspects, [&](const auto& digest) { return !delete_orphan_blob(txn, digest); });
    remove_files(std::move(suspects), txn, removed);
  }
}

// Lists the files without a row in a read transaction, because a write transaction must be short,
// and asks for each again with the writer held before it removes it. A push that counted on the
// file sees that it is gone (commit_upload).
std::int64_t Store::sweep_files() {
  std::vector<model::Digest> suspects;
  std::vector<std::string> idle;
  {
    sql::Txn txn = database_->begin(Access::kRead);
    blobs_->list(
        [&](const model::Digest& digest, std::uint64_t) {
          if (!has_row(txn, digest)) suspects.push_back(digest);
        },
        [&](const std::string& id) {
          if (!find_upload(txn, id)) idle.push_back(id);
        });
  }
  std::int64_t uploads = 0;
  for (const std::string& id : idle) {
    if (is_stray_upload(*database_, id) && uploads_->discard(id)) ++uploads;
  }
  Removed removed;
  for (std::size_t at = 0; at < suspects.size(); at += kFilesAtOnce) {
    const std::lock_guard lock(collecting_);
    // A snapshot needs the files now; the sweep goes on after it.
    if (pauses_ > 0) {
      request_sweep();
      break;
    }
    sql::Txn txn = database_->begin(Access::kWrite);
    std::vector<model::Digest> orphans;
    for (std::size_t i = at; i < std::min(suspects.size(), at + kFilesAtOnce); ++i) {
      if (!has_row(txn, suspects[i])) orphans.push_back(suspects[i]);
    }
    // The commit that removed a blob's row may not have been synced yet. remove_files syncs first.
    remove_files(std::move(orphans), txn, removed);
  }
  return uploads + removed.blobs;
}

// Not after a failed sync: remove_files() must commit durably, and could not.
void Store::sweep_if_requested() {
  {
    const std::lock_guard lock(collecting_);
    if (pauses_ > 0 || !database_->writable()) return;
  }
  // Cleared before the sweep: a request that comes while it runs must cause another one.
  if (!sweep_requested_.exchange(false)) return;
  try {
    sweep_files();
  } catch (...) {
    request_sweep();
    throw;
  }
}

// Uploads

namespace {

// After a failed commit of an upload: removes its file, unless a row of another repository's blob
// names it. An upload of the same bytes that counted on the file sees in its own transaction that
// it is gone. The caller reports its own error, so an error here only asks for a sweep.
void remove_stray_file(Store& store, sql::Txn& txn, const model::Digest& digest) noexcept {
  try {
    // A restore has files without rows, and this may be one of them.
    if (store.collection_is_paused()) return store.request_sweep();
    if (!has_row(txn, digest)) store.blobs().remove(digest);
  } catch (const StorageError&) {
    store.request_sweep();
  }
}

void remove_stray_file(Store& store, const model::Digest& digest) noexcept {
  try {
    sql::Txn txn = store.database().begin(Access::kWrite);
    remove_stray_file(store, txn, digest);
  } catch (const StorageError&) {
    store.request_sweep();
  }
}

}  // namespace

void commit_upload(Store& store, const std::string& upload_id, UploadWriter& writer,
                   const model::Digest& digest, std::int64_t repository, base::TimePoint now,
                   const std::function<void(sql::Txn&)>& guard) {
  // Slow (it syncs), so without the writer: other requests write meanwhile. File before row: a
  // crash in between leaves a file that the sweep at start removes.
  store.blobs().commit(upload_id, writer, digest);
  try {
    sql::Txn txn = store.database().begin(Access::kWrite);
    try {
      // The authorization is that of this moment, not of the beginning of a long upload (test
      // CommitUpload.AnExceptionOfTheGuardLeavesNothingAndTheUploadGoesOn).
      guard(txn);
    } catch (...) {
      remove_stray_file(store, txn, digest);
      throw;
    }
    // The file may have been there before, as an orphan blob, and the collector may have removed it
    // since the commit above. It cannot any more: that needs the writer. (Test
    // CommitUpload.RestoresAFileThatWasCollectedMeanwhile.)
    if (!store.blobs().open(digest)) store.blobs().commit(upload_id, writer, digest);
    add_blob(txn, repository, digest, static_cast<std::int64_t>(writer.size()), now);
    delete_upload(txn, upload_id);
    txn.commit();
  } catch (const StorageError&) {
    remove_stray_file(store, digest);  // the disk may be full: gives the space back
    throw;
  }
}

}  // namespace ecr::storage
