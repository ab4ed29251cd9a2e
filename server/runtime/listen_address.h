// HOST:PORT, where a server listens or is asked. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace ecr::server {

struct ListenAddress {
  std::string host;  // name or address; IPv6 without brackets
  std::uint16_t port = 0;
  bool tls = false;
  bool optional = false;  // may fail where the machine lacks the address family
};

// "127.0.0.1:4599", "[::1]:4599", "localhost:0". Throws std::runtime_error naming `flag`.
ListenAddress parse_listen_address(const std::string& text, const std::string& flag);

// True where nobody but this machine can reach the address.
bool is_loopback(const ListenAddress& address);

}  // namespace ecr::server
