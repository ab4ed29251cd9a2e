// Where another server is: its http:// or https:// URL, as far as a client needs it, and which IP
// addresses are public. The one parser for whatever this program asks: upstream registries,
// identity providers, webhooks, other servers of this program. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ecr::base {

struct Url {
  bool tls = false;
  std::string host;  // lower case; an IPv6 address without brackets
  std::uint16_t port = 0;
  std::string target = "/";  // path and query, encoded as it came

  std::string authority() const;  // as the Host header has it
  std::string text() const;
  bool same_server(const Url& other) const {
    return tls == other.tls && host == other.host && port == other.port;
  }
};

// nullopt: another scheme, user information, no host, or characters that no URL has. A fragment is
// left out: no request carries it.
std::optional<Url> parse_url(std::string_view text);
// A Location header, which may be relative to where it came from.
std::optional<Url> resolve_location(const Url& from, std::string_view location);

// `address`: 4 or 16 bytes in network order. False: loopback, private, shared (100.64.0.0/10),
// link-local (169.254.169.254 among them), unique local, multicast, reserved, documentation; and
// IPv6 forms that carry such an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo).
bool is_public_address(std::span<const std::uint8_t> address);

}  // namespace ecr::base
