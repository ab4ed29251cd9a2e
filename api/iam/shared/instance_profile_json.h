// Instance profiles as IAM shows them.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "storage/rows/iam/instance_profiles.h"

namespace ecr::api::iam {

std::string instance_profile_arn(const storage::InstanceProfile& profile);
Json instance_profile_json(const Call& call, const storage::InstanceProfile& profile);  // no tags

}  // namespace ecr::api::iam
