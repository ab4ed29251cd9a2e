#include "storage/sql/database.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "storage/os/error.h"
#include "storage/os/posix.h"
#include "storage/sql/connection.h"
#include "storage/sql/connection_pool.h"
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {

namespace {

// Fills a new file beside `path`, without a sync for each step, and gives it its name when it is
// whole and on disk: a crash leaves no database that is half made. The caller syncs the directory.
void create(const std::string& path, const std::function<void(const std::string&)>& fill) {
  const std::string fresh = path + ".new";
  // Removes files that an earlier crash left behind: SQLite would take an old -wal for that of the
  // new file.
  for (const char* suffix : {"", "-wal", "-shm"}) ::unlink((fresh + suffix).c_str());
  fill(fresh);
  const Fd file = open_file(AT_FDCWD, fresh.c_str(), O_RDWR, fresh);
  if (!file) throw StorageError(StorageError::Kind::kIo, "there is no " + fresh);
  sync_data(file.get(), fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    throw StorageError::from_errno(errno, "renaming " + fresh);
  }
}

}  // namespace

std::unique_ptr<Database> Database::open(const std::string& path, const Options& options) {
  // Without sync a power loss may damage the file anyway, so it is made in place.
  if (options.sync && ::access(path.c_str(), F_OK) != 0) {
    // Closing the last connection brings everything from the WAL into the one file.
    create(path, [](const std::string& fresh) { const Database made(fresh, {.sync = false}); });
  }
  return std::unique_ptr<Database>(new Database(path, options));
}

Database::Database(const std::string& path, const Options& options)
    : pool_(std::make_unique<ConnectionPool>(path, options.sync, options.sync_failures)) {
  migrate(*this, migrations(), schema());
}

Database::~Database() = default;

// BEGIN is deferred: the snapshot of a read transaction begins with its first query. IMMEDIATE
// takes SQLite's write lock at once, so no write transaction fails later because it cannot get it.
Txn Database::begin(Access access) {
  if (access == Access::kRead) {
    std::unique_ptr<Connection> reader(pool_->take_reader());
    reader->run("BEGIN");
    return {*pool_, reader.release(), access};
  }
  Connection* const writer = pool_->take_writer();
  try {
    pool_->sync_failures().throw_if_any();
    writer->run("BEGIN IMMEDIATE");
  } catch (...) {
    pool_->give_back_writer();
    throw;
  }
  return {*pool_, writer, access};
}

bool Database::writable() const { return !pool_->sync_failures().any(); }

std::uint64_t Database::version() const { return pool_->version(); }

// With the writer held: two checkpoints must never run at once. After a failed sync none runs,
// because it would copy what may not be on disk.
void Database::checkpoint() {
  Connection* const writer = pool_->take_writer();
  if (writable()) writer->checkpoint();
  pool_->note_failed_sync();
  pool_->give_back_writer();
}

// VACUUM INTO reads one snapshot, so writers go on, and leaves out free pages.
void Database::copy_to(const std::string& path) {
  // A connection of its own: the readers' may not write, not even to another file.
  Connection connection(pool_->path(), false, pool_->syncs());
  connection.run("PRAGMA query_only = OFF");
  connection.execute("VACUUM INTO ?", &path);
}

// Copying the rows of another database

namespace {

// Names of tables and columns cannot be arguments of a statement. They come from SQLite's own
// schema, and are quoted all the same: a saved database may come from elsewhere.
std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

std::string text_literal(const std::string& text) {
  std::string literal = "'";
  for (const char c : text) literal += c == '\'' ? std::string("''") : std::string(1, c);
  return literal + "'";
}

// Runs `undo` at the end of the scope and drops a StorageError that it throws.
template <typename Undo>
class Finally {
 public:
  explicit Finally(Undo undo) : undo_(std::move(undo)) {}
  Finally(const Finally&) = delete;
  Finally& operator=(const Finally&) = delete;
  ~Finally() {
    try {
      undo_();
    } catch (const StorageError&) {
      return;  // the next use of the connection says so
    }
  }

 private:
  Undo undo_;
};

void replace_table(Connection& connection, const std::string& table) {
  // By name: a database that was brought up by migrations may have its columns in another order.
  std::string columns;
  // Only the columns of this database, which has the newest schema: prepare_saved() has brought the
  // other one to the same.
  for (const std::string& column : connection.first_column("SELECT name FROM pragma_table_info(" +
                                                           text_literal(table) + ", 'main')")) {
    columns += (columns.empty() ? "" : ", ") + quoted(column);
  }
  connection.execute("DELETE FROM main." + quoted(table));
  connection.execute("INSERT INTO main." + quoted(table) + " (" + columns + ") SELECT " + columns +
                     " FROM replacement." + quoted(table));
}

// REQUIRES: the writer, no transaction.
void replace_rows(Connection& connection, const std::string& path,
                  const std::vector<std::string>& kept,
                  const std::function<void()>& before_commit) {
  // The undoing runs in reverse order: DETACH and the pragma do not work within a transaction.
  connection.execute("ATTACH DATABASE ? AS replacement", &path);
  const Finally detach([&] { connection.execute("DETACH DATABASE replacement"); });
  // The rows come from a database in which every reference holds; checked one by one they would
  // have to come in the right order. The pragma means nothing within a transaction.
  connection.execute("PRAGMA foreign_keys = OFF");
  const Finally references([&] { connection.execute("PRAGMA foreign_keys = ON"); });
  connection.execute("BEGIN IMMEDIATE");
  const Finally rollback([&] {
    if (connection.in_transaction()) connection.execute("ROLLBACK");
  });
  // sqlite_% are SQLite's own tables. user_version is not copied: both databases have the same.
  const std::string tables =
      "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
      "ORDER BY name";
  for (const std::string& table : connection.first_column(tables)) {
    if (std::find(kept.begin(), kept.end(), table) == kept.end()) replace_table(connection, table);
  }
  before_commit();
  connection.execute("COMMIT");
}

}  // namespace

// Not through a Txn: ATTACH and the pragma must come before BEGIN. The rest is as in Txn::commit:
// the writer is free before the wait for the disk.
void Database::replace_with(const std::string& path, const std::vector<std::string>& kept,
                            const std::function<void()>& before_commit) {
  Connection* const writer = pool_->take_writer();
  std::uint64_t ticket = 0;
  try {
    pool_->sync_failures().throw_if_any();
    replace_rows(*writer, path, kept, before_commit);
    ticket = pool_->note_commit();
  } catch (...) {
    pool_->note_failed_sync();
    pool_->give_back_writer();
    throw;
  }
  pool_->give_back_writer();
  pool_->wait_durable(ticket);
}

// integrity_check looks at pages and indexes, foreign_key_check at references: PRAGMA
// integrity_check does not cover foreign keys (sqlite.org, "Pragma statements").
std::vector<std::string> Database::integrity_problems() {
  std::vector<std::string> problems;
  // A reader is enough: both checks only read, and the writer stays free meanwhile.
  Txn txn = begin(Access::kRead);
  try {
    for (auto rows = txn.query("PRAGMA integrity_check"); rows.next();) {
      if (rows.text(0) != "ok") problems.push_back("database: " + rows.string(0));
    }
    for (auto rows = txn.query("PRAGMA foreign_key_check"); rows.next();) {
      problems.push_back("database: row " + rows.string(1) + " of " + rows.string(0) +
                         " names a row of " + rows.string(2) + " that is not there");
    }
  } catch (const StorageError& error) {  // too broken to be checked
    if (error.kind() != StorageError::Kind::kCorrupt) throw;
    // The check itself needs readable pages; this is then the only problem that can be named.
    problems.emplace_back(error.what());
  }
  return problems;
}

}  // namespace ecr::storage::sql
