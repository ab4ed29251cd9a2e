// The shape of a lifecycle policy's text: from JSON to rules. Its errors are the sentences of the
// JSON schema validator (fge) that ECR passes on. Pure.
#pragma once

#include "api/images/lifecycle/policy.h"

namespace ecr::api::lifecycle {

// The rules as they came, each well-formed by itself; parse_policy() checks the rest.
tl::expected<Policy, std::string> read_policy(std::string_view text);

}  // namespace ecr::api::lifecycle
