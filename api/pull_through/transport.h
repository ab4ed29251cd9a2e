// What goes wrong at an upstream registry, whatever it was asked (api/core/wire/transport.h).
#pragma once

#include <stdexcept>
#include <string>

#include "api/core/wire/transport.h"
#include "schemas/base/url.h"

namespace ecr::api::pull_through {

using base::Url;

enum class UpstreamFailure {
  kNotFound,
  kAccessDenied,
  kTooManyRequests,
  kUnavailable,  // no answer, or one that says so
  kInvalid       // a wrong answer: another digest than asked for, an unknown manifest, ...
};

// The reason why an upstream gave nothing. what() is shown to the client: it holds no secret.
class UpstreamError : public std::runtime_error {
 public:
  UpstreamError(UpstreamFailure failure, const std::string& reason)
      : std::runtime_error(reason), failure_(failure) {}
  UpstreamFailure failure() const { return failure_; }

 private:
  UpstreamFailure failure_;
};

}  // namespace ecr::api::pull_through
