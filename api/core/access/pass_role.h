// iam:PassRole: who gives a service a role to act as must be allowed to. Source: AWS IAM User
// Guide, "Grant a user permissions to pass a role to an AWS service".
#pragma once

#include <string>
#include <string_view>

#include "api/core/access/gate.h"

namespace ecr::api {

// `service`: who gets it, "ec2.amazonaws.com" (iam:PassedToService). `role_arn` may be of a role
// that does not exist. `account`: the caller's.
Target pass_role_target(storage::sql::Txn& txn, const std::string& account,
                        const std::string& role_arn, std::string_view service);

}  // namespace ecr::api
