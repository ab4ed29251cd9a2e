#include "api/client_address.h"

#include <algorithm>

#include "auth/iam/condition_values.h"
#include "schemas/encoding.h"

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
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::string client_address(const HttpRequest& request, const std::vector<std::string>& proxies) {
  std::string_view address = request.peer;
  std::string_view hops = request.headers.get("x-forwarded-for");
  // From the nearest hop outwards: each is believed because the one before it is a proxy of ours.
  while (!hops.empty() && is_proxy(address, proxies)) {
    const std::size_t comma = hops.rfind(',');
    const std::string_view hop =
        trim(comma == std::string_view::npos ? hops : hops.substr(comma + 1));
    if (!IpNetwork::parse(hop) || hop.find('/') != std::string_view::npos) break;
    address = hop;
    hops = comma == std::string_view::npos ? std::string_view() : hops.substr(0, comma);
  }
  return std::string(address);
}

bool is_secure(const HttpRequest& request, const std::vector<std::string>& proxies) {
  if (request.secure) return true;
  return is_proxy(request.peer, proxies) &&
         schemas::equals_ignore_case(request.headers.get("x-forwarded-proto"), "https");
}

}  // namespace ecr::api
