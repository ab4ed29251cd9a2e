// What temporary credentials may not call, whatever the policies say. Source: AWS IAM User Guide,
// "Compare AWS STS credentials". Pure.
#pragma once

#include <string_view>

#include "api/core/access/identity.h"

namespace ecr::api {

// `service`: signing name. Throws ApiError.
void check_session_limits(const Caller& caller, std::string_view service,
                          std::string_view operation);

}  // namespace ecr::api
