// ECR's own patterns (filters of tag mutability, tag patterns of lifecycle rules): '*' stands for
// any run of characters, also none; everything else for itself. Pure.
#pragma once

#include <string_view>

namespace ecr::api {

bool wildcard_matches(std::string_view pattern, std::string_view text);

}  // namespace ecr::api
