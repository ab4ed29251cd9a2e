// Comparison of header names, shared by the parser and its gate.
#pragma once

#include <string_view>

namespace ecr::server {

// ASCII, without case. `lower` is in lower case.
bool is_field(std::string_view name, std::string_view lower);

}  // namespace ecr::server
