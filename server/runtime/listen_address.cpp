#include "server/runtime/listen_address.h"

#include <charconv>
#include <stdexcept>
#include <string_view>

namespace ecr::server {

ListenAddress parse_listen_address(const std::string& text, const std::string& flag) {
  const std::size_t colon = text.rfind(':');
  ListenAddress address;
  const std::string_view port =
      colon == std::string::npos ? std::string_view() : std::string_view(text).substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) {
    throw std::runtime_error(flag + " " + text + ": must be HOST:PORT");
  }
  address.host = text.substr(0, colon);
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (address.host.find(':') != std::string::npos) {
    throw std::runtime_error(flag + " " + text + ": an IPv6 address needs brackets");
  }
  if (address.host.empty()) address.host = "0.0.0.0";
  return address;
}

bool is_loopback(const ListenAddress& address) {
  return address.host == "localhost" || address.host == "::1" || address.host.starts_with("127.");
}

}  // namespace ecr::server
