// A data directory: its lock, database, blobs and server key. Owns all of them, and keeps the files
// of blobs and the rows of the database consistent. Thread-safe.
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
#include "storage/os/sync_failures.h"
#include "storage/sql/database.h"

namespace ecr::storage {

class Store;

// While one lives, the Store, which outlives it, removes no file of a blob.
class CollectionPause {
 public:
  explicit CollectionPause(Store& store);
  CollectionPause(const CollectionPause&) = delete;
  CollectionPause& operator=(const CollectionPause&) = delete;
  ~CollectionPause();

 private:
  Store& store_;
};

// A new directory below the data directory. It is removed when the object is destroyed, or, after a
// crash, at the next start.
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
  // removes the files that no row names: uploads and blobs left by a crash. Throws StorageError;
  // kUnavailable says which process holds the lock.
  static std::unique_ptr<Store> open(const Options& options, base::Random& random);
  ~Store();

  sql::Database& database() { return *database_; }
  BlobStore& blobs() { return *blobs_; }
  UploadSessions& uploads() { return *uploads_; }
  const std::string& directory() const { return directory_; }
  // 32 random bytes, made once and kept in the file `key`, mode 0600; tokens are sealed with them.
  const std::array<std::uint8_t, 32>& key() const { return key_; }

  SyncFailures& sync_failures() { return *sync_failures_; }

  struct Removed {
    std::int64_t blobs = 0;
    std::int64_t bytes = 0;
  };
  // Removes the rows and the files of orphan blobs, those that no repository holds any more. Safe
  // beside running pushes. Does nothing while a CollectionPause lives.
  // INVARIANT: a committed row of `blobs` has its file, and every repository_blobs row has its row
  // of `blobs`. Both sides of it happen while the writer is held: a file is unlinked only after
  // the commit that removed its row is durable and before the next write transaction begins
  // (Txn::commit_then), and a row is added only by a write transaction that has seen the file
  // (commit_upload) or a membership of it (a mount: find_blob and add_blob in one transaction).
  // A reader may therefore see a row in its snapshot and find the file gone: the blob was
  // collected meanwhile, and is unknown.
  Removed remove_orphan_blobs();
  // Removes the files of blobs and uploads that no row names (after a restore, say). Safe beside
  // running requests. Returns how many; removes no blob while a CollectionPause lives.
  std::int64_t sweep_files();
  // Asks for such a sweep; sweep_if_requested() does it when no CollectionPause lives.
  void request_sweep() { sweep_requested_ = true; }
  void sweep_if_requested();

  std::unique_ptr<CollectionPause> pause_collection() {
    return std::make_unique<CollectionPause>(*this);
  }
  // For a thread that holds the writer and so must not wait for a batch that is being removed.
  bool collection_is_paused() const { return pauses_ > 0; }
  std::unique_ptr<StagingDirectory> make_staging_directory(base::Random& random);

 private:
  friend class CollectionPause;
  Store() = default;
  void sweep_at_start();
  void remove_files(std::vector<model::Digest> blobs, sql::Txn& txn, Removed& removed);
  std::string staging_root() const { return directory_ + "/staging"; }

  std::string directory_;
  bool temporary_ = false;
  Fd lock_;  // released last
  std::array<std::uint8_t, 32> key_{};
  std::shared_ptr<SyncFailures> sync_failures_ = std::make_shared<SyncFailures>();
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<UploadSessions> uploads_;
  std::mutex collecting_;       // held while files are removed
  std::atomic<int> pauses_{0};  // changed under collecting_
  std::atomic<bool> sweep_requested_{false};
};

// Makes the upload's bytes a blob of the repository: file and row, durably, in the order that
// survives a crash and a concurrent collector; then deletes the upload's row. `guard` runs inside
// the write transaction before the row is written; where it throws, nothing is committed (the
// caller authorizes there). REQUIRES: no write transaction in this thread. Throws StorageError.
void commit_upload(Store& store, const std::string& upload_id, UploadWriter& writer,
                   const model::Digest& digest, std::int64_t repository, base::TimePoint now,
                   const std::function<void(sql::Txn&)>& guard);

}  // namespace ecr::storage
