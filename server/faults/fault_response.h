// The answer to a request that a fault was injected into, in the form of its protocol. Pure.
#pragma once

#include "api/core/wire/http.h"
#include "server/faults/fault_rules.h"

namespace ecr::server {

// REQUIRES: `fault` is a throttle or an error, and the plane of the request is known.
api::HttpResponse fault_response(const Fault& fault, const api::HttpRequest& request);

}  // namespace ecr::server
