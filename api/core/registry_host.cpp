#include "api/core/registry_host.h"

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api {
namespace {

std::string_view port_of(std::string_view host) {
  const std::string_view name = base::without_port(host);
  return host.size() > name.size() ? host.substr(name.size() + 1) : std::string_view();
}

std::string with_port(std::string host, std::string_view port) {
  return port.empty() ? host : base::format("{}:{}", host, port);
}

}  // namespace

std::string registry_host(const Settings& settings, std::string_view used_host,
                          const model::RegistryId& registry, bool own) {
  const std::string_view port = port_of(used_host);
  if (!settings.registry_host.empty()) {
    std::string host = settings.registry_host;
    base::replace_all(host, "{account}", registry.account);
    base::replace_all(host, "{region}", registry.region);
    base::replace_all(host, "{port}", port);
    return host;
  }
  // The host must be one that the caller's docker can reach: where the caller already used a name
  // of AWS's form, every registry has a sibling of that name. An API's name itself is none: AWS
  // serves no registry there.
  if (const auto api = model::parse_api_host(used_host)) {
    return with_port(model::registry_of_api(*api, registry).text(), port);
  }
  if (auto sibling = parse_registry_host(used_host)) {
    sibling->account = registry.account;
    sibling->region = registry.region;
    return with_port(sibling->text(), port);
  }
  if (own) return std::string(used_host);
  return with_port(base::format("{}.dkr.ecr.{}.localhost", registry.account, registry.region),
                   port);
}

}  // namespace ecr::api
