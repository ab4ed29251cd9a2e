#include "storage/os/sync_failures.h"

#include <utility>

#include "storage/os/error.h"

namespace ecr::storage {

// The callback runs under the mutex, so it is called exactly once, also where on_first() and
// record() meet. It must not use this object.
void SyncFailures::on_first(std::function<void(const std::string&)> callback) {
  const std::lock_guard lock(mutex_);
  if (any_.load()) return callback(first_);
  callback_ = std::move(callback);
}

void SyncFailures::record(const std::string& text) {
  const std::lock_guard lock(mutex_);
  // The first failure is the cause. What fails after it is often only its effect.
  if (any_.load()) return;
  first_ = text;
  // After the text: a thread that sees the flag may ask for the text at once.
  any_.store(true);
  if (callback_) callback_(first_);
}

std::string SyncFailures::first() const {
  const std::lock_guard lock(mutex_);
  return first_;
}

void SyncFailures::throw_if_any() const {
  // Every write asks this, so the usual case takes no lock.
  if (!any_.load()) return;
  throw StorageError(StorageError::Kind::kReadOnly,
                     "a sync to disk failed (" + first() + "); nothing is written until a restart");
}

}  // namespace ecr::storage
