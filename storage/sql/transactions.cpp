// Database and Txn: who has which connection, and when a commit is durable. Knows no SQLite.
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <utility>

#include "storage/os/error.h"
#include "storage/os/posix.h"
#include "storage/sql/connection.h"
#include "storage/sql/database.h"
#include "storage/sql/group_sync.h"
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {

namespace {

using Kind = StorageError::Kind;

StorageError transaction_misuse(const std::string& what) { return {Kind::kMisuse, what}; }

}  // namespace

// Database

struct Database::Impl {
  std::string path;
  Options options;
  std::unique_ptr<Connection> writer;  // under writer_mutex
  std::mutex writer_mutex;             // held for the life of a write transaction
  std::atomic<std::thread::id> writer_thread{};
  std::mutex idle_mutex;
  std::vector<std::unique_ptr<Connection>> idle;  // readers; under idle_mutex
  Fd wal;
  std::unique_ptr<GroupSync> sync;
  std::atomic<std::uint64_t> version{1};
  SyncHealth own_health;
  SyncHealth* health = &own_health;

  // The file, which is made where it is missing.
  static std::unique_ptr<Database> open(const std::string& path, const Options& options);
  Connection* take_reader();
  Connection* take_writer();
  void give_back_reader(Connection* connection);
  void give_back_writer();
  // After COMMIT, before the writer is given back.
  std::uint64_t note_commit();
  void wait_durable(std::uint64_t ticket);
  // SQLite's own sync of the database file failed (at a checkpoint).
  void note_failed_checkpoint();
};

Connection* Database::Impl::take_reader() {
  {
    const std::lock_guard lock(idle_mutex);
    if (!idle.empty()) {
      Connection* const connection = idle.back().release();
      idle.pop_back();
      return connection;
    }
  }
  return std::make_unique<Connection>(path, false, options.sync).release();
}

void Database::Impl::give_back_reader(Connection* connection) {
  std::unique_ptr<Connection> owned(connection);
  if (owned->in_transaction()) return;  // it could not end: not fit for use
  const std::lock_guard lock(idle_mutex);
  idle.push_back(std::move(owned));
}

Connection* Database::Impl::take_writer() {
  if (writer_thread.load() == std::this_thread::get_id()) {
    throw transaction_misuse("a second write transaction in one thread would wait for itself");
  }
  writer_mutex.lock();
  writer_thread.store(std::this_thread::get_id());
  return writer.get();
}

void Database::Impl::give_back_writer() {
  writer_thread.store({});
  writer_mutex.unlock();
}

std::uint64_t Database::Impl::note_commit() {
  version.fetch_add(1);
  const std::uint64_t ticket = sync->note();
  if (writer->wants_checkpoint()) writer->checkpoint();
  if (writer->sync_failed()) note_failed_checkpoint();
  return ticket;
}

void Database::Impl::note_failed_checkpoint() {
  health->fail("syncing " + path);
  sync->fail();
}

void Database::Impl::wait_durable(std::uint64_t ticket) {
  if (options.sync) sync->wait(ticket);
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

namespace {

// Made aside without a sync for each step, and named when it is whole and on disk. The caller syncs
// the directory.
void create(const std::string& path, const std::function<void(const std::string&)>& fill) {
  const std::string fresh = path + ".new";
  for (const char* suffix : {"", "-wal", "-shm"}) ::unlink((fresh + suffix).c_str());
  fill(fresh);
  const Fd file = open_file(AT_FDCWD, fresh.c_str(), O_RDWR, fresh);
  if (!file) throw StorageError(Kind::kIo, "there is no " + fresh);
  sync_data(file.get(), fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    throw StorageError::from_errno(errno, "renaming " + fresh);
  }
}

}  // namespace

std::unique_ptr<Database> Database::open(const std::string& path, const Options& options) {
  if (options.sync && ::access(path.c_str(), F_OK) != 0) {
    // Closing it brings everything into the one file.
    create(path, [](const std::string& fresh) { Impl::open(fresh, {.sync = false}).reset(); });
  }
  return Impl::open(path, options);
}

std::unique_ptr<Database> Database::Impl::open(const std::string& path, const Options& options) {
  const std::string parent = std::filesystem::absolute(path).parent_path();
  // Created here for its mode, which SQLite gives to the -wal and -shm files as well. Closed before
  // SQLite opens it: closing any descriptor of a file drops the process's locks on it.
  if (!open_file(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT, path)) {
    throw StorageError(Kind::kUnavailable, "there is no directory " + parent);
  }
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->options = options;
  impl->writer = std::make_unique<Connection>(path, true, options.sync);
  // SQLite keeps this file until its last connection closes, so the descriptor stays good.
  const std::string wal = path + "-wal";
  impl->wal = open_file(AT_FDCWD, wal.c_str(), O_RDWR, wal);
  if (!impl->wal) throw StorageError(Kind::kIo, "there is no " + wal);
  if (options.sync) {
    // What a process that was killed had committed is seen from here on, so it must stay.
    if (file_state(impl->wal.get(), wal).size > 0) sync_data(impl->wal.get(), wal);
    sync_directory(open_directory(AT_FDCWD, parent.c_str(), parent).get(), parent);
  }
  if (options.health) impl->health = options.health;
  impl->sync = std::make_unique<GroupSync>([fd = impl->wal.get(), wal, health = impl->health] {
    try {
      sync_data(fd, wal);
    } catch (const StorageError& error) {
      health->fail(error.what());
      throw;
    }
  });
  std::unique_ptr<Database> database(new Database(std::move(impl)));
  migrate(*database, migrations(), schema());
  return database;
}

Database::~Database() {
  impl_->idle.clear();
  // After a failed sync nobody knows what the WAL holds on disk: leave both files as they are.
  if (!writable()) impl_->writer->leave_wal_on_close();
}

Txn Database::begin(Access access) {
  if (access == Access::kRead) {
    std::unique_ptr<Connection> reader(impl_->take_reader());
    reader->run("BEGIN");
    return {*this, reader.release(), access};
  }
  Connection* const writer = impl_->take_writer();
  try {
    impl_->health->require();
    writer->run("BEGIN IMMEDIATE");
  } catch (...) {
    impl_->give_back_writer();
    throw;
  }
  return {*this, writer, access};
}

bool Database::writable() const { return !impl_->health->failed(); }

std::uint64_t Database::version() const { return impl_->version.load(); }

void Database::checkpoint() {
  Connection* const writer = impl_->take_writer();
  if (writable()) writer->checkpoint();
  if (writer->sync_failed()) impl_->note_failed_checkpoint();
  impl_->give_back_writer();
}

void Database::copy_to(const std::string& path) {
  // A connection of its own: the readers' may not write, not even to another file.
  Connection connection(impl_->path, false, impl_->options.sync);
  connection.run("PRAGMA query_only = OFF");
  connection.copy_to(path);
}

void Database::replace_with(const std::string& path, const std::vector<std::string>& kept,
                            const std::function<void()>& before_commit) {
  Connection* const writer = impl_->take_writer();
  std::uint64_t ticket = 0;
  try {
    impl_->health->require();
    writer->replace_rows(path, kept, before_commit);
    ticket = impl_->note_commit();
  } catch (...) {
    if (writer->sync_failed()) impl_->note_failed_checkpoint();
    impl_->give_back_writer();
    throw;
  }
  impl_->give_back_writer();
  impl_->wait_durable(ticket);
}

std::vector<std::string> Database::integrity_problems() {
  std::vector<std::string> problems;
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
    if (error.kind() != Kind::kCorrupt) throw;
    problems.emplace_back(error.what());
  }
  return problems;
}

// Txn

Txn::Txn(Database& database, Connection* connection, Access access)
    : database_(&database), connection_(connection), access_(access) {}

Txn::Txn(Txn&& other) noexcept
    : database_(other.database_),
      connection_(other.connection_),
      access_(other.access_),
      open_(std::exchange(other.open_, false)),
      on_commit_(std::move(other.on_commit_)) {}

Txn::~Txn() {
  if (open_) end();
}

void Txn::require_open() const {
  if (!open_) throw transaction_misuse("the transaction is over");
}

Rows Txn::run(const char* sql, const std::vector<Value>& args) {
  require_open();
  return {*connection_, &connection_->start(sql, args, true)};
}

std::int64_t Txn::change(const char* sql, const std::vector<Value>& args) {
  require_open();
  if (access_ != Access::kWrite)
    throw transaction_misuse(std::string("a read transaction: ") + sql);
  Rows rows(*connection_, &connection_->start(sql, args, false));
  while (rows.next()) {
  }
  return connection_->changes();
}

std::int64_t Txn::last_insert_id() const {
  require_open();
  return connection_->last_insert_id();
}

// Rolls back what is not committed and gives the connection back.
void Txn::end() noexcept {
  open_ = false;
  connection_->abandon_rows();
  try {
    if (connection_->in_transaction()) connection_->run("ROLLBACK");
  } catch (const StorageError&) {
    // The next BEGIN on this connection fails and says so.
  }
  if (access_ == Access::kWrite) {
    if (connection_->sync_failed()) database_->impl_->note_failed_checkpoint();
    database_->impl_->give_back_writer();
  } else {
    database_->impl_->give_back_reader(connection_);
  }
}

std::uint64_t Txn::commit_rows() {
  connection_->abandon_rows();
  try {
    connection_->run("COMMIT");
  } catch (...) {
    end();
    throw;
  }
  return database_->impl_->note_commit();
}

void Txn::on_commit(std::function<void()> action) {
  require_open();
  on_commit_.push_back(std::move(action));
}

void Txn::commit(Durability durability) {
  require_open();
  if (access_ == Access::kRead) {
    end();
  } else {
    const std::uint64_t ticket = commit_rows();
    end();
    if (durability == Durability::kDurable) database_->impl_->wait_durable(ticket);
  }
  for (const auto& action : std::exchange(on_commit_, {})) action();
}

void Txn::commit_then(const std::function<void()>& before_next_writer) {
  require_open();
  if (access_ != Access::kWrite) throw transaction_misuse("commit_then in a read transaction");
  const std::uint64_t ticket = commit_rows();
  try {
    database_->impl_->wait_durable(ticket);
    before_next_writer();
  } catch (...) {
    end();
    throw;
  }
  end();
  for (const auto& action : std::exchange(on_commit_, {})) action();
}

}  // namespace ecr::storage::sql
