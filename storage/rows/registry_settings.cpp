#include "storage/rows/registry_settings.h"

#include "storage/sql/time_column.h"

namespace ecr::storage {

std::optional<std::string> registry_setting(sql::Txn& txn, std::string_view account,
                                            std::string_view region, std::string_view name) {
  auto row =
      txn.query("SELECT value FROM registry_settings WHERE account = ? AND region = ? AND name = ?",
                account, region, name);
  return row.next() ? std::optional(row.string(0)) : std::nullopt;
}

void set_registry_setting(sql::Txn& txn, std::string_view account, std::string_view region,
                          std::string_view name, std::string_view value) {
  txn.exec(
      R"(INSERT INTO registry_settings (account, region, name, value) VALUES (?, ?, ?, ?)
         ON CONFLICT (account, region, name) DO UPDATE SET value = excluded.value)",
      account, region, name, value);
}

void remove_registry_setting(sql::Txn& txn, std::string_view account, std::string_view region,
                             std::string_view name) {
  txn.exec("DELETE FROM registry_settings WHERE account = ? AND region = ? AND name = ?", account,
           region, name);
}

bool add_pull_exclusion(sql::Txn& txn, std::string_view account, std::string_view region,
                        std::string_view principal, base::TimePoint when) {
  return txn.exec(
             R"(INSERT INTO pull_time_exclusions (account, region, principal, created_at)
                VALUES (?, ?, ?, ?)
                ON CONFLICT (account, region, principal) DO NOTHING)",
             account, region, principal, to_column(when)) != 0;
}

bool remove_pull_exclusion(sql::Txn& txn, std::string_view account, std::string_view region,
                           std::string_view principal) {
  return txn.exec(
             R"(DELETE FROM pull_time_exclusions
                WHERE account = ? AND region = ? AND principal = ?)",
             account, region, principal) != 0;
}

bool has_pull_exclusion(sql::Txn& txn, std::string_view account, std::string_view region,
                        std::string_view principal) {
  return txn
      .query(
          R"(SELECT 1 FROM pull_time_exclusions
             WHERE account = ? AND region = ? AND principal = ?)",
          account, region, principal)
      .next();
}

std::vector<std::string> list_pull_exclusions(sql::Txn& txn, std::string_view account,
                                              std::string_view region, std::string_view after,
                                              std::int64_t limit) {
  std::vector<std::string> principals;
  for (auto row = txn.query(
           R"(SELECT principal FROM pull_time_exclusions
              WHERE account = ? AND region = ? AND principal > ?
              ORDER BY principal LIMIT ?)",
           account, region, after, limit);
       row.next();) {
    principals.push_back(row.string(0));
  }
  return principals;
}

}  // namespace ecr::storage
