// The small settings of a registry: GetAccountSetting, PutAccountSetting, and
// RegisterPullTimeUpdateExclusion, DeregisterPullTimeUpdateExclusion,
// ListPullTimeUpdateExclusions: principals (scanners, mirrors) whose pulls do not count as use of
// an image. What the settings do is where they are read: api/core/account_settings.h.
#include "api/core/account_settings.h"

#include <algorithm>
#include <cstdint>
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

// Conditions see which setting is asked for, by the key ecr:AccountSetting (Service Authorization
// Reference; test ConditionsSeeWhichSettingIsMeant).
std::vector<Target> setting_target(const ApiRequest& request) {
  std::vector<Target> targets = registry_target(request);
  targets.front().context.emplace_back("ecr:AccountSetting", text_member(request.input, "name"));
  return targets;
}

// The model types names and values as plain strings; the text is the one that ECR has for members
// that are enumerations.
ApiError not_one_of(std::string_view field, const std::vector<std::string_view>& values) {
  return ApiError::invalid_parameter(
      field, base::format("Member must satisfy enum value set: [{}]", base::join(values, ", ")));
}

const AccountSetting& require_setting(const ApiRequest& request) {
  const AccountSetting* setting = find_account_setting(text_member(request.input, "name"));
  if (setting != nullptr) return *setting;
  std::vector<std::string_view> names;
  for (const AccountSetting& known : account_settings()) names.push_back(known.name);
  throw not_one_of("name", names);
}

// A setting that was never put has ECR's default for new registries, and is answered like one that
// was (test SettingsHaveTheirDefaultsAndAreChanged).
Json get_setting(ApiRequest& request) {
  const AccountSetting& setting = require_setting(request);
  return {{"name", setting.name},
          {"value", account_setting(request.txn, request.registry, setting.name)}};
}

Json put_setting(ApiRequest& request) {
  const AccountSetting& setting = require_setting(request);
  const std::string value = text_member(request.input, "value");
  if (std::find(setting.values.begin(), setting.values.end(), value) == setting.values.end()) {
    throw not_one_of("value", {setting.values.begin(), setting.values.end()});
  }
  storage::set_registry_setting(request.txn, request.registry, setting.name, value);
  return {{"name", setting.name}, {"value", value}};
}

// ECR service quotas, "Pull time update exclusions".
constexpr std::int64_t kMostExclusions = 100;

// Each account and Region has a registry of its own. The sentence is ours.
void check_room_for_exclusion(const ApiRequest& request) {
  const auto known =
      storage::list_pull_exclusions(request.txn, request.registry, "", kMostExclusions + 1);
  if (static_cast<std::int64_t>(known.size()) <= kMostExclusions) return;
  throw ApiError(ErrorCode::kLimitExceeded,
                 base::format("The registry can have at most {} pull time update exclusions",
                              kMostExclusions));
}

// A pull by an excluded principal leaves lastRecordedPullTime alone, on both planes (test
// AnExcludedPullMovesNoTimeOnEitherPlane). Whether the principal exists is not asked. ECR's wording
// of the two errors here is not published.
Json register_exclusion(ApiRequest& request) {
  const std::string arn = text_member(request.input, "principalArn");
  if (!storage::add_pull_exclusion(request.txn, request.registry, arn, request.now)) {
    throw ApiError(
        ErrorCode::kExclusionAlreadyExists,
        base::format("A pull time update exclusion for the principal '{}' already exists in the "
                     "registry with id '{}'",
                     arn, request.caller.account));
  }
  // Behind the insertion, so that one that is there already is reported as such; an error undoes
  // it.
  check_room_for_exclusion(request);
  return {{"principalArn", arn}, {"createdAt", base::to_epoch_seconds(request.now)}};
}

Json deregister_exclusion(ApiRequest& request) {
  const std::string arn = text_member(request.input, "principalArn");
  if (!storage::remove_pull_exclusion(request.txn, request.registry, arn)) {
    throw ApiError(
        ErrorCode::kExclusionNotFound,
        base::format("A pull time update exclusion for the principal '{}' does not exist in the "
                     "registry with id '{}'",
                     arn, request.caller.account));
  }
  return {{"principalArn", arn}};
}

// The list is one of plain ARNs, without the times of their registration.
Json list_exclusions(ApiRequest& request) {
  const Page page = requested_page(request, "ListPullTimeUpdateExclusions");
  auto found = storage::list_pull_exclusions(request.txn, request.registry, page.after(),
                                             page.query_limit());
  Json output = Json::object();
  const auto token = page.cut(found, [](const std::string& arn) { return arn; });
  if (token) output["nextToken"] = *token;
  output["pullTimeUpdateExclusions"] = std::move(found);
  return output;
}

constexpr Operation kAccountSettingOperations[] = {
    {"GetAccountSetting", "ecr:GetAccountSetting", Access::kRead, on<setting_target, get_setting>},
    {"PutAccountSetting", "ecr:PutAccountSetting", Access::kWrite, on<setting_target, put_setting>},
    {"RegisterPullTimeUpdateExclusion", "ecr:RegisterPullTimeUpdateExclusion", Access::kWrite,
     on<registry_target, register_exclusion>},
    {"DeregisterPullTimeUpdateExclusion", "ecr:DeregisterPullTimeUpdateExclusion", Access::kWrite,
     on<registry_target, deregister_exclusion>},
    {"ListPullTimeUpdateExclusions", "ecr:ListPullTimeUpdateExclusions", Access::kRead,
     on<registry_target, list_exclusions>},
};

}  // namespace

std::vector<const Operation*> account_setting_operations() {
  return pointers(kAccountSettingOperations);
}

}  // namespace ecr::api::ecr
