// Rows of an account besides its identities: its alias, its password policy, further settings, the
// users that have a console password, the finished deletions of service-linked roles, reports about
// the use of permissions. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

// Every account of which something is stored: a user, group or role, a managed policy, a
// repository, a registry's policy, or its place in an organization. Sorted.
std::vector<std::string> known_accounts(sql::Txn& txn);

std::optional<std::string> account_alias(sql::Txn& txn, std::string_view account);
// Replaces the alias of the account. False: another account has it.
bool set_account_alias(sql::Txn& txn, std::string_view account, std::string_view alias);
void remove_account_alias(sql::Txn& txn, std::string_view account);

// The policy is a JSON object as the API has it.
std::optional<std::string> password_policy(sql::Txn& txn, std::string_view account);
// Replaces the policy of the account; nullopt removes it.
void set_password_policy(sql::Txn& txn, std::string_view account,
                         std::optional<std::string_view> policy);

// Settings that IAM has one of in an account, by name; the value is JSON, or a word.
std::optional<std::string> account_setting(sql::Txn& txn, std::string_view account,
                                           std::string_view name);
void set_account_setting(sql::Txn& txn, std::string_view account, std::string_view name,
                         std::string_view value);

// Says that a user has a password. No sign-in takes one: ChangePassword alone asks for the old one,
// and a hash is enough for that.
struct LoginProfile {
  std::int64_t entity = 0;
  bool reset_required = false;
  base::TimePoint created_at;
  std::string password_hash = {};  // empty: an older program stored the profile
};
std::optional<LoginProfile> find_login_profile(sql::Txn& txn, std::int64_t entity);
// Replaces the profile of the user.
void put_login_profile(sql::Txn& txn, const LoginProfile& profile);
void delete_login_profile(sql::Txn& txn, std::int64_t entity);

void insert_role_deletion(sql::Txn& txn, std::string_view account, std::string_view id);
bool role_deletion_exists(sql::Txn& txn, std::string_view account, std::string_view id);

struct AccessReport {
  std::string id;  // a UUID
  std::string account;
  std::string kind;  // the operation that made it
  base::TimePoint created_at;
  std::string report;  // JSON object
};
void insert_access_report(sql::Txn& txn, const AccessReport& report);
std::optional<AccessReport> find_access_report(sql::Txn& txn, std::string_view account,
                                               std::string_view id);
// Deletes the account's reports that are older.
void delete_access_reports(sql::Txn& txn, std::string_view account, base::TimePoint before);
std::int64_t count_access_reports(sql::Txn& txn, std::string_view account);

}  // namespace ecr::storage
