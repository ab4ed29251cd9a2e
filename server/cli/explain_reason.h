// Why a statement did not apply, in words. Pure.
#pragma once

#include <string>

#include "schemas/base/json.h"

namespace ecr::server {

// `entry`: of the decision's trace, with another outcome than "Matched".
std::string reason_of_mismatch(const base::OrderedJson& entry, const base::OrderedJson& decision);

}  // namespace ecr::server
