// http:// and https:// URLs of upstream registries, as far as a client needs them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ecr::api::pull_through {

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

// nullopt: another scheme, user information, no host, or characters that no URL has.
std::optional<Url> parse_url(std::string_view text);
// A Location header, which may be relative to where it came from.
std::optional<Url> resolve_location(const Url& from, std::string_view location);

}  // namespace ecr::api::pull_through
