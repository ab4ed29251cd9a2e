// Whether what is written still reaches the disk. Once one sync has failed nobody knows what the
// disk holds of anything written before it (the kernel forgets pages that it could not write, and a
// second sync would succeed and mean nothing): nothing more is acknowledged until a restart. Shared
// by the database and the blobs of one Store. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

namespace ecr::storage {

class SyncHealth {
 public:
  // `tell` is called once, with what failed, in the thread that saw it; it must not throw. At once
  // where a sync has failed already.
  void on_failure(std::function<void(const std::string&)> tell);

  void fail(const std::string& what);
  bool failed() const { return failed_.load(); }
  std::string what() const;  // the first failure; empty: none
  // Throws StorageError::kReadOnly after a failure.
  void require() const;

 private:
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;
  std::string what_;                              // under mutex_
  std::function<void(const std::string&)> tell_;  // under mutex_
};

}  // namespace ecr::storage
