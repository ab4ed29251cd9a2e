// One fsync for many commits. A committer notes its commit, gives the writer back, and waits until
// a sync that began after its commit has ended. The first thread that waits does the sync for all
// commits that are noted by then. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

namespace ecr::storage::sql {

class GroupSync {
 public:
  // `sync` makes everything durable that was written before it is called, or throws StorageError.
  // One thread at a time calls it.
  explicit GroupSync(std::function<void()> sync) : sync_(std::move(sync)) {}

  // Called after a COMMIT. Returns the ticket to wait with.
  std::uint64_t note_commit();
  // Returns when the ticket's commit is durable. Throws StorageError::kReadOnly after a failed
  // sync; it is never tried again, because the kernel has forgotten what it could not write.
  void wait(std::uint64_t ticket);

  // Another sync failed (SQLite's own, at a checkpoint).
  void fail();
  bool failed() const;

 private:
  void sync_noted(std::unique_lock<std::mutex>& lock);

  const std::function<void()> sync_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t noted_ = 0;   // commits so far
  std::uint64_t synced_ = 0;  // durable commits
  bool syncing_ = false;      // a thread is in sync_noted()
  bool failed_ = false;
};

}  // namespace ecr::storage::sql
