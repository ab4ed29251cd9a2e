// The AWS IAM API (AWS Query): the model is known, no operation exists yet.
#pragma once

#include "api/operation.h"

namespace ecr::api::iam {

ServiceApi make_api();

}  // namespace ecr::api::iam
