// Under which name a registry answers: what repositoryUri says. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/core/services.h"
#include "schemas/model/aws_hosts.h"
#include "schemas/model/registry_id.h"

namespace ecr::api {

using model::parse_registry_host;

// host[:port] of a registry, as repositoryUri has it: by the configured template; else, where the
// caller used one of AWS's names, of an API or of a registry, the registry's name of that kind
// (FIPS, dual stack) under that domain; else, for the caller's own registry, the host it used; else
// "<account>.dkr.ecr.<region>.localhost[:port]".
std::string registry_host(const Settings& settings, std::string_view used_host,
                          const model::RegistryId& registry, bool own);

}  // namespace ecr::api
