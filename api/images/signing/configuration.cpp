#include "api/images/signing/configuration.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wildcard.h"
#include "schemas/base/json.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api::signing {
namespace {

using base::Json;

// Beside the account settings, which have names of their own.
constexpr std::string_view kSetting = "signing-configuration";

bool is_about(const Rule& rule, std::string_view repository) {
  return rule.filters.empty() ||
         std::any_of(rule.filters.begin(), rule.filters.end(), [&](const std::string& filter) {
           return wildcard_matches(filter, repository);
         });
}

}  // namespace

std::optional<std::vector<Rule>> configuration_of(storage::sql::Txn& txn, std::string_view account,
                                                  std::string_view region) {
  const auto text = storage::registry_setting(txn, account, region, kSetting);
  if (!text) return std::nullopt;
  std::vector<Rule> rules;
  for (const Json& rule : Json::parse(*text)) {
    rules.push_back({rule.at("profile").get<std::string>(),
                     rule.at("filters").get<std::vector<std::string>>()});
  }
  return rules;
}

void set_configuration(storage::sql::Txn& txn, std::string_view account, std::string_view region,
                       const std::optional<std::vector<Rule>>& rules) {
  if (!rules) return storage::remove_registry_setting(txn, account, region, kSetting);
  Json json = Json::array();
  for (const Rule& rule : *rules) {
    json.push_back({{"profile", rule.profile}, {"filters", rule.filters}});
  }
  storage::set_registry_setting(txn, account, region, kSetting, base::dump(json));
}

std::vector<std::string> profiles_for(const std::vector<Rule>& rules, std::string_view repository) {
  std::vector<std::string> profiles;
  for (const Rule& rule : rules) {
    if (!is_about(rule, repository)) continue;
    if (std::find(profiles.begin(), profiles.end(), rule.profile) == profiles.end()) {
      profiles.push_back(rule.profile);
    }
  }
  return profiles;
}

}  // namespace ecr::api::signing
