#include "api/ecr/ecr_api.h"

#include "api/ecr/storage_class.h"
#include "api/images/lifecycle/lifecycle_jobs.h"
#include "api/images/push/replication.h"
#include "api/images/push/signing.h"
#include "api/images/scan/scan_jobs.h"
#include "api/pull_through/import_jobs.h"

namespace ecr::api::ecr {

ServiceApi make_api() {
  ServiceApi api{"ecr", Protocol::kJson, &model::ServiceModel::ecr, {}};
  for (const auto& table : {repository_operations(),
                            repository_policy_operations(),
                            tag_operations(),
                            image_operations(),
                            image_batch_operations(),
                            registry_operations(),
                            lifecycle_operations(),
                            registry_policy_operations(),
                            account_setting_operations(),
                            pull_exclusion_operations(),
                            layer_upload_operations(),
                            layer_operations(),
                            repository_setting_operations(),
                            referrer_operations(),
                            scanning_operations(),
                            image_scan_operations(),
                            storage_class_operations(),
                            signing_operations(),
                            creation_template_operations(),
                            pull_through_operations(),
                            replication_operations()}) {
    api.operations.insert(api.operations.end(), table.begin(), table.end());
  }
  return api;
}

std::vector<JobKind> job_kinds() {
  return {kLifecycle,
          kLifecyclePreview,
          kImageRestore,
          scan::kImageScan,
          signing::kImageSigning,
          replication::kReplication,
          pull_through::kImportJob};
}

}  // namespace ecr::api::ecr
