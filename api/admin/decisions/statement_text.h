// How what a request asked for is written in a policy. Pure.
#pragma once

#include <string>
#include <string_view>

namespace ecr::api::admin {

// The smallest Resource (of a 2012-10-17 policy) that matches the resource of a request for the
// action: "*" for actions that know no resources.
std::string resource_pattern(std::string_view action, std::string_view resource);

// As AWS writes it, where the action is known: "ecr:PutImage" for "ECR:putimage".
std::string canonical_action(std::string_view action);

}  // namespace ecr::api::admin
