// Syncs a file on a thread of its own while it is still being written, so that the sync at the end
// of a large layer, for which its client waits, finds little left to do: what a disk (or the host
// of a virtual machine) has taken into its cache is as long in coming out of it as it is large. The
// thread begins with the first work. Thread-safe.
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
#include "storage/os/sync_health.h"

namespace ecr::storage {

class EarlySync {
 public:
  // One sync of one file.
  class Ticket {
   private:
    friend class EarlySync;
    Fd file_;
    std::string what_;
    bool done_ = false;
    std::optional<StorageError> failure_;
  };

  // `health` is told what fails.
  explicit EarlySync(std::shared_ptr<SyncHealth> health) : health_(std::move(health)) {}

  // Begins to sync what the file holds by now. Null: it is at another file, or the process is out
  // of descriptors or threads; then nothing was begun. `what` names the file in errors.
  std::shared_ptr<Ticket> begin(int file, std::string what);
  bool done(const Ticket& ticket) const;
  // Waits for the sync; throws what it failed of, every time: the kernel tells a failure once, and
  // a later sync of the file means nothing.
  void wait(const Ticket& ticket);

 private:
  bool run_thread();  // false: it cannot be. REQUIRES: the lock
  void run(const std::stop_token& stop);

  const std::shared_ptr<SyncHealth> health_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::shared_ptr<Ticket> current_;
  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace ecr::storage
