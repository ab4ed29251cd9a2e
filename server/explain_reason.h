// Why a statement did not apply, in words. Pure.
#pragma once

#include <string>

#include "schemas/json.h"

namespace ecr::server {

// `entry`: of the decision's trace, with another outcome than "Matched".
std::string reason_of_mismatch(const schemas::OrderedJson& entry,
                               const schemas::OrderedJson& decision);

}  // namespace ecr::server
