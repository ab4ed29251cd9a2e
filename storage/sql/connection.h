// One SQLite connection with its prepared statements: what Database, Txn and Rows are made of, and
// nobody else's business. Owns the connection and the statements. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/sql/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ecr::storage::sql {

// A prepared statement. The cache owns it, or the Rows that uses it where it is not cached.
struct Statement {
  sqlite3_stmt* handle =
      nullptr;                // null: the transaction ended under the Rows, which now owns this
  const char* key = nullptr;  // the literal; null: not cached
  bool busy = false;
  bool done = false;

  Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();
};

class Connection {
 public:
  Connection(const std::string& path, bool writer, bool sync);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // A statement that no Rows is using, bound. `copy`: the arguments may die before the statement.
  Statement& start(const char* sql, const std::vector<Value>& args, bool copy);
  bool step(Statement& statement);  // false after the last row
  void give_back(Statement* statement);
  // The transaction is over: whatever Rows still exist get no more rows and let go of us.
  void abandon_rows();

  // VACUUM INTO: what is committed now as a new file. REQUIRES: no transaction.
  void copy_to(const std::string& path);
  // One transaction that makes the rows of every table, but for those in `kept`, the ones of the
  // database `path` of the same schema. `before_commit` may throw to undo it. REQUIRES: the writer,
  // no transaction.
  void replace_rows(const std::string& path, const std::vector<std::string>& kept,
                    const std::function<void()>& before_commit);

  void run(const char* sql);  // a literal without arguments and rows
  bool in_transaction() const;
  // Whether this connection wrote so much that the WAL should be checkpointed.
  bool wants_checkpoint() const;
  void checkpoint();
  void leave_wal_on_close();
  bool sync_failed() const { return sync_failed_; }
  std::int64_t changes() const;  // of the last statement
  std::int64_t last_insert_id() const;

 private:
  std::unique_ptr<Statement> prepare(const char* sql, bool cached);
  void bind(Statement& statement, const std::vector<Value>& args, bool copy);
  void config(int option, int value);
  std::string pragma(const char* sql);
  void execute(const std::string& sql, const std::string* argument = nullptr);
  std::vector<std::string> names(const std::string& sql);
  void replace_table(const std::string& table);
  [[noreturn]] void fail(const char* doing);

  sqlite3* db_ = nullptr;
  std::unordered_map<const char*, std::unique_ptr<Statement>> statements_;
  std::vector<Statement*> live_;
  int wal_frames_ = 0;
  bool sync_failed_ = false;
};

}  // namespace ecr::storage::sql
