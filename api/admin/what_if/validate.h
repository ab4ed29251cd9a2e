// POST /_ecr-local/validate-policy: every problem of a policy, with its place. Pure.
#pragma once

#include "api/core/wire/http.h"

namespace ecr::api::admin::what_if {

// The body: {"document": an object or its text, "type": "identity", ...}. Throws ParameterError.
HttpResponse answer_validate_policy(const HttpRequest& request);

}  // namespace ecr::api::admin::what_if
