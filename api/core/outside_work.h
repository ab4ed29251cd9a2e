// Thrown by a handler that cannot answer before another server was asked. Its transaction is rolled
// back; then, with none open and on a thread that may wait, `run` is called, and the request is
// begun anew, from authentication on, with what it returned.
#pragma once

#include <any>
#include <functional>

namespace ecr::api {

struct OutsideWork {
  // Throws ApiError where the request ends with that. What is captured by reference must live as
  // long as the request.
  std::function<std::any()> run;
};

}  // namespace ecr::api
