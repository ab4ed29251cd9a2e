#include "api/images/scan/configuration.h"

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api::scan {
namespace {

using base::Json;
using base::text_member;

// The row's name. It is none of the account settings' names, which share the table.
constexpr std::string_view kSetting = "scanning-configuration";

// ECR User Guide, "Filters to choose which repositories are scanned": without a wildcard a filter
// matches every name that contains it; with one it must match the whole name.
bool filter_matches(const std::string& filter, const std::string& name) {
  if (filter.find('*') != std::string::npos) return base::wildcard_matches(filter, name);
  return name.find(filter) != std::string::npos;
}

std::vector<std::string> matching(const Rule& rule, const model::RepositoryName& name) {
  std::vector<std::string> filters;
  for (const std::string& filter : rule.filters) {
    if (filter_matches(filter, name.text())) filters.push_back(filter);
  }
  return filters;
}

}  // namespace

Configuration configuration_of(storage::sql::Txn& txn, const model::RegistryId& registry) {
  Configuration configuration;
  const auto text = storage::registry_setting(txn, registry, kSetting);
  if (!text) return configuration;
  const Json json = Json::parse(*text);
  configuration.type = storage::value_of<storage::ScanType>(text_member(json, "type"));
  for (const Json& rule : json.at("rules")) {
    configuration.rules.push_back({storage::value_of<Frequency>(text_member(rule, "frequency")),
                                   rule.at("filters").get<std::vector<std::string>>()});
  }
  return configuration;
}

void set_configuration(storage::sql::Txn& txn, const model::RegistryId& registry,
                       const Configuration& configuration) {
  Json rules = Json::array();
  for (const Rule& rule : configuration.rules) {
    rules.push_back({{"frequency", storage::word_of(rule.frequency)}, {"filters", rule.filters}});
  }
  storage::set_registry_setting(txn, registry, kSetting,
                                base::dump(Json{{"type", storage::word_of(configuration.type)},
                                                {"rules", std::move(rules)}}));
}

RepositoryScanning scanning_of(const Configuration& configuration,
                               const storage::Repository& repository) {
  const bool enhanced = configuration.type == storage::ScanType::kEnhanced;
  // Enhanced scanning without any rule is continuous for every repository.
  if (enhanced && configuration.rules.empty()) return {Frequency::kContinuous, {}};
  // Where rules of both frequencies match, continuous scanning wins.
  for (const Frequency frequency : {Frequency::kContinuous, Frequency::kOnPush}) {
    for (const Rule& rule : configuration.rules) {
      if (rule.frequency != frequency) continue;
      auto filters = matching(rule, repository.name);
      if (!filters.empty()) return {frequency, std::move(filters)};
    }
  }
  // The repository's own setting is deprecated; it counts in basic scanning.
  if (!enhanced && repository.scan_on_push) return {Frequency::kOnPush, {}};
  return {Frequency::kManual, {}};
}

}  // namespace ecr::api::scan
