#include "api/pull_through/url.h"

#include <algorithm>
#include <charconv>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::pull_through {
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
    url.host = base::to_lower(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    if (!text.empty() && !text.starts_with(':')) return false;
    port = text.empty() ? text : text.substr(1);
    if (!std::all_of(url.host.begin(), url.host.end(), is_address_char)) return false;
  } else {
    const std::size_t colon = text.find(':');
    url.host = base::to_lower(text.substr(0, colon));
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

}  // namespace

std::string Url::authority() const {
  const std::string shown = host.find(':') == std::string::npos ? host : '[' + host + ']';
  return port == (tls ? kHttpsPort : kHttpPort) ? shown : base::format("{}:{}", shown, port);
}

std::string Url::text() const {
  return base::format("{}://{}{}", tls ? "https" : "http", authority(), target);
}

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
  if (location.starts_with("//")) {
    return parse_url(base::format("{}:{}", from.tls ? "https" : "http", location));
  }
  if (location.find("://") < location.find_first_of("/?#")) return parse_url(location);
  const std::string_view path = std::string_view(from.target).substr(0, from.target.find('?'));
  const std::string target =
      location.starts_with('/')
          ? std::string(location)
          : base::format("{}{}", path.substr(0, path.rfind('/') + 1), location);
  Url base = from;
  base.target.clear();
  return parse_url(base.text() + target);
}

}  // namespace ecr::api::pull_through
