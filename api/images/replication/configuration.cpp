#include "api/images/replication/configuration.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "storage/rows/registry_settings.h"

namespace ecr::api::replication {
namespace {

constexpr std::string_view kSetting = "REPLICATION_CONFIGURATION";

bool covers(const Json& rule, std::string_view repository) {
  const auto filters = rule.find("repositoryFilters");
  if (filters == rule.end() || filters->empty()) return true;
  return std::any_of(filters->begin(), filters->end(), [&](const Json& filter) {
    return repository.starts_with(filter.at("filter").get_ref<const std::string&>());
  });
}

}  // namespace

Json configuration(storage::sql::Txn& txn, std::string_view account, std::string_view region) {
  const auto text = storage::registry_setting(txn, account, region, kSetting);
  return text ? Json::parse(*text) : Json{{"rules", Json::array()}};
}

void set_configuration(storage::sql::Txn& txn, std::string_view account, std::string_view region,
                       const Json& configuration) {
  storage::set_registry_setting(txn, account, region, kSetting, configuration.dump());
}

std::vector<Destination> destinations_of(const Json& configuration, std::string_view repository) {
  std::vector<Destination> found;
  for (const Json& rule : configuration.at("rules")) {
    if (!covers(rule, repository)) continue;
    for (const Json& json : rule.at("destinations")) {
      Destination destination{json.at("registryId").get<std::string>(),
                              json.at("region").get<std::string>()};
      const bool known = std::any_of(found.begin(), found.end(), [&](const Destination& other) {
        return other.account == destination.account && other.region == destination.region;
      });
      if (!known) found.push_back(std::move(destination));
    }
  }
  return found;
}

}  // namespace ecr::api::replication
