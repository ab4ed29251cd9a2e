#include "auth/iam/match/condition_values.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cmath>

#include "schemas/base/clock.h"
#include "schemas/base/encoding.h"

namespace ecr::auth::iam {

// A number as the Numeric operators take it: decimal, integers and fractions. AWS names no type;
// that it is a double is inferred, and equality is that of doubles.
std::optional<double> parse_number(std::string_view text) {
  // from_chars knows no plus sign.
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  // from_chars also reads "inf" and "nan", which no policy means.
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Digits alone are seconds since the epoch, but four of them are a year (condition_values.h).
std::optional<std::int64_t> parse_date(std::string_view text) {
  // "Date condition operators": ISO 8601, or seconds since the epoch.
  if (!text.empty() && text.size() != 4 &&
      text.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    // Seconds that are too many for milliseconds become the last possible time: an order of dates
    // is still right then.
    return std::min(seconds, INT64_MAX / 1000) * 1000;
  }
  const auto time = base::parse_iso8601(text);
  if (!time) return std::nullopt;
  return time->time_since_epoch().count();
}

// Bool and Null read "true" and "false" in any case (test: Operators).
std::optional<bool> parse_bool(std::string_view text) {
  if (base::equals_ignore_case(text, "true")) return true;
  if (base::equals_ignore_case(text, "false")) return false;
  return std::nullopt;
}

// "IP address condition operators": CIDR notation of RFC 4632 or RFC 4291; without a prefix length
// it is one address.
std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  // inet_pton wants a text that ends in NUL. A longer text than the longest address is none, and a
  // NUL inside would hide what follows it.
  char buffer[INET6_ADDRSTRLEN + 1];
  if (address.size() >= sizeof buffer) return std::nullopt;
  address.copy(buffer, address.size());
  buffer[address.size()] = '\0';
  if (address.find('\0') != std::string_view::npos) return std::nullopt;

  IpNetwork network;
  // The colon decides the family, so that "::ffff:10.0.0.1" stays IPv6.
  network.v6 = address.find(':') != std::string_view::npos;
  if (inet_pton(network.v6 ? AF_INET6 : AF_INET, buffer, network.bytes.data()) != 1) {
    return std::nullopt;
  }
  const int bits = network.v6 ? 128 : 32;
  network.prefix = bits;
  if (slash == std::string_view::npos) return network;
  const std::string_view prefix = text.substr(slash + 1);
  const auto [end, error] =
      std::from_chars(prefix.data(), prefix.data() + prefix.size(), network.prefix);
  if (error != std::errc{} || end != prefix.data() + prefix.size() || network.prefix < 0 ||
      network.prefix > bits || prefix.starts_with('-')) {
    return std::nullopt;
  }
  return network;
}

bool IpNetwork::contains(const IpNetwork& address) const {
  // The families never match each other: an IPv4-mapped IPv6 address is not that IPv4 address. The
  // source of aws:SourceIp has to give the peer in the form that policies use.
  if (v6 != address.v6) return false;
  // Whole bytes first, then the bits of the byte that the prefix cuts.
  const auto whole = static_cast<std::size_t>(prefix / 8);
  if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.bytes.begin())) {
    return false;
  }
  const int rest = prefix % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF << (8 - rest));
  return (bytes[whole] & mask) == (address.bytes[whole] & mask);
}

}  // namespace ecr::auth::iam
