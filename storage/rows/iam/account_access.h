// Rows of an account besides its identities: its alias, its password policy, the users that have a
// console password, the finished deletions of service-linked roles. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

std::optional<std::string> account_alias(sql::Txn& txn, std::string_view account);
// Replaces the alias of the account. False: another account has it.
bool set_account_alias(sql::Txn& txn, std::string_view account, std::string_view alias);
void remove_account_alias(sql::Txn& txn, std::string_view account);

// The policy is a JSON object as the API has it.
std::optional<std::string> password_policy(sql::Txn& txn, std::string_view account);
// Replaces the policy of the account; nullopt removes it.
void set_password_policy(sql::Txn& txn, std::string_view account,
                         std::optional<std::string_view> policy);

// Says that a user has a password. The password itself is not kept, because no sign-in takes one.
struct LoginProfile {
  std::int64_t entity = 0;
  bool reset_required = false;
  base::TimePoint created_at;
};
std::optional<LoginProfile> find_login_profile(sql::Txn& txn, std::int64_t entity);
// Replaces the profile of the user.
void put_login_profile(sql::Txn& txn, const LoginProfile& profile);
void delete_login_profile(sql::Txn& txn, std::int64_t entity);

void insert_role_deletion(sql::Txn& txn, std::string_view account, std::string_view id);
bool role_deletion_exists(sql::Txn& txn, std::string_view account, std::string_view id);

}  // namespace ecr::storage
