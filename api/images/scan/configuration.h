// The scanning configuration of a registry (PutRegistryScanningConfiguration), and the frequency
// that it gives to one repository. Stateless functions. Source: ECR User Guide, "Image scanning"
// and "Filters to choose which repositories are scanned".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/model/registry_id.h"
#include "storage/rows/repositories.h"
#include "storage/rows/states.h"
#include "storage/sql/database.h"

namespace ecr::api::scan {

// MANUAL: only when asked, or (enhanced scanning) not at all.
enum class Frequency { kManual, kOnPush, kContinuous };
constexpr auto words_of(Frequency) {
  return storage::EnumColumn<Frequency, 3>({"MANUAL", "SCAN_ON_PUSH", "CONTINUOUS_SCAN"});
}

struct Rule {
  Frequency frequency = Frequency::kManual;
  std::vector<std::string> filters;  // with '*': the whole name; without: a part of it
};

struct Configuration {
  storage::ScanType type = storage::ScanType::kBasic;
  std::vector<Rule> rules;
};

Configuration configuration_of(storage::sql::Txn& txn, const model::RegistryId& registry);
void set_configuration(storage::sql::Txn& txn, const model::RegistryId& registry,
                       const Configuration& configuration);

struct RepositoryScanning {
  Frequency frequency = Frequency::kManual;
  std::vector<std::string> filters;  // those of the rule that decided which match the name
};
RepositoryScanning scanning_of(const Configuration& configuration,
                               const storage::Repository& repository);

}  // namespace ecr::api::scan
