// The only door to the database engine, SQLite (connection.cpp alone includes sqlite3.h).
//
// WAL mode: one writer connection, guarded by a mutex, which alone checkpoints (SQLite 3.40 is in
// range of the WAL-reset bug fixed in 3.51.3: auto-checkpoint is off on every connection,
// asserted), and a pool of reader connections that grows to the number of threads that read at
// once. Statements are prepared once for each connection and SQL literal.
//
// Durability: commits are written with synchronous=NORMAL and made durable by an fsync of the WAL
// that concurrent commits share: commit() returns after an fsync that began after its COMMIT.
// After a failed fsync (sync_failures.h) every later write throws StorageError::kReadOnly.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/os/sync_failures.h"
#include "storage/sql/transaction.h"

namespace ecr::storage::sql {

// Thread-safe.
class Database {
 public:
  struct Options {
    bool sync = true;  // false: no fsync at all (--in-memory)
    // The database records its failed syncs here, and refuses writes after those that others
    // recorded. Outlives the database. Null: it has its own.
    SyncFailures* sync_failures = nullptr;
  };
  // Opens or creates the file and brings it to the newest migration (migrations.h). Throws
  // StorageError; kUnavailable where a newer program wrote it. REQUIRES: no other process has it
  // open (Store's lock sees to that).
  static std::unique_ptr<Database> open(const std::string& path, const Options& options);
  ~Database();

  Txn begin(Access access);
  // Writes the committed state to a new file, while other threads read and write. Throws
  // StorageError.
  void copy_to(const std::string& path);
  // Makes the rows of every table, but for those in `kept`, the ones of the database `path`, which
  // has the same schema: durably, in one transaction, with every other writer kept out.
  // `before_commit` runs within it; where it throws, everything is undone. REQUIRES: no write
  // transaction in this thread.
  void replace_with(const std::string& path, const std::vector<std::string>& kept,
                    const std::function<void()>& before_commit);
  // The complaints of PRAGMA integrity_check and foreign_key_check; empty: the database is sound.
  std::vector<std::string> integrity_problems();
  void checkpoint();
  // False after a failed fsync of the database, or another one that the SyncFailures hold.
  bool writable() const;
  // Changes with every commit that wrote, before that commit() returns. A result that was read in a
  // transaction begun after this call holds for as long as the version stays the same.
  std::uint64_t version() const;

 private:
  Database(const std::string& path, const Options& options);
  std::unique_ptr<ConnectionPool> pool_;
};

}  // namespace ecr::storage::sql
