// /_ecr-local/gc: garbage collection, now.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

// POST: collects what nobody has needed for --gc-grace, or for the parameter `grace` (a duration;
// "0s": everything that nothing names and no request is using), and says what went:
// {"uploads", "unnamedBlobs", "blobs", "bytes"}. Throws QueryError.
HttpResponse answer_gc(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::admin
