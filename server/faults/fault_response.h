// The answer to a request that a fault was injected into, in the form of its protocol. Pure.
#pragma once

#include <string_view>

#include "api/core/wire/http.h"
#include "server/faults/fault_rules.h"

namespace ecr::server {

// REQUIRES: `fault` is a throttle or an error. `operation`: "ecr:PutImage".
api::HttpResponse fault_response(const Fault& fault, std::string_view operation,
                                 const api::HttpRequest& request);

}  // namespace ecr::server
