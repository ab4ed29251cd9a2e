// The policy simulator: SimulateCustomPolicy, SimulatePrincipalPolicy, GetContextKeysFor...Policy.
#pragma once

#include <vector>

#include "api/core/access/operation.h"

namespace ecr::api::iam {

std::vector<const Operation*> simulator_operations();

}  // namespace ecr::api::iam
