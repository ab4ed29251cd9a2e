// What the flags take, as help, the table of the configuration and shell completion name it. Pure.
#pragma once

#include <string_view>

namespace ecr::server {

// "HOST:PORT" of "--listen", "enforce|soft|off" of "--iam"; empty: not named, or no value.
std::string_view value_name(std::string_view flag);

}  // namespace ecr::server
