#include "storage/sql/group_sync.h"

#include "storage/os/error.h"

namespace ecr::storage::sql {

std::uint64_t GroupSync::note() {
  const std::lock_guard lock(mutex_);
  return ++noted_;
}

void GroupSync::wait(std::uint64_t ticket) {
  std::unique_lock lock(mutex_);
  while (synced_ < ticket) {
    if (failed_) {
      throw StorageError(StorageError::Kind::kReadOnly,
                         "a sync to disk failed; nothing is written until a restart");
    }
    if (syncing_) {
      changed_.wait(lock);
    } else {
      lead(lock);
    }
  }
}

void GroupSync::lead(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t target = noted_;
  syncing_ = true;
  lock.unlock();
  bool ok = true;
  try {
    sync_();
  } catch (const StorageError&) {
    ok = false;
  }
  lock.lock();
  syncing_ = false;
  if (ok && !failed_) {
    synced_ = target;
  } else {
    failed_ = true;
  }
  changed_.notify_all();
}

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
