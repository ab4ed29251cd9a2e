// The failed syncs of one Store. Once one sync has failed, the state of the disk is unknown for
// everything that was written before it: the kernel forgets the pages that it could not write, so
// that a second sync would succeed and mean nothing. Nothing more is therefore acknowledged until a
// restart. Shared by the database and the blobs of the Store. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

namespace ecr::storage {

class SyncFailures {
 public:
  // Calls `callback` once, with the text of the first failure, in the thread that records it; it
  // must not throw. Calls it at once where a sync has failed already.
  void on_first(std::function<void(const std::string&)> callback);

  // `text` says which sync failed and how. Only the first one is kept.
  void record(const std::string& text);
  bool any() const { return any_.load(); }
  std::string first() const;  // empty: no sync has failed
  // Throws StorageError::kReadOnly after a failure.
  void throw_if_any() const;

 private:
  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;
  std::string first_;                                 // under mutex_
  std::function<void(const std::string&)> callback_;  // under mutex_
};

}  // namespace ecr::storage
