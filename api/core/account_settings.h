// The settings of a registry that both planes ask for, with ECR's defaults.
// ECR API Reference, "PutAccountSetting".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "schemas/model/registry_id.h"
#include "storage/sql/database.h"

namespace ecr::api {

struct AccountSetting {
  std::string_view name;
  std::string_view standard;                 // where it was never set
  std::span<const std::string_view> values;  // that it may have
};

inline constexpr std::string_view kBasicScanType = "BASIC_SCAN_TYPE_VERSION";
inline constexpr std::string_view kRegistryPolicyScope = "REGISTRY_POLICY_SCOPE";
inline constexpr std::string_view kBlobMounting = "BLOB_MOUNTING";

std::span<const AccountSetting> account_settings();
// Null: ECR has no setting of that name.
const AccountSetting* find_account_setting(std::string_view name);

// The value in force. A stored value that ECR no longer has (scope V1, CLAIR) counts as the
// standard. REQUIRES: find_account_setting(name).
std::string account_setting(storage::sql::Txn& txn, const model::RegistryId& registry,
                            std::string_view name);

}  // namespace ecr::api
