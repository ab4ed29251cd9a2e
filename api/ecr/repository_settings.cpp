// PutImageTagMutability, PutImageScanningConfiguration.
#include "api/images/repository_settings.h"

#include <nlohmann/json.hpp>

#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;

Json repository_json(const storage::Repository& repository) {
  return {{"registryId", repository.account}, {"repositoryName", repository.name}};
}

Json put_mutability(Call& call) {
  storage::Repository repository = require_repository(call);
  set_mutability(call.input, repository);
  storage::set_repository_settings(call.txn, repository.id, repository);
  Json output = repository_json(repository);
  add_mutability(repository, output);
  return output;
}

Json put_scanning(Call& call) {
  storage::Repository repository = require_repository(call);
  repository.scan_on_push = call.input.at("imageScanningConfiguration").value("scanOnPush", false);
  storage::set_repository_settings(call.txn, repository.id, repository);
  Json output = repository_json(repository);
  output["imageScanningConfiguration"]["scanOnPush"] = repository.scan_on_push;
  return output;
}

constexpr Operation kRepositorySettingOperations[] = {
    {"PutImageTagMutability", "ecr:PutImageTagMutability", Access::kWrite, repository_target,
     put_mutability},
    {"PutImageScanningConfiguration", "ecr:PutImageScanningConfiguration", Access::kWrite,
     repository_target, put_scanning},
};

}  // namespace

std::vector<const Operation*> repository_setting_operations() {
  return pointers(kRepositorySettingOperations);
}

}  // namespace ecr::api::ecr
