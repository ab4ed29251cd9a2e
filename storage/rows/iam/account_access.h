// Rows of what an account has beside its identities: alias, password policy, who may sign in at a
// console with a password, finished deletions of service-linked roles.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

std::optional<std::string> account_alias(sql::Txn& txn, std::string_view account);
// False: another account has it. Replaces the account's own.
bool set_account_alias(sql::Txn& txn, std::string_view account, std::string_view alias);
void remove_account_alias(sql::Txn& txn, std::string_view account);

// A JSON object as the API has it.
std::optional<std::string> password_policy(sql::Txn& txn, std::string_view account);
// nullopt: back to none.
void set_password_policy(sql::Txn& txn, std::string_view account,
                         std::optional<std::string_view> policy);

// That a user has a password. The password itself is not kept: nothing here takes one.
struct LoginProfile {
  std::int64_t entity = 0;
  bool reset_required = false;
  base::TimePoint created_at;
};
std::optional<LoginProfile> find_login_profile(sql::Txn& txn, std::int64_t entity);
// Replaces what the user has.
void put_login_profile(sql::Txn& txn, const LoginProfile& profile);
void delete_login_profile(sql::Txn& txn, std::int64_t entity);

void insert_role_deletion(sql::Txn& txn, std::string_view account, std::string_view id);
bool role_deletion_exists(sql::Txn& txn, std::string_view account, std::string_view id);

}  // namespace ecr::storage
