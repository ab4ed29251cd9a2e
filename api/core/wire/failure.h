// What a request answers when something other than the request is at fault.
#pragma once

#include <exception>

#include "api/core/wire/error.h"

namespace ecr::api {

// The ApiError for an exception that escaped a handler: the error itself; a full disk, a read-only
// store (503); anything else is the server's fault (500) and says no more than that.
ApiError to_api_error(const std::exception_ptr& failure);

}  // namespace ecr::api
