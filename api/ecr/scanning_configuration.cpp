// PutRegistryScanningConfiguration, GetRegistryScanningConfiguration,
// BatchGetRepositoryScanningConfiguration. How rules choose repositories is
// api/images/scan/configuration.h.
#include <map>

#include <nlohmann/json.hpp>

#include "api/core/access/target.h"
#include "api/core/background/events.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/images/scan/configuration.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::ecr {
namespace {

using scan::Configuration;
using scan::Frequency;
using storage::ScanType;
using storage::value_of;
using storage::word_of;
using storage::sql::Access;

// The API names a type for each filter and knows one, WILDCARD; rows keep the filters alone.
Json filters_json(const std::vector<std::string>& filters) {
  Json list = Json::array();
  for (const std::string& filter : filters) {
    list.push_back({{"filter", filter}, {"filterType", "WILDCARD"}});
  }
  return list;
}

Json scanning_configuration_json(const Configuration& configuration) {
  Json rules = Json::array();
  for (const scan::Rule& rule : configuration.rules) {
    rules.push_back({{"scanFrequency", word_of(rule.frequency)},
                     {"repositoryFilters", filters_json(rule.filters)}});
  }
  return {{"scanType", word_of(configuration.type)}, {"rules", std::move(rules)}};
}

// ECR API Reference, "PutRegistryScanningConfiguration": basic scanning has no continuous scans,
// enhanced no manual ones. The wording is not published.
void check_rules(const Configuration& configuration) {
  // One rule for each frequency: a second one is refused (test RulesMustFitTheTypeOfScan).
  const Frequency refused =
      configuration.type == ScanType::kBasic ? Frequency::kContinuous : Frequency::kManual;
  std::map<Frequency, int> seen;
  for (const scan::Rule& rule : configuration.rules) {
    if (rule.frequency == refused) {
      throw ApiError::invalid_parameter(
          "rules", base::format("Scan frequency {} is not supported by scan type {}",
                                word_of(refused), word_of(configuration.type)));
    }
    if (++seen[rule.frequency] > 1) {
      throw ApiError::invalid_parameter(
          "rules",
          base::format("Only one rule can have scan frequency {}", word_of(rule.frequency)));
    }
  }
}

// A scanType that is left out stays as it is; rules that are left out are none.
Configuration read_configuration(const Json& input, const Configuration& before) {
  Configuration configuration{
      value_of<ScanType>(text_member(input, "scanType", word_of(before.type))), {}};
  for (const Json& rule : input.value("rules", Json::array())) {
    scan::Rule& read = configuration.rules.emplace_back();
    read.frequency = value_of<Frequency>(text_member(rule, "scanFrequency"));
    for (const Json& filter : rule.at("repositoryFilters")) {
      read.filters.push_back(filter.at("filter").get<std::string>());
    }
  }
  check_rules(configuration);
  return configuration;
}

// The event "ECR Scan Resource Change", for the repositories whose frequency changes where enhanced
// scanning is, or was, on (ECR User Guide, "Amazon ECR events"; test ChangedFrequenciesAreTold). An
// event names a hundred repositories at most: our limit; EventBridge's is one of bytes.
void record_frequency_changes(ApiRequest& request, const Configuration& before,
                              const Configuration& after) {
  if (before.type != ScanType::kEnhanced && after.type != ScanType::kEnhanced) return;
  constexpr std::int64_t kPage = 1000;
  constexpr std::size_t kPerEvent = 100;
  std::vector<ScanFrequencyChange> changes;
  const auto flush = [&] {
    if (changes.empty()) return;
    record_event(request.core, request.txn, request.now,
                 scan_change_event(request.registry, changes, word_of(after.type)),
                 request.http.id);
    changes.clear();
  };
  // Every repository is looked at, a thousand at a time: a rule may match any name.
  for (std::string last;;) {
    const auto page = storage::list_repositories(request.txn, request.registry, last, kPage);
    for (const storage::Repository& repository : page) {
      const Frequency was = scanning_of(before, repository).frequency;
      const Frequency is = scanning_of(after, repository).frequency;
      if (was != is) {
        changes.push_back({repository.name, std::string(word_of(is)), std::string(word_of(was))});
      }
      if (changes.size() == kPerEvent) flush();
    }
    if (page.empty()) break;
    last = page.back().name.text();
  }
  flush();
}

Json put_scanning_configuration(ApiRequest& request) {
  const Configuration before = scan::configuration_of(request.txn, request.registry);
  const Configuration after = read_configuration(request.input, before);
  scan::set_configuration(request.txn, request.registry, after);
  record_frequency_changes(request, before, after);
  return {{"registryScanningConfiguration", scanning_configuration_json(after)}};
}

// A registry that never had a configuration scans basically and on demand: {"scanType": "BASIC",
// "rules": []} (test ARegistryScansBasicallyAndOnDemand). The two operations name the same
// structure differently: registryScanningConfiguration and scanningConfiguration (API model).
Json get_scanning_configuration(ApiRequest& request) {
  return {{"registryId", request.caller.account},
          {"scanningConfiguration",
           scanning_configuration_json(scan::configuration_of(request.txn, request.registry))}};
}

// Each named repository is authorized by itself, whether it exists or not; one that is denied
// denies the call.
Resolved<std::vector<NamedRepository>> named_targets(const ApiRequest& request) {
  Resolved<std::vector<NamedRepository>> resolved;
  for (const Json& name : request.input.at("repositoryNames")) {
    const auto& named = resolved.subject.emplace_back(
        find_repository(request, registry_of(request), repository_name(name)));
    resolved.targets.push_back(target_of(request, named));
  }
  return resolved;
}

// A repository that does not exist is an entry of `failures`, with one word for code and reason
// (from another emulator's tests; test RepositoriesThatAreNotThereAreFailures).
Json batch_get_scanning_configuration(ApiRequest& request,
                                      const std::vector<NamedRepository>& repositories) {
  Json output = {{"scanningConfigurations", Json::array()}, {"failures", Json::array()}};
  const Configuration configuration = scan::configuration_of(request.txn, request.registry);
  for (const NamedRepository& repository : repositories) {
    const std::string& name = repository.name.text();
    const auto& row = repository.row;
    if (!row) {
      output["failures"].push_back({{"repositoryName", name},
                                    {"failureCode", "REPOSITORY_NOT_FOUND"},
                                    {"failureReason", "REPOSITORY_NOT_FOUND"}});
      continue;
    }
    // scanOnPush says whether a push is scanned, by whatever rule or setting.
    const auto scanning = scan::scanning_of(configuration, *row);
    output["scanningConfigurations"].push_back(
        {{"repositoryArn", model::repository_arn(repository.registry, repository.name)},
         {"repositoryName", name},
         {"scanOnPush", scanning.frequency != Frequency::kManual},
         {"scanFrequency", word_of(scanning.frequency)},
         {"appliedScanFilters", filters_json(scanning.filters)}});
  }
  return output;
}

constexpr Operation kScanningConfigurationOperations[] = {
    {"PutRegistryScanningConfiguration", "ecr:PutRegistryScanningConfiguration", Access::kWrite,
     on<registry_target, put_scanning_configuration>},
    {"GetRegistryScanningConfiguration", "ecr:GetRegistryScanningConfiguration", Access::kRead,
     on<registry_target, get_scanning_configuration>},
    {"BatchGetRepositoryScanningConfiguration", "ecr:BatchGetRepositoryScanningConfiguration",
     Access::kRead, on<named_targets, batch_get_scanning_configuration>},
};

}  // namespace

std::vector<const Operation*> scanning_configuration_operations() {
  return pointers(kScanningConfigurationOperations);
}

}  // namespace ecr::api::ecr
