// The AWS STS API (AWS Query).
#pragma once

#include <vector>

#include "api/core/access/operation.h"

namespace ecr::api::sts {

ServiceApi make_api();

// The tables of operations, each in the file of its name.
std::vector<const Operation*> assume_role_operations();
std::vector<const Operation*> assume_role_with_web_identity_operations();
std::vector<const Operation*> user_token_operations();
std::vector<const Operation*> scoped_credentials_operations();
std::vector<const Operation*> web_identity_token_operations();

// Throws where the request was sent to STS's global name, which does not have all operations.
void require_regional_endpoint(const ApiRequest& request);

// For operations that are about no resource: "*" in the caller's account.
std::vector<Target> caller_target(const ApiRequest& request);

}  // namespace ecr::api::sts
