// The Amazon ECR API (AWS JSON 1.1): its operations and its background work.
#pragma once

#include <vector>

#include "api/core/access/operation.h"
#include "api/core/background/jobs.h"

namespace ecr::api::ecr {

// The service with every operation, from the tables of the files beside this.
ServiceApi make_api();

// Every kind of job that ECR's operations enqueue.
std::vector<JobKind> job_kinds();

// Brings an image back from the archive (storage_class.cpp). Payload: {"repository": id, "digest":
// "sha256:..."}; key: both.
void run_image_restore(JobAttempt& attempt);
inline constexpr JobKind kImageRestore{"image-restore", run_image_restore};

// The tables, each in the file of its name. A new operation is a row of one of them.
std::vector<const Operation*> account_setting_operations();
std::vector<const Operation*> authorization_token_operations();
std::vector<const Operation*> creation_template_operations();
std::vector<const Operation*> image_batch_operations();
std::vector<const Operation*> image_operations();
std::vector<const Operation*> image_scan_operations();
std::vector<const Operation*> layer_operations();
std::vector<const Operation*> layer_upload_operations();
std::vector<const Operation*> lifecycle_policy_operations();
std::vector<const Operation*> policy_operations();
std::vector<const Operation*> pull_through_rule_operations();
std::vector<const Operation*> referrer_operations();
std::vector<const Operation*> replication_backfill_operations();
std::vector<const Operation*> replication_operations();
std::vector<const Operation*> repository_operations();
std::vector<const Operation*> scanning_configuration_operations();
std::vector<const Operation*> signing_operations();
std::vector<const Operation*> storage_class_operations();
std::vector<const Operation*> tag_operations();

}  // namespace ecr::api::ecr
