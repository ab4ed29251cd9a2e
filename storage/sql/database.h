// The only door to SQLite (sqlite3.h is included by database.cpp alone).
//
// WAL mode: one writer connection, guarded by a mutex, which alone checkpoints (SQLite 3.40 is in
// range of the WAL-reset bug fixed in 3.51.3: auto-checkpoint is off on the readers, asserted), and
// a pool of reader connections that grows to the number of threads that read at once. Statements
// are prepared once for each connection and SQL literal.
//
// Durability: commits are written with synchronous=NORMAL and made durable by an fsync of the WAL
// that concurrent commits share: commit() returns after an fsync that began after its COMMIT.
// After a failed fsync (sync_health.h) every later write throws StorageError::kReadOnly.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "storage/os/sync_health.h"

namespace ecr::storage::sql {

struct Blob {
  std::string_view bytes;
};
using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, Blob>;

enum class Access { kRead, kWrite };
enum class Durability {
  kDurable,  // survives power loss once commit() has returned
  kRelaxed   // survives the death of the process; a power loss may take it
};

class Connection;
class Database;

// The rows of one query, in order. Ends (and frees its statement) when destroyed; must not outlive
// its Txn. Columns count from 0.
class Rows {
 public:
  Rows(Rows&&) noexcept;
  ~Rows();
  bool next();  // false after the last row
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  // Views are valid until next() or destruction.
  std::string_view text(int column) const;
  std::string_view blob(int column) const;
  std::string string(int column) const { return std::string(text(column)); }
  std::optional<std::string> optional_string(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;

 private:
  friend class Txn;
  Rows(Connection& connection, void* statement);
  Connection* connection_;
  void* statement_;
};

// A transaction: rolled back when destroyed without commit(). Stays in the thread that began it. A
// read transaction sees one snapshot, that of its first query; a write transaction holds the writer
// from begin to commit, and a thread has at most one.
class Txn {
 public:
  Txn(Txn&&) noexcept;
  ~Txn();

  // REQUIRES: sql is a string literal (statements are cached by its address), with one '?' for
  // each argument.
  template <typename... Args>
  Rows query(const char* sql, const Args&... args) {
    return run(sql, {to_value(args)...});
  }
  // Returns the number of rows changed. REQUIRES: a write transaction.
  template <typename... Args>
  std::int64_t exec(const char* sql, const Args&... args) {
    return change(sql, {to_value(args)...});
  }
  std::int64_t last_insert_id() const;

  Access access() const { return access_; }
  // Ends the transaction, also where it throws. Rows that still exist give no more rows.
  void commit(Durability durability = Durability::kDurable);
  // Runs `action` once the transaction is committed (durably, where that was asked for) and the
  // writer is free again; never where it is rolled back. In the order given; must not throw.
  void on_commit(std::function<void()> action);
  // Commits durably and then calls `before_next_writer` while still keeping every other writer
  // out: for what must follow the commit and precede whatever anybody writes next (the file of a
  // blob whose row went). REQUIRES: a write transaction.
  void commit_then(const std::function<void()>& before_next_writer);

 private:
  friend class Database;
  Txn(Database& database, Connection* connection, Access access);
  void require_open() const;
  std::uint64_t commit_rows();
  void end() noexcept;
  Rows run(const char* sql, const std::vector<Value>& args);
  std::int64_t change(const char* sql, const std::vector<Value>& args);

  static Value to_value(std::nullptr_t) { return nullptr; }
  static Value to_value(bool v) { return static_cast<std::int64_t>(v); }
  static Value to_value(int v) { return static_cast<std::int64_t>(v); }
  static Value to_value(std::int64_t v) { return v; }
  static Value to_value(double v) { return v; }
  static Value to_value(std::string_view v) { return v; }
  static Value to_value(const std::string& v) { return std::string_view(v); }
  static Value to_value(const char* v) { return std::string_view(v); }
  static Value to_value(Blob v) { return v; }
  template <typename T>
  static Value to_value(const std::optional<T>& v) {
    return v ? to_value(*v) : Value(nullptr);
  }

  Database* database_;
  Connection* connection_;
  Access access_;
  bool open_ = true;
  std::vector<std::function<void()>> on_commit_;
};

// Thread-safe.
class Database {
 public:
  struct Options {
    bool sync = true;  // false: no fsync at all (--in-memory)
    // Told of failed syncs, and asked for those of others; outlives the database. Null: its own.
    SyncHealth* health = nullptr;
  };
  // Opens or creates the file and brings it to the newest migration (migrations.h). Throws
  // StorageError; kUnavailable where a newer program wrote it. REQUIRES: no other process has it
  // open (Store's lock sees to that).
  static std::unique_ptr<Database> open(const std::string& path, const Options& options);
  ~Database();

  Txn begin(Access access);
  // Writes what is committed now to a new file, without holding up anybody. Throws StorageError.
  void copy_to(const std::string& path);
  // Makes the rows of every table, but for those in `kept`, the ones of the database `path`, which
  // has the same schema: durably, in one transaction, with every other writer kept out.
  // `before_commit` runs within it; what it throws undoes everything. REQUIRES: no write
  // transaction in this thread.
  void replace_with(const std::string& path, const std::vector<std::string>& kept,
                    const std::function<void()>& before_commit);
  // PRAGMA integrity_check and foreign_key_check: what they complain of; empty is good.
  std::vector<std::string> integrity_problems();
  void checkpoint();
  // False after a failed fsync, its own or another of the SyncHealth.
  bool writable() const;
  // Changes with every commit that wrote, before that commit() returns. What was read in a
  // transaction that began after this was asked for is true for as long as it stays the same.
  std::uint64_t version() const;

 private:
  friend class Txn;
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecr::storage::sql
