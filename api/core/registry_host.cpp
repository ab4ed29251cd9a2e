#include "api/core/registry_host.h"

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api {
namespace {

std::string_view port_of(std::string_view host) {
  const std::string_view name = base::without_port(host);
  return host.size() > name.size() ? host.substr(name.size() + 1) : std::string_view();
}

// Cuts the text up to the next dot off the front of `rest`.
std::string_view next_label(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view label = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  return label;
}

std::string with_port(std::string host, std::string_view port) {
  return port.empty() ? host : base::format("{}:{}", host, port);
}

}  // namespace

// The forms that AWS's own credential helper accepts, under any domain: "dkr.ecr", "dkr-ecr" (the
// dual stack names), and each with "-fips".
std::optional<RegistryName> parse_registry_host(std::string_view host) {
  const std::string lower = base::to_lower(base::without_port(host));
  std::string_view rest = lower;
  const std::string_view account = next_label(rest);
  if (!model::is_account_id(account)) return std::nullopt;
  std::string_view service = next_label(rest);
  if (service == "dkr") {
    service = next_label(rest);
    if (service != "ecr" && service != "ecr-fips") return std::nullopt;
  } else if (service != "dkr-ecr" && service != "dkr-ecr-fips") {
    return std::nullopt;
  }
  const std::string_view region = next_label(rest);
  if (!model::is_region(region) || rest.empty()) return std::nullopt;
  return RegistryName{std::string(account), std::string(region)};
}

std::string registry_host(const Settings& settings, std::string_view used_host,
                          std::string_view account, std::string_view region, bool own) {
  const std::string_view port = port_of(used_host);
  if (!settings.registry_host.empty()) {
    std::string host = settings.registry_host;
    base::replace_all(host, "{account}", account);
    base::replace_all(host, "{region}", region);
    base::replace_all(host, "{port}", port);
    return host;
  }
  // The host must be one that the caller's docker can reach: where the caller already used a name
  // of AWS's form, other registries have a sibling of that name.
  std::string_view rest = used_host;
  if (used_host.starts_with("api.ecr.")) {
    next_label(rest), next_label(rest), next_label(rest);
    return with_port(base::format("{}.dkr.ecr.{}.{}", account, region, base::without_port(rest)),
                     port);
  }
  if (parse_registry_host(used_host)) {  // the caller's own form, for this account and region
    if (next_label(rest) != "" && next_label(rest) == "dkr") next_label(rest);
    next_label(rest);
    return with_port(base::format("{}.dkr.ecr.{}.{}", account, region, base::without_port(rest)),
                     port);
  }
  if (own) return std::string(used_host);
  return with_port(base::format("{}.dkr.ecr.{}.localhost", account, region), port);
}

}  // namespace ecr::api
