// The connections of one Database: the writer and the readers, which transaction has which, and
// when a commit is durable. Owns all of them. Knows no SQLite. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "storage/os/posix.h"
#include "storage/os/sync_failures.h"
#include "storage/sql/connection.h"
#include "storage/sql/group_sync.h"

namespace ecr::storage::sql {

class ConnectionPool {
 public:
  // Creates the file where it is missing. `sync` false: no fsync at all. `sync_failures` null: the
  // pool has its own. Throws StorageError.
  ConnectionPool(const std::string& path, bool sync, SyncFailures* sync_failures);
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool();

  const std::string& path() const { return path_; }
  bool syncs() const { return sync_; }
  SyncFailures& sync_failures() { return *sync_failures_; }

  // The caller owns the reader until it gives it back.
  Connection* take_reader();
  void give_back_reader(Connection* connection);
  // Waits until no other thread has the writer. REQUIRES: give_back_writer() in the same thread.
  Connection* take_writer();
  void give_back_writer();

  // REQUIRES for these two: the thread has the writer.
  // Called after a COMMIT. Returns the ticket to wait with.
  std::uint64_t note_commit();
  // Records that a sync of SQLite itself (of the database file, at a checkpoint) has failed, if one
  // has.
  void note_failed_sync();
  // Returns when the ticket's commit is durable. Throws StorageError::kReadOnly after a failed
  // sync.
  void wait_durable(std::uint64_t ticket);

  // Changes with every commit.
  std::uint64_t version() const { return version_.load(); }

 private:
  const std::string path_;
  const bool sync_;
  SyncFailures own_sync_failures_;
  SyncFailures* const sync_failures_;
  std::unique_ptr<Connection> writer_;  // under writer_mutex_
  std::mutex writer_mutex_;             // held for the life of a write transaction
  std::atomic<std::thread::id> writer_thread_{};
  std::mutex idle_mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  // readers; under idle_mutex_
  Fd wal_;
  std::unique_ptr<GroupSync> group_sync_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace ecr::storage::sql
