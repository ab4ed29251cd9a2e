#include "storage/rows/iam/account_access.h"

#include "storage/sql/columns.h"

namespace ecr::storage {

// The ids of roots and units of an organization are no accounts: an account's id is 12 digits.
std::vector<std::string> known_accounts(sql::Txn& txn) {
  return sql::all_rows(
      txn.query(R"(SELECT account FROM entities UNION SELECT account FROM managed_policies
                   UNION SELECT account FROM repositories
                   UNION SELECT account FROM registry_policies
                   UNION SELECT id FROM organization_targets
                           WHERE length(id) = 12 AND id NOT GLOB '*[^0-9]*'
                   UNION SELECT management_account FROM organizations ORDER BY 1)"),
      [](const sql::Rows& row) { return row.string(0); });
}

// An account has one alias at most (IAM User Guide, "IAM and AWS STS quotas"), so the account is
// the key of the row.
std::optional<std::string> account_alias(sql::Txn& txn, std::string_view account) {
  return sql::first_text(txn.query("SELECT alias FROM account_aliases WHERE account = ?", account));
}

// An alias is unique over all accounts, because it is part of a sign-in address.
bool set_account_alias(sql::Txn& txn, std::string_view account, std::string_view alias) {
  {
    // Asked first, because the unique index on the alias would answer with an error of the
    // database. The writer is held, so no other account takes it in between.
    auto row = txn.query("SELECT account FROM account_aliases WHERE alias = ?", alias);
    if (row.next() && row.text(0) != account) return false;
  }
  txn.exec(
      R"(INSERT INTO account_aliases (account, alias) VALUES (?, ?)
         ON CONFLICT (account) DO UPDATE SET alias = excluded.alias)",
      account, alias);
  return true;
}

void remove_account_alias(sql::Txn& txn, std::string_view account) {
  txn.exec("DELETE FROM account_aliases WHERE account = ?", account);
}

// The policy is stored and shown (test IamRows.SettingsOfAnAccountComeBack).
std::optional<std::string> password_policy(sql::Txn& txn, std::string_view account) {
  return sql::first_text(
      txn.query("SELECT policy FROM password_policies WHERE account = ?", account));
}

// An account without a row has no policy of its own, and IAM answers NoSuchEntity.
void set_password_policy(sql::Txn& txn, std::string_view account,
                         std::optional<std::string_view> policy) {
  txn.exec("DELETE FROM password_policies WHERE account = ?", account);
  if (!policy) return;
  txn.exec("INSERT INTO password_policies (account, policy) VALUES (?, ?)", account, *policy);
}

// The row has a slow, salted hash of the password, so a copy of the database does not reveal it.
std::optional<LoginProfile> find_login_profile(sql::Txn& txn, std::int64_t entity) {
  auto row = txn.query(
      "SELECT reset_required, created_at, password FROM login_profiles WHERE entity = ?", entity);
  if (!row.next()) return std::nullopt;
  return LoginProfile{entity, row.integer(0) != 0, from_column(row.integer(1)),
                      row.optional_string(2).value_or("")};
}

void put_login_profile(sql::Txn& txn, const LoginProfile& profile) {
  txn.exec(
      R"(INSERT INTO login_profiles (entity, reset_required, created_at, password)
         VALUES (?, ?, ?, ?)
         ON CONFLICT (entity) DO UPDATE
         SET reset_required = excluded.reset_required, created_at = excluded.created_at,
             password = excluded.password)",
      profile.entity, profile.reset_required, to_column(profile.created_at), profile.password_hash);
}

void delete_login_profile(sql::Txn& txn, std::int64_t entity) {
  txn.exec("DELETE FROM login_profiles WHERE entity = ?", entity);
}

// DeleteServiceLinkedRole answers a task id, and the deletion is done at once: the row only says
// that the id was given, so that its status is SUCCEEDED.
void insert_role_deletion(sql::Txn& txn, std::string_view account, std::string_view id) {
  txn.exec("INSERT INTO role_deletions (id, account) VALUES (?, ?)", id, account);
}

// The account is part of the question: the task id of another account is unknown to this one.
bool role_deletion_exists(sql::Txn& txn, std::string_view account, std::string_view id) {
  return txn.query("SELECT 1 FROM role_deletions WHERE id = ? AND account = ?", id, account).next();
}

std::optional<std::string> account_setting(sql::Txn& txn, std::string_view account,
                                           std::string_view name) {
  return sql::first_text(txn.query(
      "SELECT value FROM account_settings WHERE account = ? AND name = ?", account, name));
}

void set_account_setting(sql::Txn& txn, std::string_view account, std::string_view name,
                         std::string_view value) {
  txn.exec(
      R"(INSERT INTO account_settings (account, name, value) VALUES (?, ?, ?)
         ON CONFLICT (account, name) DO UPDATE SET value = excluded.value)",
      account, name, value);
}

void insert_access_report(sql::Txn& txn, const AccessReport& report) {
  txn.exec(
      R"(INSERT INTO access_reports (id, account, kind, created_at, report)
         VALUES (?, ?, ?, ?, ?))",
      report.id, report.account, report.kind, to_column(report.created_at), report.report);
}

std::optional<AccessReport> find_access_report(sql::Txn& txn, std::string_view account,
                                               std::string_view id) {
  return sql::first_row(
      txn.query("SELECT id, account, kind, created_at, report FROM access_reports "
                "WHERE id = ? AND account = ?",
                id, account),
      [](const sql::Rows& row) {
        return AccessReport{row.string(0), row.string(1), row.string(2),
                            from_column(row.integer(3)), row.string(4)};
      });
}

void delete_access_reports(sql::Txn& txn, std::string_view account, base::TimePoint before) {
  txn.exec("DELETE FROM access_reports WHERE account = ? AND created_at < ?", account,
           to_column(before));
}

std::int64_t count_access_reports(sql::Txn& txn, std::string_view account) {
  return sql::only_integer(
      txn.query("SELECT count(*) FROM access_reports WHERE account = ?", account));
}

}  // namespace ecr::storage
