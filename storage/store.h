// A data directory: its lock, database, blobs and server key, opened and swept. Owns all of them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/blobs/blob_store.h"
#include "storage/blobs/upload_sessions.h"
#include "storage/os/posix.h"
#include "storage/os/sync_health.h"
#include "storage/sql/database.h"

namespace ecr::storage {

class Store;

// While one lives, no file of a blob is removed. Of the Store that made it, which outlives it.
class CollectionPause {
 public:
  explicit CollectionPause(Store& store);
  CollectionPause(const CollectionPause&) = delete;
  CollectionPause& operator=(const CollectionPause&) = delete;
  ~CollectionPause();

 private:
  Store& store_;
};

// A fresh directory below the data directory, removed at its end, or, after a crash, at the next
// start.
class StagingDirectory {
 public:
  explicit StagingDirectory(std::string path);
  StagingDirectory(const StagingDirectory&) = delete;
  StagingDirectory& operator=(const StagingDirectory&) = delete;
  ~StagingDirectory();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Store {
 public:
  struct Options {
    std::string directory;
    // A fresh temporary directory below the system's, removed at the end; `directory` is ignored.
    bool in_memory = false;
    bool sync = true;  // false: no fsync; nothing is safe from a power loss
  };
  // Creates the directory (mode 0700) where it is missing, takes its lock, opens the database, and
  // removes what no row names: uploads and blobs left by a crash. Throws StorageError;
  // kUnavailable says which process holds the lock.
  static std::unique_ptr<Store> open(const Options& options, base::Random& random);
  ~Store();

  sql::Database& database() { return *database_; }
  BlobStore& blobs() { return *blobs_; }
  UploadSessions& uploads() { return *uploads_; }
  const std::string& directory() const { return directory_; }
  // 32 random bytes, made once and kept in the file `key`, mode 0600: what tokens are sealed with.
  const std::array<std::uint8_t, 32>& key() const { return key_; }

  // Fails for good when a sync does, of whatever file.
  SyncHealth& sync_health() { return *health_; }

  struct Removed {
    std::int64_t blobs = 0;
    std::int64_t bytes = 0;
  };
  // Removes the files of blobs that no repository holds any more. Safe beside running pushes.
  // INVARIANT: a committed row of `blobs` has its file, and every repository_blobs row has its row
  // of `blobs`. Both sides of it happen while the writer is held: a file is unlinked only after
  // the commit that removed its row is durable and before the next write transaction begins
  // (Txn::commit_then), and a row is added only by a write transaction that has seen the file
  // (commit_upload) or a membership of it (a mount: find_blob and add_blob in one transaction).
  // A reader may therefore see a row in its snapshot and find the file gone: the blob was
  // collected meanwhile, and is unknown.
  // Nothing while a CollectionPause lives.
  Removed collect_garbage();
  // Removes the files that no row names (after a restore, say), beside running requests. Returns
  // how many; nothing while a CollectionPause lives.
  std::int64_t sweep_orphans();
  // Asks for such a sweep; sweep_if_wanted() does it, once no CollectionPause is in the way.
  void want_sweep() { sweep_wanted_ = true; }
  void sweep_if_wanted();

  std::unique_ptr<CollectionPause> pause_collection() {
    return std::make_unique<CollectionPause>(*this);
  }
  std::unique_ptr<StagingDirectory> make_staging_directory(base::Random& random);

 private:
  friend class CollectionPause;
  Store() = default;
  void sweep();
  void remove_files(std::vector<model::Digest> blobs, sql::Txn& txn, Removed& removed);
  std::string staging_root() const { return directory_ + "/staging"; }

  std::string directory_;
  bool temporary_ = false;
  Fd lock_;  // released last
  std::array<std::uint8_t, 32> key_{};
  std::shared_ptr<SyncHealth> health_ = std::make_shared<SyncHealth>();
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<UploadSessions> uploads_;
  std::mutex collecting_;  // held while files are removed
  int pauses_ = 0;         // under collecting_
  std::atomic<bool> sweep_wanted_{false};
};

// Makes the upload's bytes a blob of the repository: file, row, durable, in the order that survives
// a crash and a concurrent collector, then forgets the upload. `guard` runs inside the write
// transaction before the row is written; what it throws aborts (the caller authorizes there).
void commit_upload(Store& store, const std::string& upload_id, UploadWriter& writer,
                   const model::Digest& digest, std::int64_t repository, base::TimePoint now,
                   const std::function<void(sql::Txn&)>& guard);

struct CheckReport {
  std::int64_t blobs = 0;
  std::int64_t images = 0;
  std::int64_t bytes = 0;
  std::vector<std::string> problems;  // one sentence each
};
// Verifies every digest and every row of a data directory: blobs hash to their names, rows have
// their blobs, manifests hash to their digests, children of indexes exist (a subject need not: OCI
// distribution-spec, "Pushing Manifests with Subject"), the database is sound. Safe beside running
// requests. `progress(done, total)` in bytes; may be empty.
CheckReport check_store(Store& store,
                        const std::function<void(std::int64_t, std::int64_t)>& progress);

}  // namespace ecr::storage
