// Which addresses a registry on the internet can have: what keeps an upstream, a redirect or a name
// server from pointing this program at what only this machine or its network can reach. Pure.
#pragma once

#include <cstdint>
#include <span>

namespace ecr::api::pull_through {

// `address`: 4 or 16 bytes in network order. False: loopback, private, shared (100.64.0.0/10),
// link-local (169.254.169.254 among them), unique local, multicast, reserved, documentation; and
// IPv6 forms that carry such an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo).
bool is_public_address(std::span<const std::uint8_t> address);

}  // namespace ecr::api::pull_through
