#include "storage/rows/iam/account_access.h"

#include "storage/sql/columns.h"

namespace ecr::storage {

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

// The policy is stored and shown (test IamRows.SettingsOfAnAccountComeBack). No password is ever
// checked against it, because no sign-in takes one.
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

// The row says that the user has a password. There is none in it, so a copy of the database reveals
// none.
std::optional<LoginProfile> find_login_profile(sql::Txn& txn, std::int64_t entity) {
  auto row =
      txn.query("SELECT reset_required, created_at FROM login_profiles WHERE entity = ?", entity);
  if (!row.next()) return std::nullopt;
  return LoginProfile{entity, row.integer(0) != 0, from_column(row.integer(1))};
}

void put_login_profile(sql::Txn& txn, const LoginProfile& profile) {
  txn.exec(
      R"(INSERT INTO login_profiles (entity, reset_required, created_at) VALUES (?, ?, ?)
         ON CONFLICT (entity) DO UPDATE
         SET reset_required = excluded.reset_required, created_at = excluded.created_at)",
      profile.entity, profile.reset_required, to_column(profile.created_at));
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

}  // namespace ecr::storage
