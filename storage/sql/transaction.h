// Transactions and the rows of their queries. A Txn borrows a connection of its Database, which
// outlives it, and Rows borrow their Txn. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "schemas/model/digest.h"
#include "schemas/model/repository_name.h"

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

// A string literal, or several put together by the compiler: the list of an entity's columns is
// written once, and is part of every statement that reads the entity:
//   static constexpr auto kSql = "SELECT " + kColumns + " FROM jobs WHERE id = ?";
template <std::size_t N>  // with the '\0' at its end
struct Literal {
  char text[N] = {};
  constexpr Literal() = default;
  constexpr Literal(const char (&literal)[N]) {  // NOLINT(google-explicit-constructor)
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
};

template <std::size_t N, std::size_t M>
constexpr Literal<N + M - 1> operator+(const Literal<N>& left, const Literal<M>& right) {
  Literal<N + M - 1> joined;
  for (std::size_t i = 0; i + 1 < N; ++i) joined.text[i] = left.text[i];
  for (std::size_t i = 0; i < M; ++i) joined.text[N - 1 + i] = right.text[i];
  return joined;
}
template <std::size_t N, std::size_t M>
constexpr auto operator+(const char (&left)[N], const Literal<M>& right) {
  return Literal<N>(left) + right;
}
template <std::size_t N, std::size_t M>
constexpr auto operator+(const Literal<N>& left, const char (&right)[M]) {
  return left + Literal<M>(right);
}

// A statement: a literal of the source, or a static Literal, and nothing else. Statements are kept
// prepared by the address of their text, so the text must last as long as the program; the compiler
// refuses whatever need not.
class Sql {
 public:
  template <std::size_t N>
  consteval Sql(const char (&literal)[N])
      : text_(literal) {}  // NOLINT(google-explicit-constructor)
  template <std::size_t N>
  consteval Sql(const Literal<N>& literal)  // NOLINT(google-explicit-constructor)
      : text_(literal.text) {}
  const char* text() const { return text_; }

 private:
  const char* text_;
};

class Connection;
class ConnectionPool;
class Database;
struct Statement;

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
  Rows(Connection& connection, Statement& statement);
  Connection* connection_;
  Statement* statement_;  // null: moved from
};

// A transaction: rolled back when destroyed without commit(). Stays in the thread that began it. A
// read transaction sees one snapshot, that of its first query; a write transaction holds the writer
// from begin to commit, and a thread has at most one.
class Txn {
 public:
  Txn(Txn&&) noexcept;
  ~Txn();

  // REQUIRES: one '?' for each argument.
  template <typename... Args>
  Rows query(Sql sql, const Args&... args) {
    return run(sql, {to_value(args)...});
  }
  // Returns the number of rows changed. REQUIRES: a write transaction.
  template <typename... Args>
  std::int64_t exec(Sql sql, const Args&... args) {
    return change(sql, {to_value(args)...});
  }
  // A statement without arguments and rows that is used once, and is not kept: those that make the
  // schema. REQUIRES: a write transaction.
  void exec_once(const std::string& sql);
  std::int64_t last_insert_id() const;

  Access access() const { return access_; }
  // Ends the transaction, also where it throws. Rows that still exist give no more rows.
  void commit(Durability durability = Durability::kDurable);
  // Runs `action` once the transaction is committed (durably, where that was asked for) and the
  // writer is free again, so that it may begin a transaction of its own; never where it is rolled
  // back. In the order given, each once; the first exception comes out of commit() when all of them
  // have run. An empty function does nothing. A read transaction has them, too.
  void on_commit(std::function<void()> action);
  // Whether the rows are committed as asked for: what commit() throws then is of an action.
  bool committed() const { return committed_; }
  // Commits durably and then calls `before_next_writer` while it still keeps every other writer
  // out: for work that must follow the commit and precede the next write of any thread (removing
  // the file of a blob whose row is gone). REQUIRES: a write transaction.
  void commit_then(const std::function<void()>& before_next_writer);

 private:
  friend class Database;
  Txn(ConnectionPool& pool, Connection* connection, Access access);
  void require_open() const;
  std::uint64_t commit_rows();
  void end() noexcept;
  void run_actions();
  Rows run(Sql sql, const std::vector<Value>& args);
  std::int64_t change(Sql sql, const std::vector<Value>& args);

  static Value to_value(std::nullptr_t) { return nullptr; }
  static Value to_value(bool v) { return static_cast<std::int64_t>(v); }
  static Value to_value(int v) { return static_cast<std::int64_t>(v); }
  static Value to_value(std::int64_t v) { return v; }
  static Value to_value(double v) { return v; }
  static Value to_value(std::string_view v) { return v; }
  static Value to_value(const std::string& v) { return std::string_view(v); }
  static Value to_value(const char* v) { return std::string_view(v); }
  static Value to_value(const model::Digest& v) { return std::string_view(v.text()); }
  static Value to_value(const model::RepositoryName& v) { return std::string_view(v.text()); }
  static Value to_value(Blob v) { return v; }
  template <typename T>
  static Value to_value(const std::optional<T>& v) {
    return v ? to_value(*v) : Value(nullptr);
  }

  ConnectionPool* pool_;
  Connection* connection_;
  Access access_;
  bool open_ = true;
  bool committed_ = false;
  std::vector<std::function<void()>> on_commit_;
};

// Every row as `read(row)` makes it.
template <typename Read>
auto all_rows(Rows rows, Read read) {
  std::vector<decltype(read(std::as_const(rows)))> list;
  while (rows.next()) list.push_back(read(std::as_const(rows)));
  return list;
}
// The first row as `read(row)` makes it; nullopt: there is none.
template <typename Read>
auto first_row(Rows rows, Read read) {
  return rows.next() ? std::optional(read(std::as_const(rows))) : std::nullopt;
}
// These read the text or the integer in the first column.
inline std::vector<std::string> all_texts(Rows rows) {
  return all_rows(std::move(rows), [](const Rows& row) { return row.string(0); });
}
inline std::optional<std::string> first_text(Rows rows) {
  return first_row(std::move(rows), [](const Rows& row) { return row.string(0); });
}
inline std::vector<std::int64_t> all_integers(Rows rows) {
  return all_rows(std::move(rows), [](const Rows& row) { return row.integer(0); });
}
inline std::optional<std::int64_t> first_integer(Rows rows) {
  return first_row(std::move(rows), [](const Rows& row) { return row.integer(0); });
}
// The integer of a query that always has one row, such as a COUNT.
inline std::int64_t only_integer(Rows rows) {
  rows.next();
  return rows.integer(0);
}

}  // namespace ecr::storage::sql
