// The AWS IAM API (AWS Query).
#pragma once

#include "api/core/access/operation.h"

namespace ecr::api::iam {

ServiceApi make_api();

}  // namespace ecr::api::iam
