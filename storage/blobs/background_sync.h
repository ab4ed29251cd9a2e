// Syncs a file on its own thread while the file is still being written, so that the sync at the end
// of a large layer, for which the client waits, finds little left to do: the more bytes a disk (or
// the host of a virtual machine) has in its cache, the longer a sync takes. Owns the thread, which
// starts with the first sync. Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "storage/os/error.h"
#include "storage/os/posix.h"
#include "storage/os/sync_failures.h"

namespace ecr::storage {

class BackgroundSync {
 public:
  // One sync of one file.
  class Ticket {
   private:
    friend class BackgroundSync;
    Fd file_;
    std::string what_;
    bool done_ = false;
    std::optional<StorageError> failure_;
  };

  // Records failed syncs in `sync_failures`.
  explicit BackgroundSync(std::shared_ptr<SyncFailures> sync_failures)
      : sync_failures_(std::move(sync_failures)) {}

  // Begins to sync the bytes that the file holds now. Null: the thread is syncing another file, or
  // the process is out of descriptors or threads; then nothing was begun. `what` names the file in
  // errors.
  std::shared_ptr<Ticket> begin(int file, std::string what);
  bool done(const Ticket& ticket) const;
  // Waits for the sync. Throws its failure, at every call: the kernel reports a failure once, and a
  // later sync of the file means nothing.
  void wait(const Ticket& ticket);

 private:
  bool start_thread();  // false: there are no threads left. REQUIRES: the lock
  void run(const std::stop_token& stop);

  const std::shared_ptr<SyncFailures> sync_failures_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::shared_ptr<Ticket> current_;  // null: the thread waits for work
  std::jthread thread_;              // last: ends before what it uses
};

}  // namespace ecr::storage
