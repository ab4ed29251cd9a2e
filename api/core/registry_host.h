// Host names: which registry a name stands for, and under which name a registry answers. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/core/services.h"

namespace ecr::api {

struct RegistryName {
  std::string account;
  std::string region;
};

// "<account>.dkr.ecr.<region>.<anything>[:port]", also "dkr-ecr" and "ecr-fips"; nullopt: the name
// says nothing of account and region.
std::optional<RegistryName> parse_registry_host(std::string_view host);

// host[:port] of a registry, as repositoryUri has it: by the configured template; else, for the
// caller's own registry, the host it used; else "<account>.dkr.ecr.<region>.localhost[:port]". A
// caller that used AWS's API name ("api.ecr.<region>.amazonaws.com") gets AWS's registry name.
std::string registry_host(const Settings& settings, std::string_view used_host,
                          std::string_view account, std::string_view region, bool own);

}  // namespace ecr::api
