#include "api/core/account_settings.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "storage/rows/registry_settings.h"

namespace ecr::api {
namespace {

// ECR ended basic scanning by CLAIR in February 2026 and the policy scope V1 in April 2026 (ECR
// User Guide, "Document history").
constexpr std::string_view kScanTypes[] = {"AWS_NATIVE"};
constexpr std::string_view kScopes[] = {"V2"};
constexpr std::string_view kSwitch[] = {"ENABLED", "DISABLED"};

// The defaults of a new registry: BLOB_MOUNTING is opt-in, and REGISTRY_POLICY_SCOPE is V2 (ECR
// User Guide, "Private registry settings").
constexpr AccountSetting kSettings[] = {
    {kBasicScanType, "AWS_NATIVE", kScanTypes},
    {kRegistryPolicyScope, "V2", kScopes},
    {kBlobMounting, "DISABLED", kSwitch},
};

}  // namespace

std::span<const AccountSetting> account_settings() { return kSettings; }

const AccountSetting* find_account_setting(std::string_view name) {
  for (const AccountSetting& setting : kSettings) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

std::string account_setting(storage::sql::Txn& txn, const model::RegistryId& registry,
                            std::string_view name) {
  const AccountSetting* setting = find_account_setting(name);
  if (setting == nullptr) throw std::logic_error("an unknown account setting");
  auto stored = storage::registry_setting(txn, registry, name);
  const auto& values = setting->values;
  const bool valid = stored && std::find(values.begin(), values.end(), *stored) != values.end();
  return valid ? std::move(*stored) : std::string(setting->standard);
}

}  // namespace ecr::api
