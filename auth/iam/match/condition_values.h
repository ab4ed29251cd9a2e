// The typed values of conditions, read from their text. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ecr::auth::iam {

// A decimal number: sign, digits, fraction, exponent.
std::optional<double> parse_number(std::string_view text);

// Milliseconds since the epoch, from ISO 8601 (W3C profile) or seconds since the epoch. Four digits
// are a year (inferred: the two forms overlap only there).
std::optional<std::int64_t> parse_date(std::string_view text);

// "true" or "false" in any case.
std::optional<bool> parse_bool(std::string_view text);

// An address, or a network of them.
struct IpNetwork {
  bool v6 = false;
  int prefix = 0;
  std::array<std::uint8_t, 16> bytes{};

  // No prefix: /32 or /128. Bits after the prefix are ignored.
  static std::optional<IpNetwork> parse(std::string_view text);
  // REQUIRES: address has the full prefix. IPv4 and IPv6 never contain each other.
  bool contains(const IpNetwork& address) const;
};

}  // namespace ecr::auth::iam
