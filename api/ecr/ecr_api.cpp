#include "api/ecr/ecr_api.h"

#include "api/images/lifecycle/lifecycle_jobs.h"
#include "api/images/push/replication.h"
#include "api/images/push/replication_backfill.h"
#include "api/images/push/signing.h"
#include "api/images/scan/scan_jobs.h"
#include "api/pull_through/import_jobs.h"

namespace ecr::api::ecr {

ServiceApi make_api() {
  ServiceApi api{"ecr", Protocol::kJson, &model::ServiceModel::ecr, {}};
  for (const auto& table :
       {account_setting_operations(), authorization_token_operations(),
        creation_template_operations(), image_batch_operations(), image_operations(),
        image_scan_operations(), layer_operations(), layer_upload_operations(),
        lifecycle_policy_operations(), policy_operations(), pull_through_rule_operations(),
        referrer_operations(), replication_backfill_operations(), replication_operations(),
        repository_operations(), scanning_configuration_operations(), signing_operations(),
        storage_class_operations(), tag_operations()}) {
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
          replication::kReplicationBackfill,
          pull_through::kImportJob};
}

}  // namespace ecr::api::ecr
