#include "api/core/wire/client_address.h"

#include <algorithm>

#include "auth/iam/match/condition_values.h"
#include "schemas/base/encoding.h"

namespace ecr::api {
namespace {

using auth::iam::IpNetwork;

bool is_proxy(std::string_view address, const std::vector<std::string>& proxies) {
  const auto parsed = IpNetwork::parse(address);
  return parsed && std::any_of(proxies.begin(), proxies.end(), [&](const std::string& text) {
           const auto network = IpNetwork::parse(text);
           return network && network->contains(*parsed);
         });
}

std::string_view trim(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

// Every hop that the request tells of, the nearest last. A proxy may add a field of its own instead
// of adding to the client's: all of them count, in their order.
std::vector<std::string_view> list_of(const HttpRequest& request, std::string_view name) {
  std::vector<std::string_view> items;
  for (const auto& [key, value] : request.headers.fields()) {
    if (!base::equals_ignore_case(key, name)) continue;
    for (std::string_view rest = value;;) {
      const std::size_t comma = rest.find(',');
      items.push_back(trim(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return items;
}

}  // namespace

bool is_proxy_address(std::string_view text) { return IpNetwork::parse(text).has_value(); }

std::string client_address(const HttpRequest& request, const std::vector<std::string>& proxies) {
  if (proxies.empty()) return request.peer;
  std::string_view address = request.peer;
  auto hops = list_of(request, "x-forwarded-for");
  // From the nearest hop outwards: each is believed because the one before it is a proxy of ours.
  while (!hops.empty() && is_proxy(address, proxies)) {
    if (!IpNetwork::parse(hops.back()) || hops.back().find('/') != std::string_view::npos) break;
    address = hops.back();
    hops.pop_back();
  }
  return std::string(address);
}

bool is_secure(const HttpRequest& request, const std::vector<std::string>& proxies) {
  if (request.secure) return true;
  if (!is_proxy(request.peer, proxies)) return false;
  const auto protocols = list_of(request, "x-forwarded-proto");
  return !protocols.empty() && base::equals_ignore_case(protocols.back(), "https");
}

}  // namespace ecr::api
