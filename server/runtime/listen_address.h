// Addresses HOST:PORT at which a server listens, or at which a command asks one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ecr::server {

struct ListenAddress {
  std::string host;  // name or address; IPv6 without brackets
  std::uint16_t port = 0;
  bool tls = false;
  bool optional = false;  // binding may fail: the machine may lack the address family
  bool metadata = false;  // has the instance metadata service, and nothing else
};

// "127.0.0.1:4599", "[::1]:4599", "localhost:0". Throws std::runtime_error naming `flag`. Pure.
ListenAddress parse_listen_address(const std::string& text, const std::string& flag);

// The same, and of a port alone ("4611") both loopback addresses of this machine. Pure.
std::vector<ListenAddress> parse_listen_addresses(const std::string& text, const std::string& flag);

// True when only this machine can reach the address. Pure.
bool is_loopback(const ListenAddress& address);

// The process of this machine that listens on a port, for an error text: "process 123 (name)".
// Empty when /proc does not show it (mostly because another user owns the process).
std::string port_owner(std::uint16_t port);

}  // namespace ecr::server
