// The AWS STS API (AWS Query).
#pragma once

#include "api/operation.h"

namespace ecr::api::sts {

ServiceApi make_api();

}  // namespace ecr::api::sts
