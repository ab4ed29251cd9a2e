// Connection: copying a whole database out, and taking the rows of another one in.
#include <algorithm>
#include <utility>

#include "storage/os/error.h"
#include "storage/sql/connection.h"

namespace ecr::storage::sql {
namespace {

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

// Runs `undo` at the end of the scope; what it throws is nobody's concern.
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

}  // namespace

// A statement that is used once, made at run time, with at most one text argument.
void Connection::execute(const std::string& sql, const std::string* argument) {
  const auto statement = prepare(sql.c_str(), false);
  if (argument != nullptr) bind(*statement, {std::string_view(*argument)}, false);
  while (step(*statement)) {
  }
}

void Connection::copy_to(const std::string& path) { execute("VACUUM INTO ?", &path); }

void Connection::replace_table(const std::string& table) {
  std::string columns;
  for (const std::string& column :
       names("SELECT name FROM pragma_table_info(" + text_literal(table) + ", 'main')")) {
    columns += (columns.empty() ? "" : ", ") + quoted(column);
  }
  execute("DELETE FROM main." + quoted(table));
  execute("INSERT INTO main." + quoted(table) + " (" + columns + ") SELECT " + columns +
          " FROM replacement." + quoted(table));
}

void Connection::replace_rows(const std::string& path, const std::vector<std::string>& kept,
                              const std::function<void()>& before_commit) {
  execute("ATTACH DATABASE ? AS replacement", &path);
  const Finally detach([this] { execute("DETACH DATABASE replacement"); });
  // The rows come from a database in which every reference holds; checked one by one they would
  // have to come in the right order. The pragma means nothing within a transaction.
  execute("PRAGMA foreign_keys = OFF");
  const Finally references([this] { execute("PRAGMA foreign_keys = ON"); });
  execute("BEGIN IMMEDIATE");
  const Finally rollback([this] {
    if (in_transaction()) execute("ROLLBACK");
  });
  const std::string tables =
      "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
      "ORDER BY name";
  for (const std::string& table : names(tables)) {
    if (std::find(kept.begin(), kept.end(), table) == kept.end()) replace_table(table);
  }
  before_commit();
  execute("COMMIT");
}

}  // namespace ecr::storage::sql
