// The Amazon ECR API (AWS JSON 1.1).
#pragma once

#include <vector>

#include "api/core/access/operation.h"
#include "api/core/work/jobs.h"

namespace ecr::api::ecr {

// The service with every operation that exists so far, from the tables of the files beside this.
ServiceApi make_api();

// The background work of ECR's.
std::vector<JobKind> job_kinds();

// The tables, one a file.
std::vector<const Operation*> repository_operations();          // repositories.cpp
std::vector<const Operation*> repository_policy_operations();   // repository_policies.cpp
std::vector<const Operation*> tag_operations();                 // tags.cpp
std::vector<const Operation*> image_operations();               // images.cpp
std::vector<const Operation*> image_batch_operations();         // image_batches.cpp
std::vector<const Operation*> registry_operations();            // registry.cpp
std::vector<const Operation*> replication_operations();         // replication.cpp
std::vector<const Operation*> registry_policy_operations();     // registry_policy.cpp
std::vector<const Operation*> account_setting_operations();     // account_settings.cpp
std::vector<const Operation*> pull_exclusion_operations();      // pull_exclusions.cpp
std::vector<const Operation*> layer_upload_operations();        // layer_uploads.cpp
std::vector<const Operation*> layer_operations();               // layers.cpp
std::vector<const Operation*> repository_setting_operations();  // repository_settings.cpp
std::vector<const Operation*> lifecycle_operations();           // lifecycle_policies.cpp
std::vector<const Operation*> referrer_operations();            // referrers.cpp
std::vector<const Operation*> scanning_operations();            // scanning.cpp
std::vector<const Operation*> image_scan_operations();          // image_scans.cpp
std::vector<const Operation*> storage_class_operations();       // storage_class.cpp
std::vector<const Operation*> signing_operations();             // signing.cpp
std::vector<const Operation*> creation_template_operations();   // creation_templates.cpp
std::vector<const Operation*> pull_through_operations();        // pull_through_rules.cpp

}  // namespace ecr::api::ecr
