#include "storage/sql/group_sync.h"

#include "storage/os/error.h"

namespace ecr::storage::sql {

// Called with the writer held, so tickets are in the order of the commits: a sync that covers one
// ticket covers all smaller ones.
std::uint64_t GroupSync::note_commit() {
  const std::lock_guard lock(mutex_);
  return ++noted_;
}

// A thread whose ticket a sync covered returns. Of the others one does the next sync, and the rest
// wait for it. So one sync serves all commits that came while the last one ran (test
// GroupSync.OneSyncServesAllThatWait).
void GroupSync::wait(std::uint64_t ticket) {
  std::unique_lock lock(mutex_);
  while (synced_ < ticket) {
    if (failed_) {
      throw StorageError(StorageError::Kind::kReadOnly,
                         "a sync to disk failed; nothing is written until a restart");
    }
    // The sync that runs may have begun before this commit, so its end proves nothing by itself:
    // the loop compares again.
    if (syncing_) {
      changed_.wait(lock);
    } else {
      sync_noted(lock);
    }
  }
}

// Syncs for every commit that is noted now. A commit that is noted while the sync runs may miss it,
// so it waits for the next one.
void GroupSync::sync_noted(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t target = noted_;
  syncing_ = true;
  // Other threads commit and note while the disk works.
  lock.unlock();
  bool ok = true;
  try {
    sync_();
  } catch (const StorageError&) {
    ok = false;
  }
  lock.lock();
  syncing_ = false;
  // fail() may have been called meanwhile: then the success of this sync proves nothing.
  if (ok && !failed_) {
    synced_ = target;
  } else {
    failed_ = true;
  }
  changed_.notify_all();
}

// Wakes every thread that waits: no later sync can make its commit durable.
void GroupSync::fail() {
  const std::lock_guard lock(mutex_);
  failed_ = true;
  changed_.notify_all();
}

bool GroupSync::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

}  // namespace ecr::storage::sql
