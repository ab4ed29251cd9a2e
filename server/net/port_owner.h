// Who listens on a port of this machine, for an error text.
#pragma once

#include <cstdint>
#include <string>

namespace ecr::server {

// "process 123 (name)"; empty where /proc does not tell (another user's process, mostly).
std::string port_owner(std::uint16_t port);

}  // namespace ecr::server
