// GetAccountSetting, PutAccountSetting.
#include "api/core/account_settings.h"

#include <algorithm>
#include <functional>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "schemas/base/text.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;

// Conditions see which setting is asked for (ecr:AccountSetting).
std::vector<Target> setting_target(const Call& call) {
  std::vector<Target> targets = registry_target(call);
  targets.front().context.emplace_back("ecr:AccountSetting", text_member(call.input, "name"));
  return targets;
}

// The model has no enumeration of them; its texts are those of one.
ApiError not_one_of(std::string_view field, const std::vector<std::string_view>& values) {
  return ApiError::invalid_parameter(
      field, base::format("Member must satisfy enum value set: [{}]", base::join(values, ", ")));
}

const AccountSetting& require_setting(const Call& call) {
  const AccountSetting* setting = find_account_setting(text_member(call.input, "name"));
  if (setting != nullptr) return *setting;
  std::vector<std::string_view> names;
  for (const AccountSetting& known : account_settings()) names.push_back(known.name);
  throw not_one_of("name", names);
}

Json get_setting(Call& call) {
  const AccountSetting& setting = require_setting(call);
  return {{"name", setting.name},
          {"value", account_setting(call.txn, call.caller.account, call.region, setting.name)}};
}

Json put_setting(Call& call) {
  const AccountSetting& setting = require_setting(call);
  const std::string value = text_member(call.input, "value");
  if (std::find(setting.values.begin(), setting.values.end(), value) == setting.values.end()) {
    throw not_one_of("value", {setting.values.begin(), setting.values.end()});
  }
  storage::set_registry_setting(call.txn, call.caller.account, call.region, setting.name, value);
  return {{"name", setting.name}, {"value", value}};
}

constexpr Operation kAccountSettingOperations[] = {
    {"GetAccountSetting", "ecr:GetAccountSetting", Access::kRead, setting_target, get_setting},
    {"PutAccountSetting", "ecr:PutAccountSetting", Access::kWrite, setting_target, put_setting},
};

}  // namespace

std::vector<const Operation*> account_setting_operations() {
  return pointers(kAccountSettingOperations);
}

}  // namespace ecr::api::ecr
