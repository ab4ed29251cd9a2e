#include "api/core/account_settings.h"

#include <algorithm>
#include <stdexcept>

#include "schemas/base/encoding.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api {
namespace {

constexpr std::string_view kScanTypes[] = {"AWS_NATIVE", "CLAIR"};
constexpr std::string_view kScopes[] = {"V1", "V2"};
constexpr std::string_view kSwitch[] = {"ENABLED", "DISABLED"};

// The defaults of a new registry: BLOB_MOUNTING is opt-in, and REGISTRY_POLICY_SCOPE is V2 (ECR
// User Guide, "Private registry settings").
constexpr AccountSetting kSettings[] = {
    {kBasicScanType, "AWS_NATIVE", kScanTypes},
    {kRegistryPolicyScope, "V2", kScopes},
    {kBlobMounting, "DISABLED", kSwitch},
};

// ECR User Guide, "Private registry permissions": a policy of scope V1 grants these three actions
// alone.
constexpr std::string_view kV1Actions[] = {"ecr:ReplicateImage", "ecr:BatchImportUpstreamImage",
                                           "ecr:CreateRepository"};

}  // namespace

std::span<const AccountSetting> account_settings() { return kSettings; }

const AccountSetting* find_account_setting(std::string_view name) {
  for (const AccountSetting& setting : kSettings) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

std::string account_setting(storage::sql::Txn& txn, std::string_view account,
                            std::string_view region, std::string_view name) {
  const AccountSetting* setting = find_account_setting(name);
  if (setting == nullptr) throw std::logic_error("an unknown account setting");
  return storage::registry_setting(txn, account, region, name)
      .value_or(std::string(setting->standard));
}

bool registry_policy_covers(storage::sql::Txn& txn, std::string_view account,
                            std::string_view region, std::string_view action) {
  const bool always =
      std::any_of(std::begin(kV1Actions), std::end(kV1Actions),
                  [action](std::string_view one) { return base::equals_ignore_case(one, action); });
  return always || account_setting(txn, account, region, kRegistryPolicyScope) == "V2";
}

}  // namespace ecr::api
