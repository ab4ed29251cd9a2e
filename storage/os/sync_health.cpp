#include "storage/os/sync_health.h"

#include <utility>

#include "storage/os/error.h"

namespace ecr::storage {

void SyncHealth::on_failure(std::function<void(const std::string&)> tell) {
  const std::lock_guard lock(mutex_);
  if (failed_.load()) return tell(what_);
  tell_ = std::move(tell);
}

void SyncHealth::fail(const std::string& what) {
  const std::lock_guard lock(mutex_);
  if (failed_.load()) return;
  what_ = what;
  failed_.store(true);
  if (tell_) tell_(what_);
}

std::string SyncHealth::what() const {
  const std::lock_guard lock(mutex_);
  return what_;
}

void SyncHealth::require() const {
  if (!failed_.load()) return;
  throw StorageError(StorageError::Kind::kReadOnly,
                     "a sync to disk failed (" + what() + "); nothing is written until a restart");
}

}  // namespace ecr::storage
