// The AWS STS API (AWS Query).
#pragma once

#include "api/core/access/operation.h"

namespace ecr::api::sts {

ServiceApi make_api();

}  // namespace ecr::api::sts
