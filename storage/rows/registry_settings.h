// Rows of a registry's settings (one registry an account and region): the account settings of
// ECR's PutAccountSetting, and the principals whose pulls leave no trace. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

// nullopt: never set; what that means is the API's to say (api/core/account_settings.h).
std::optional<std::string> registry_setting(sql::Txn& txn, std::string_view account,
                                            std::string_view region, std::string_view name);
void set_registry_setting(sql::Txn& txn, std::string_view account, std::string_view region,
                          std::string_view name, std::string_view value);
// Fine where it was never set.
void remove_registry_setting(sql::Txn& txn, std::string_view account, std::string_view region,
                             std::string_view name);

// Pull-time exclusions: ARNs of users and roles.
// False: it is there already.
bool add_pull_exclusion(sql::Txn& txn, std::string_view account, std::string_view region,
                        std::string_view principal, base::TimePoint when);
bool remove_pull_exclusion(sql::Txn& txn, std::string_view account, std::string_view region,
                           std::string_view principal);  // false: there is none
bool has_pull_exclusion(sql::Txn& txn, std::string_view account, std::string_view region,
                        std::string_view principal);
// Sorted, after `after` (exclusive), at most `limit`.
std::vector<std::string> list_pull_exclusions(sql::Txn& txn, std::string_view account,
                                              std::string_view region, std::string_view after,
                                              std::int64_t limit);

}  // namespace ecr::storage
