// The operations of STS by their groups, each in its own file.
#pragma once

#include <vector>

#include "api/core/access/operation.h"

namespace ecr::api::sts {

std::vector<const Operation*> assume_role_operations();
std::vector<const Operation*> inspection_operations();
std::vector<const Operation*> user_token_operations();
std::vector<const Operation*> web_identity_operations();

// What is not about any resource: "*" in the caller's account.
std::vector<Target> caller_target(const Call& call);

// There are no MFA devices here, so no code is ever right.
[[noreturn]] void refuse_mfa_code();

}  // namespace ecr::api::sts
