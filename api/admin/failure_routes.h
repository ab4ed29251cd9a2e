// GET /_ecr-local/authentication-failures: the last requests whose callers are not known, and why.
// Thread-safe.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

// {"failures": [newest first]}; filters: requestId, since, after (a sequence); limit. Throws
// ParameterError.
HttpResponse answer_failures(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::admin
