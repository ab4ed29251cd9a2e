// Rows of a registry's settings; each account and region has one registry: its policy, the account
// settings of ECR's PutAccountSetting, the principals whose pulls leave no trace, and the
// repository creation templates. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/base/clock.h"
#include "schemas/model/registry_id.h"
#include "storage/sql/database.h"

namespace ecr::storage {

std::optional<std::string> registry_policy(sql::Txn& txn, const model::RegistryId& registry);
// The policies of the account's registries with their Regions, by Region.
std::vector<std::pair<std::string, std::string>> registry_policies(sql::Txn& txn,
                                                                   std::string_view account);
void set_registry_policy(sql::Txn& txn, const model::RegistryId& registry,
                         const std::optional<std::string>& policy);

// nullopt: the setting was never changed. The API decides what that means
// (api/core/account_settings.h).
std::optional<std::string> registry_setting(sql::Txn& txn, const model::RegistryId& registry,
                                            std::string_view name);
void set_registry_setting(sql::Txn& txn, const model::RegistryId& registry, std::string_view name,
                          std::string_view value);
// Does nothing where it was never set.
void remove_registry_setting(sql::Txn& txn, const model::RegistryId& registry,
                             std::string_view name);

// Pull-time exclusions: ARNs of users and roles.
// False: it is there already.
bool add_pull_exclusion(sql::Txn& txn, const model::RegistryId& registry,
                        std::string_view principal, base::TimePoint when);
bool remove_pull_exclusion(sql::Txn& txn, const model::RegistryId& registry,
                           std::string_view principal);  // false: there is none
bool has_pull_exclusion(sql::Txn& txn, const model::RegistryId& registry,
                        std::string_view principal);
// The exclusions, sorted, after `after` (exclusive), at most `limit`.
std::vector<std::string> list_pull_exclusions(sql::Txn& txn, const model::RegistryId& registry,
                                              std::string_view after, std::int64_t limit);

struct CreationTemplate {
  std::string prefix;  // without a slash at its end; "ROOT": for every name
  std::string body;    // JSON
  base::TimePoint created_at = {};
  base::TimePoint updated_at = {};
};

// False: there is one of that prefix already.
bool insert_creation_template(sql::Txn& txn, const model::RegistryId& registry,
                              const CreationTemplate& row);
void update_creation_template(sql::Txn& txn, const model::RegistryId& registry,
                              const CreationTemplate& row);
std::optional<CreationTemplate> find_creation_template(sql::Txn& txn,
                                                       const model::RegistryId& registry,
                                                       std::string_view prefix);
void delete_creation_template(sql::Txn& txn, const model::RegistryId& registry,
                              std::string_view prefix);
// The templates by prefix, after `after` (exclusive), at most `limit`.
std::vector<CreationTemplate> list_creation_templates(sql::Txn& txn,
                                                      const model::RegistryId& registry,
                                                      std::string_view after, std::int64_t limit);

}  // namespace ecr::storage
