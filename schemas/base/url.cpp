#include "schemas/base/url.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::base {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}
bool is_address_char(char c) {
  return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}
bool is_target_char(char c) { return c > ' ' && c < '\x7f'; }

// "host", "host:port", "[v6]", "[v6]:port".
bool read_authority(std::string_view text, Url& url) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    url.host = to_lower(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    if (!text.empty() && !text.starts_with(':')) return false;
    port = text.empty() ? text : text.substr(1);
    if (!std::all_of(url.host.begin(), url.host.end(), is_address_char)) return false;
  } else {
    const std::size_t colon = text.find(':');
    url.host = to_lower(text.substr(0, colon));
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
    if (!std::all_of(url.host.begin(), url.host.end(), is_host_char)) return false;
  }
  url.port = url.tls ? kHttpsPort : kHttpPort;
  if (!port.empty()) {
    const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || stop != port.data() + port.size() || url.port == 0) return false;
  }
  return !url.host.empty() && url.host.size() <= 255;
}

struct Block4 {
  std::uint32_t address;
  int bits;
};

constexpr std::uint32_t ip4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// Blocks that are not globally reachable, by the IANA IPv4 Special-Purpose Address Registry, and
// multicast.
constexpr Block4 kSpecial4[] = {
    {ip4(0, 0, 0, 0), 8},        // "this network"
    {ip4(10, 0, 0, 0), 8},       // private
    {ip4(100, 64, 0, 0), 10},    // shared
    {ip4(127, 0, 0, 0), 8},      // loopback
    {ip4(169, 254, 0, 0), 16},   // link-local: metadata services
    {ip4(172, 16, 0, 0), 12},    // private
    {ip4(192, 0, 0, 0), 24},     // protocol assignments
    {ip4(192, 0, 2, 0), 24},     // documentation
    {ip4(192, 88, 99, 0), 24},   // 6to4 relays
    {ip4(192, 168, 0, 0), 16},   // private
    {ip4(198, 18, 0, 0), 15},    // benchmarking
    {ip4(198, 51, 100, 0), 24},  // documentation
    {ip4(203, 0, 113, 0), 24},   // documentation
    {ip4(224, 0, 0, 0), 4},      // multicast
    {ip4(240, 0, 0, 0), 4},      // reserved, broadcast
};

bool is_public4(std::uint32_t address) {
  return std::none_of(std::begin(kSpecial4), std::end(kSpecial4), [address](const Block4& block) {
    return (address ^ block.address) >> (32 - block.bits) == 0;
  });
}

using Bytes = std::span<const std::uint8_t>;

std::uint32_t word(Bytes bytes, std::size_t at) {
  return ip4(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}

bool begins(Bytes bytes, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool is_public6(Bytes bytes) {
  // Only 2000::/3 is global; NAT64 (64:ff9b::/96) lies outside of it and leads to an IPv4 address.
  if (begins(bytes, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return is_public4(word(bytes, 12));
  }
  if ((bytes[0] & 0xe0) != 0x20) return false;
  if (begins(bytes, {0x20, 0x01, 0x0d, 0xb8})) return false;  // documentation
  if (begins(bytes, {0x3f, 0xff}) && bytes[2] < 0x10) return false;
  if (begins(bytes, {0x20, 0x02})) return is_public4(word(bytes, 2));  // 6to4
  // 2001::/23: Teredo, ORCHID and other protocol assignments.
  return !(begins(bytes, {0x20, 0x01}) && bytes[2] < 0x02);
}

}  // namespace

// The port is left out where it is the scheme's own, as clients do: signatures of presigned URLs
// cover Host.
std::string Url::authority() const {
  const std::string shown = host.find(':') == std::string::npos ? host : '[' + host + ']';
  return port == (tls ? kHttpsPort : kHttpPort) ? shown : format("{}:{}", shown, port);
}

std::string Url::text() const {
  return format("{}://{}{}", tls ? "https" : "http", authority(), target);
}

// User information ("user@host") is refused, as '@' is no character of a host: a URL with it can
// look like another one.
std::optional<Url> parse_url(std::string_view text) {
  Url url;
  if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  text = text.substr(0, text.find('#'));
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  if (!read_authority(text.substr(0, end), url)) return std::nullopt;
  url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (!std::all_of(url.target.begin(), url.target.end(), is_target_char)) return std::nullopt;
  return url;
}

std::optional<Url> resolve_location(const Url& from, std::string_view location) {
  // RFC 3986, section 5.2, without dot segments: the upstream resolves those itself.
  if (location.starts_with("//")) {
    return parse_url(format("{}:{}", from.tls ? "https" : "http", location));
  }
  if (location.find("://") < location.find_first_of("/?#")) return parse_url(location);
  const std::string_view path = std::string_view(from.target).substr(0, from.target.find('?'));
  const std::string target = location.starts_with('/')
                                 ? std::string(location)
                                 : format("{}{}", path.substr(0, path.rfind('/') + 1), location);
  Url origin = from;
  origin.target.clear();
  return parse_url(origin.text() + target);
}

bool is_public_address(Bytes address) {
  if (address.size() == 4) return is_public4(word(address, 0));
  return address.size() == 16 && is_public6(address);
}

}  // namespace ecr::base
