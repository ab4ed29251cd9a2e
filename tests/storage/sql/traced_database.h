// A database whose statements are recorded, and how SQLite would run each.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "storage/sql/database.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage::test {

inline std::set<std::string>* traced = nullptr;  // of the one test that runs

inline int on_statement(unsigned, void*, void* statement, void* text) {
  // Cascades are traced as comments.
  if (std::string_view(static_cast<const char*>(text)).starts_with("--")) return 0;
  if (traced) traced->insert(sqlite3_sql(static_cast<sqlite3_stmt*>(statement)));
  return 0;
}

inline int trace_connection(sqlite3* db, const char**, const sqlite3_api_routines*) {
  return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, on_statement, nullptr);
}

// The steps of a statement's plan.
inline std::vector<std::string> plan_of(sqlite3* db, const std::string& sql) {
  std::vector<std::string> steps;
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(db, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &statement, nullptr),
            SQLITE_OK)
      << sql;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    steps.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 3)));
  }
  sqlite3_finalize(statement);
  return steps;
}

// Those that read a whole table or sort.
inline std::set<std::string> slow_steps(sqlite3* db, const std::string& sql) {
  std::set<std::string> slow;
  for (const std::string& step : plan_of(db, sql)) {
    const bool scans = step.starts_with("SCAN") && step.find("CONSTANT ROW") == std::string::npos;
    if (scans || step.find("TEMP B-TREE") != std::string::npos) slow.insert(step);
  }
  return slow;
}

// A database whose statements, as `use` runs them, are in `statements`.
struct TracedDatabase {
  TemporaryDirectory directory;
  std::set<std::string> statements;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> db{nullptr, sqlite3_close};

  template <typename Use>
  explicit TracedDatabase(Use use) {
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(trace_connection));
    const auto path = directory / "test.db";
    const auto database = sql::Database::open(path, {.sync = false});
    sqlite3_reset_auto_extension();
    {
      auto txn = database->begin(sql::Access::kWrite);
      traced = &statements;
      use(txn);
      traced = nullptr;
    }
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    db.reset(raw);
  }
};

}  // namespace ecr::storage::test
