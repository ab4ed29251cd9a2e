// Trust policies of roles: checked as IAM checks them.
#pragma once

#include <string>

#include "api/core/access/operation.h"

namespace ecr::api::iam {

// The document as it is stored. Throws MalformedPolicyDocument, also where it names a user or role
// that does not exist; LimitExceeded.
std::string checked_trust_policy(const Call& call, const std::string& document);

}  // namespace ecr::api::iam
