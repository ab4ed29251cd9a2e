#include "storage/sql/connection.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sqlite3.h>

#include "storage/os/error.h"

namespace ecr::storage::sql {

namespace {

using Kind = StorageError::Kind;

// Frames in the WAL (4 KiB each) from which the writer checkpoints. 1000 is also SQLite's own
// default for automatic checkpoints (sqlite.org, "Write-Ahead Logging"): a longer WAL makes reads
// slower, a shorter one costs more syncs of the database file.
constexpr int kCheckpointFrames = 1000;

// SQLite's extended codes hold the primary code in their low byte. Anything that is not listed is a
// bug of this program: wrong SQL, a constraint that no caller expects.
Kind kind_of(int extended) {
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return Kind::kNoSpace;
    case SQLITE_IOERR:
      return Kind::kIo;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Kind::kCorrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
      return Kind::kUnavailable;
    default:
      return Kind::kMisuse;
  }
}

StorageError database_misuse(const std::string& what) { return {Kind::kMisuse, what}; }

// Before the first connection: no allocation statistics, for which SQLite would lock a global mutex
// at each malloc.
void configure_sqlite() {
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)configured;
}

}  // namespace

// Statement

Statement::~Statement() { sqlite3_finalize(handle); }

// Rows may outlive their transaction (test DatabaseTest.RowsLeftOverAtCommitAreHarmless). To read a
// finalized statement would be undefined, so it is an error here.
sqlite3_stmt* Statement::row() const {
  if (!handle) throw database_misuse("the rows of a transaction that is over");
  return handle;
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(row(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(row(), column); }

double Statement::real(int column) const { return sqlite3_column_double(row(), column); }

std::string_view Statement::text(int column) const {
  // First the text, then its length: sqlite3_column_text() may convert the value, and the length is
  // that of the last conversion (sqlite.org, "Result Values From A Query"). By length, because a
  // text may hold a zero byte.
  const auto* data = sqlite3_column_text(row(), column);
  if (!data) return {};
  return {reinterpret_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(row(), column))};
}

std::string_view Statement::blob(int column) const {
  const void* data = sqlite3_column_blob(row(), column);
  if (!data) return {};
  return {static_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(row(), column))};
}

// Connection

Connection::Connection(const std::string& path, bool writer, bool sync) {
  // NOMUTEX: one thread at a time uses a connection, so SQLite needs no lock of its own. EXRESCODE:
  // fail() must tell a failed sync from other I/O errors. No CREATE: ConnectionPool makes the file,
  // for its mode.
  configure_sqlite();
  const int rc =
      sqlite3_open_v2(path.c_str(), &db_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  try {
    if (rc != SQLITE_OK) fail("opening the database");
    sqlite3_busy_timeout(db_, 5000);
    // Small allocations come from 64 slots of 512 bytes, 32 KiB a connection: there may be as many
    // connections as threads.
    sqlite3_db_config(db_, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 512, 64);
    // A data directory may come from elsewhere (a snapshot): its schema is not trusted to run
    // functions, and SQL cannot damage the file.
    config(SQLITE_DBCONFIG_DEFENSIVE, 1);
    config(SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
    // NORMAL: SQLite does not sync at a COMMIT; ConnectionPool does, once for many commits.
    pragma(sync ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = OFF");
    if (pragma("PRAGMA journal_mode = WAL") != "wal") {
      throw StorageError(Kind::kUnavailable,
                         "the file system of " + path + " cannot share memory between connections");
    }
    // SQLite checks foreign keys only where a connection asks for it. Deletions of repositories,
    // images and identities rely on ON DELETE CASCADE (test DatabaseTest.ForeignKeysAreEnforced).
    pragma("PRAGMA foreign_keys = ON");
    // No temporary files outside of the data directory, whose mode keeps others out.
    pragma("PRAGMA temp_store = MEMORY");
    // 16 MiB: a WAL that grew long beside a slow reader is cut to this when it is begun anew.
    pragma("PRAGMA journal_size_limit = 16777216");
    // No connection checkpoints on its own: ConnectionPool does it with the writer. Two checkpoints
    // at once can lose commits in SQLite before 3.51.3 (the WAL-reset bug), and Debian 12 has 3.40.
    // (Test DatabaseTest.NoReaderCheckpointsByItself.)
    pragma("PRAGMA wal_autocheckpoint = 0");
    if (pragma("PRAGMA wal_autocheckpoint") != "0")
      throw database_misuse("auto-checkpoint is still on");
    if (writer) {
      // A negative size is in KiB: 1 MB for the one writer, and half of it for each of the many
      // readers.
      pragma("PRAGMA cache_size = -1000");
      sqlite3_wal_hook(
          db_,
          [](void* self, sqlite3*, const char*, int frames) {
            static_cast<Connection*>(self)->wal_frames_ = frames;
            return SQLITE_OK;
          },
          this);
    } else {
      pragma("PRAGMA cache_size = -500");
      // A write through a reader would go past the writer's mutex (test
      // DatabaseTest.ReadTransactionCannotWriteThroughQuery).
      pragma("PRAGMA query_only = ON");
      leave_wal_on_close();
    }
    // Reads the first page, so that the -wal file exists from here on: ConnectionPool opens it.
    pragma("SELECT COUNT(*) FROM sqlite_schema");
  } catch (...) {
    sqlite3_close(db_);
    throw;
  }
}

// sqlite3_close() fails while a statement lives, so the statements go first.
Connection::~Connection() {
  statements_.clear();
  sqlite3_close(db_);
}

// The extended code tells a failed sync from other I/O errors. A write that the file system refused
// for lack of space may also come as an I/O error, so errno decides there.
void Connection::fail(const char* doing) {
  const int code = db_ ? sqlite3_extended_errcode(db_) : SQLITE_NOMEM;
  if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) sync_failed_ = true;
  const bool no_space = db_ && (code & 0xff) == SQLITE_IOERR && sqlite3_system_errno(db_) == ENOSPC;
  const std::string message = db_ ? sqlite3_errmsg(db_) : "out of memory";
  throw StorageError(
      no_space ? Kind::kNoSpace : kind_of(code),
      std::string("database: ") + message + " (" + std::to_string(code) + "), " + doing);
}

void Connection::config(int option, int value) {
  if (sqlite3_db_config(db_, option, value, nullptr) != SQLITE_OK) fail("configuring");
}

// Runs a statement and returns the first column of its first row.
std::string Connection::pragma(const char* sql) {
  const auto statement = prepare(sql, false);
  std::string first;
  if (step(*statement)) {
    const auto* text = sqlite3_column_text(statement->handle, 0);
    if (text) first = reinterpret_cast<const char*>(text);
    while (step(*statement)) {
    }
  }
  return first;
}

// REQUIRES: the column is never NULL.
std::vector<std::string> Connection::first_column(const std::string& sql) {
  const auto statement = prepare(sql.c_str(), false);
  std::vector<std::string> list;
  while (step(*statement)) {
    list.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement->handle, 0)));
  }
  return list;
}

void Connection::execute(const std::string& sql, const std::string* argument) {
  const auto statement = prepare(sql.c_str(), false);
  if (argument != nullptr) bind(*statement, {std::string_view(*argument)}, false);
  while (step(*statement)) {
  }
}

// PERSISTENT: a statement that is kept does not use up the lookaside slots (sqlite.org, "Prepare
// Flags"). A text of two statements is refused, because SQLite would silently run the first alone.
std::unique_ptr<Statement> Connection::prepare(const char* sql, bool keep) {
  auto statement = std::make_unique<Statement>();
  const char* tail = nullptr;
  const unsigned flags = keep ? SQLITE_PREPARE_PERSISTENT : 0;
  if (sqlite3_prepare_v3(db_, sql, -1, flags, &statement->handle, &tail) != SQLITE_OK) fail(sql);
  if (!statement->handle || *tail) throw database_misuse(std::string("not one statement: ") + sql);
  statement->key = keep ? sql : nullptr;
  return statement;
}

// By the address of the text, which Sql makes sure of: no hash of the text for each call.
Statement& Connection::start(Sql literal, const std::vector<Value>& args, bool copy) {
  const char* const sql = literal.text();
  // SQLite rolls back by itself after some errors (a full disk, say). The statements that follow
  // would then each be committed alone.
  if (!in_transaction()) throw database_misuse(std::string("the transaction is over: ") + sql);
  auto& kept = statements_[sql];
  if (!kept) kept = prepare(sql, true);
  // A second use while Rows of the first still run gets a statement of its own.
  std::unique_ptr<Statement> fresh = kept->busy ? prepare(sql, false) : nullptr;
  Statement& statement = fresh ? *fresh : *kept;
  bind(statement, args, copy);
  running_.push_back(&statement);
  statement.busy = true;
  statement.done = false;
  (void)fresh.release();  // give_back deletes it
  return statement;
}

void Connection::bind(Statement& statement, const std::vector<Value>& args, bool copy) {
  sqlite3_stmt* const handle = statement.handle;
  if (sqlite3_bind_parameter_count(handle) != static_cast<int>(args.size())) {
    throw database_misuse(std::string("wrong number of arguments: ") + sqlite3_sql(handle));
  }
  const auto lifetime = copy ? SQLITE_TRANSIENT : SQLITE_STATIC;
  // Parameters count from 1, columns from 0.
  int rc = SQLITE_OK;
  for (int i = 0; i < static_cast<int>(args.size()) && rc == SQLITE_OK; ++i) {
    const Value& value = args[static_cast<std::size_t>(i)];
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      rc = sqlite3_bind_int64(handle, i + 1, *integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
      rc = sqlite3_bind_double(handle, i + 1, *real);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      // A null pointer would bind NULL.
      rc = sqlite3_bind_text64(handle, i + 1, text->data() ? text->data() : "", text->size(),
                               lifetime, SQLITE_UTF8);
    } else if (const auto* blob = std::get_if<Blob>(&value)) {
      rc = sqlite3_bind_blob64(handle, i + 1, blob->bytes.data() ? blob->bytes.data() : "",
                               blob->bytes.size(), lifetime);
    } else {
      rc = sqlite3_bind_null(handle, i + 1);
    }
  }
  if (rc != SQLITE_OK) fail(sqlite3_sql(handle));
}

// A statement that failed is over too: another step would run it from its beginning.
bool Connection::step(Statement& statement) {
  if (!statement.handle) throw database_misuse("the rows of a transaction that is over");
  if (statement.done) return false;  // SQLite would begin anew
  const int rc = sqlite3_step(statement.handle);
  if (rc == SQLITE_ROW) return true;
  statement.done = true;
  if (rc != SQLITE_DONE) fail(sqlite3_sql(statement.handle));
  return false;
}

// Reset at once: a statement that is not reset keeps its snapshot, and the WAL cannot be reused.
// The bindings are cleared as well: Txn::change() binds bytes that it does not own.
void Connection::give_back(Statement* statement) {
  std::erase(running_, statement);
  if (statement->key) {
    sqlite3_reset(statement->handle);
    sqlite3_clear_bindings(statement->handle);
    statement->busy = false;
  } else {
    delete statement;
  }
}

// COMMIT fails while a statement still reads, so each is finalized. Its Statement object stays for
// the Rows, which may be destroyed when another transaction already has the connection.
void Connection::abandon_rows() {
  for (Statement* statement : running_) {
    if (statement->key) {
      const auto kept = statements_.find(statement->key);
      (void)kept->second.release();
      statements_.erase(kept);
    }
    sqlite3_finalize(std::exchange(statement->handle, nullptr));
  }
  running_.clear();
}

void Connection::run(Sql literal) {
  const char* const sql = literal.text();
  auto& kept = statements_[sql];
  if (!kept) kept = prepare(sql, true);
  const int rc = sqlite3_step(kept->handle);
  if (rc != SQLITE_DONE) {
    const std::string doing = sql;
    try {
      fail(doing.c_str());
    } catch (...) {
      sqlite3_reset(kept->handle);
      throw;
    }
  }
  sqlite3_reset(kept->handle);
}

// SQLite is in autocommit mode exactly where no transaction is open, also where it has rolled one
// back by itself.
bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

// Rows that a cascade deleted do not count (sqlite.org, "Count The Number Of Rows Modified").
std::int64_t Connection::changes() const { return sqlite3_changes64(db_); }

std::int64_t Connection::last_insert_id() const { return sqlite3_last_insert_rowid(db_); }

bool Connection::wants_checkpoint() const { return wal_frames_ >= kCheckpointFrames; }

// The last connection that closes would checkpoint and delete the WAL. A reader must never
// checkpoint, and the writer must not after a failed sync (ConnectionPool::~ConnectionPool).
void Connection::leave_wal_on_close() { config(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1); }

// PASSIVE: copies as many frames as the open readers allow, and does not wait for them (test
// DatabaseTest.CheckpointWithAnOldReaderKeepsItsSnapshot).
void Connection::checkpoint() {
  // Counted anew by the hook at the next commit, also where this checkpoint could not copy
  // everything: the next commit then asks for another.
  wal_frames_ = 0;
  const int rc =
      sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  // After any other error (no space for the database file, say) the WAL still has everything, and
  // the next checkpoint tries again.
  if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC) sync_failed_ = true;
}

}  // namespace ecr::storage::sql
