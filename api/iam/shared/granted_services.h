// The services of which a policy allows any action. Pure.
#pragma once

#include <set>
#include <string>

namespace ecr::api::iam {

// Patterns, as "ecr" or "*". REQUIRES: the document is a valid policy.
std::set<std::string> allowed_services(const std::string& document);

}  // namespace ecr::api::iam
