#include "storage/sql/connection_pool.h"

#include <fcntl.h>
#include <filesystem>
#include <utility>

#include "storage/os/error.h"

namespace ecr::storage::sql {

ConnectionPool::ConnectionPool(const std::string& path, bool sync, SyncFailures* sync_failures)
    : path_(path),
      sync_(sync),
      sync_failures_(sync_failures ? sync_failures : &own_sync_failures_) {
  const std::string parent = std::filesystem::absolute(path).parent_path();
  // Created here for its mode, which SQLite gives to the -wal and -shm files as well. Closed before
  // SQLite opens it: closing any descriptor of a file drops the process's locks on it.
  if (!open_file(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT, path)) {
    throw StorageError(StorageError::Kind::kUnavailable, "there is no directory " + parent);
  }
  writer_ = std::make_unique<Connection>(path, true, sync);
  // SQLite keeps this file until its last connection closes, so the descriptor stays good.
  const std::string wal = path + "-wal";
  // SQLite keeps its locks on the database and the -shm file, and none on the -wal, so that a
  // second descriptor of it does no harm.
  wal_ = open_file(AT_FDCWD, wal.c_str(), O_RDWR, wal);
  if (!wal_) throw StorageError(StorageError::Kind::kIo, "there is no " + wal);
  if (sync) {
    // The commits of a process that was killed are seen from here on, so they must stay.
    if (file_state(wal_.get(), wal).size > 0) sync_data(wal_.get(), wal);
    sync_directory(open_directory(AT_FDCWD, parent.c_str(), parent).get(), parent);
  }
  // Recorded before GroupSync tells the threads that wait, so that none of them begins another
  // write in between.
  group_sync_ = std::make_unique<GroupSync>([fd = wal_.get(), wal, failures = sync_failures_] {
    try {
      sync_data(fd, wal);
    } catch (const StorageError& error) {
      failures->record(error.what());
      throw;
    }
  });
}

ConnectionPool::~ConnectionPool() {
  idle_.clear();
  // After a failed sync the WAL on disk may lack pages that the kernel has dropped. A checkpoint at
  // close would copy it into the database file: both files are left as they are.
  if (sync_failures_->any()) writer_->leave_wal_on_close();
}

Connection* ConnectionPool::take_reader() {
  {
    const std::lock_guard lock(idle_mutex_);
    if (!idle_.empty()) {
      // The one that was used last: its page cache and its statements are warm.
      Connection* const connection = idle_.back().release();
      idle_.pop_back();
      return connection;
    }
  }
  // Without the mutex, because a new connection reads the schema. The pool grows to the number of
  // threads that read at once, and keeps them.
  return std::make_unique<Connection>(path_, false, sync_).release();
}

void ConnectionPool::give_back_reader(Connection* connection) {
  std::unique_ptr<Connection> owned(connection);
  // The connection is closed then, and the next reader opens another.
  if (owned->in_transaction()) return;  // it could not end: not fit for use
  const std::lock_guard lock(idle_mutex_);
  idle_.push_back(std::move(owned));
}

Connection* ConnectionPool::take_writer() {
  // To lock a std::mutex twice in one thread is undefined, and hangs as a rule. So the owner is
  // noted beside it, and the mistake is an error.
  if (writer_thread_.load() == std::this_thread::get_id()) {
    throw StorageError(StorageError::Kind::kMisuse,
                       "a second write transaction in one thread would wait for itself");
  }
  writer_mutex_.lock();
  writer_thread_.store(std::this_thread::get_id());
  return writer_.get();
}

// The owner is cleared first: after the unlock it could be that of the next thread.
void ConnectionPool::give_back_writer() {
  writer_thread_.store({});
  writer_mutex_.unlock();
}

std::uint64_t ConnectionPool::note_commit() {
  // Before commit() returns: a memo that a reader fills from now on is of the new state. The commit
  // is visible by now, although it may not be durable yet.
  version_.fetch_add(1);
  const std::uint64_t ticket = group_sync_->note_commit();
  // The writer alone checkpoints, and holds its mutex here, so no two checkpoints ever run at once:
  // that race is what SQLite's WAL-reset bug (fixed in 3.51.3) needs.
  if (writer_->wants_checkpoint()) writer_->checkpoint();
  note_failed_sync();
  return ticket;
}

// At a checkpoint SQLite syncs the WAL and the database file by itself. A failure there is as final
// as one of ours (test DatabaseTest.FailedSyncOfACheckpointStopsWritingToo).
void ConnectionPool::note_failed_sync() {
  if (!writer_->sync_failed()) return;
  sync_failures_->record("syncing " + path_);
  group_sync_->fail();
}

void ConnectionPool::wait_durable(std::uint64_t ticket) {
  if (sync_) group_sync_->wait(ticket);
}

}  // namespace ecr::storage::sql
