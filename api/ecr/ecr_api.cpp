#include "api/ecr/ecr_api.h"

namespace ecr::api::ecr {

ServiceApi make_api() {
  ServiceApi api{"ecr", Protocol::kJson, &schemas::ServiceModel::ecr, {}};
  for (const auto& table :
       {repository_operations(), repository_policy_operations(), tag_operations(),
        image_operations(), image_batch_operations(), registry_operations(), lifecycle_operations(),
        registry_policy_operations(), account_setting_operations(), pull_exclusion_operations(),
        layer_upload_operations(), layer_operations(), repository_setting_operations(),
        referrer_operations()}) {
    api.operations.insert(api.operations.end(), table.begin(), table.end());
  }
  return api;
}

}  // namespace ecr::api::ecr
