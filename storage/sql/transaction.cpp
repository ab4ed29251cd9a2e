#include "storage/sql/transaction.h"

#include <exception>

#include "storage/os/error.h"
#include "storage/sql/connection.h"
#include "storage/sql/connection_pool.h"

namespace ecr::storage::sql {

namespace {

StorageError transaction_misuse(const std::string& what) {
  return {StorageError::Kind::kMisuse, what};
}

}  // namespace

Rows::Rows(Connection& connection, Statement& statement)
    : connection_(&connection), statement_(&statement) {}

Rows::Rows(Rows&& other) noexcept
    : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)) {}

// A Txn may end before its Rows; abandon_rows() has then taken the statement's handle away.
Rows::~Rows() {
  if (!statement_) return;
  if (statement_->handle) {
    connection_->give_back(statement_);
  } else {  // abandoned: another transaction may have the connection by now
    delete statement_;
  }
}

bool Rows::next() { return connection_->step(*statement_); }

bool Rows::is_null(int column) const { return statement_->is_null(column); }

std::int64_t Rows::integer(int column) const { return statement_->integer(column); }

double Rows::real(int column) const { return statement_->real(column); }

std::string_view Rows::text(int column) const { return statement_->text(column); }

std::string_view Rows::blob(int column) const { return statement_->blob(column); }

std::optional<std::string> Rows::optional_string(int column) const {
  return is_null(column) ? std::nullopt : std::optional(string(column));
}

std::optional<std::int64_t> Rows::optional_integer(int column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}

Txn::Txn(ConnectionPool& pool, Connection* connection, Access access)
    : pool_(&pool), connection_(connection), access_(access) {}

// The one that was moved from is over, so that its destructor does not roll back (test
// DatabaseTest.MovedTransactionIsTheSameTransaction).
Txn::Txn(Txn&& other) noexcept
    : pool_(other.pool_),
      connection_(other.connection_),
      access_(other.access_),
      open_(std::exchange(other.open_, false)),
      committed_(other.committed_),
      on_commit_(std::move(other.on_commit_)) {}

Txn::~Txn() {
  if (open_) end();
}

void Txn::require_open() const {
  if (!open_) throw transaction_misuse("the transaction is over");
}

// Copies the arguments: the Rows may live longer than a temporary that the caller passed (test
// DatabaseTest.ArgumentsMayDieBeforeTheRows).
Rows Txn::run(Sql sql, const std::vector<Value>& args) {
  require_open();
  return {*connection_, connection_->start(sql, args, true)};
}

void Txn::exec_once(const std::string& sql) {
  require_open();
  if (access_ != Access::kWrite) throw transaction_misuse("a read transaction: " + sql);
  connection_->execute(sql);
}

// Does not copy the arguments (a manifest may be large): the statement ends within this call.
std::int64_t Txn::change(Sql sql, const std::vector<Value>& args) {
  require_open();
  if (access_ != Access::kWrite)
    throw transaction_misuse(std::string("a read transaction: ") + sql.text());
  Rows rows(*connection_, connection_->start(sql, args, false));
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
    pool_->note_failed_sync();
    pool_->give_back_writer();
  } else {
    pool_->give_back_reader(connection_);
  }
}

// A COMMIT that fails (a full disk, say) leaves the transaction open, so it is rolled back: nothing
// of it is seen later (test DatabaseTest.FullDiskFailsTheCommitAndNothingElse).
std::uint64_t Txn::commit_rows() {
  connection_->abandon_rows();
  try {
    connection_->run("COMMIT");
  } catch (...) {
    end();
    throw;
  }
  return pool_->note_commit();
}

// Kept in the transaction and not run by it: a rollback forgets them (test
// DatabaseTest.OnCommitRunsAfterTheCommitAndNeverAfterARollback).
void Txn::on_commit(std::function<void()> action) {
  require_open();
  if (action) on_commit_.push_back(std::move(action));
}

void Txn::run_actions() {
  committed_ = true;
  std::exception_ptr failure;
  for (const auto& action : std::exchange(on_commit_, {})) {
    try {
      action();
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

// Where the wait throws, other transactions already see the rows, but a power loss may take them.
// The client is told of a failure, and must look before it tries again. The actions of on_commit()
// do not run then.
void Txn::commit(Durability durability) {
  require_open();
  if (access_ == Access::kRead) {
    end();
  } else {
    const std::uint64_t ticket = commit_rows();
    // The writer is free before the wait, so that the commits of other threads share the sync.
    end();
    if (durability == Durability::kDurable) pool_->wait_durable(ticket);
  }
  run_actions();
}

// Waits for the disk with the writer held: the file of a blob must not go before the commit that
// removed its row is durable, and no other thread may add a row for that file in between (tests
// DatabaseTest.CommitThenKeepsOtherWritersOutUntilItsWorkIsDone,
// CollectGarbage.FileGoesWhileOtherWritersAreKeptOut). Where the wait or the work throws, the rows
// are committed all the same (test DatabaseTest.CommitThenThatThrowsHasCommittedAndFreesTheWriter).
void Txn::commit_then(const std::function<void()>& before_next_writer) {
  require_open();
  if (access_ != Access::kWrite) throw transaction_misuse("commit_then in a read transaction");
  const std::uint64_t ticket = commit_rows();
  try {
    pool_->wait_durable(ticket);
    before_next_writer();
  } catch (...) {
    end();
    throw;
  }
  end();
  run_actions();
}

}  // namespace ecr::storage::sql
