// One SQLite connection with its prepared statements. Database, Txn and Rows are made of it;
// nothing else uses it. Owns the connection and the statements. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/sql/transaction.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ecr::storage::sql {

// A prepared statement. The connection owns it, or the Rows that uses it where it is not kept.
struct Statement {
  // Null: the transaction ended before its Rows, which now own this object.
  sqlite3_stmt* handle = nullptr;
  const char* key = nullptr;  // the text of its Sql; null: not kept for the next use
  bool busy = false;          // some Rows use it
  bool done = false;          // after the last row

  Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  // The columns of the current row. Throw StorageError where the transaction is over.
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;
  std::string_view blob(int column) const;

 private:
  sqlite3_stmt* row() const;
};

class Connection {
 public:
  Connection(const std::string& path, bool writer, bool sync);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Binds the arguments to a statement that no Rows is using. `copy`: the arguments may die before
  // the statement.
  Statement& start(Sql sql, const std::vector<Value>& args, bool copy);
  bool step(Statement& statement);  // false after the last row
  void give_back(Statement* statement);
  // The transaction is over: Rows that still exist give no more rows and do not use the connection
  // any more.
  void abandon_rows();

  void run(Sql sql);  // without arguments and rows
  // For statements that are made at run time and used once: execute() runs one with at most one
  // text argument, first_column() returns the texts in the first column of its rows.
  void execute(const std::string& sql, const std::string* argument = nullptr);
  std::vector<std::string> first_column(const std::string& sql);

  bool in_transaction() const;
  // True when the WAL has become so long that it should be checkpointed.
  bool wants_checkpoint() const;
  void checkpoint();
  void leave_wal_on_close();
  bool sync_failed() const { return sync_failed_; }
  std::int64_t changes() const;  // of the last statement
  std::int64_t last_insert_id() const;

 private:
  std::unique_ptr<Statement> prepare(const char* sql, bool keep);
  void bind(Statement& statement, const std::vector<Value>& args, bool copy);
  void config(int option, int value);
  std::string pragma(const char* sql);
  [[noreturn]] void fail(const char* doing);

  sqlite3* db_ = nullptr;
  std::unordered_map<const char*, std::unique_ptr<Statement>> statements_;  // by their literal
  std::vector<Statement*> running_;                                         // some Rows use them
  int wal_frames_ = 0;
  bool sync_failed_ = false;
};

}  // namespace ecr::storage::sql
