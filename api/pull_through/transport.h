// One HTTP exchange with an upstream. The API opens no socket itself: server/ implements this
// interface, tests fake it. Also the errors of everything about upstreams.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/pull_through/url.h"

namespace ecr::api::pull_through {

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

struct ExchangeRequest {
  Url url;
  std::vector<std::pair<std::string, std::string>> headers;
  // The server may have an address that the internet cannot reach (is_public_address()).
  bool private_allowed = false;
};

struct ExchangeHead {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  // The first of that name; empty: none.
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

// Thread-safe; blocks, for a bounded time without progress.
class Transport {
 public:
  virtual ~Transport() = default;
  // A GET. Redirects are not followed. `on_head` is called once, before the body; false: the body
  // is not wanted. `on_body` then gets the body in order. What either throws ends the exchange.
  // Throws UpstreamError where there is no whole answer.
  using OnHead = std::function<bool(const ExchangeHead&)>;
  using OnBody = std::function<void(std::string_view)>;
  virtual void get(const ExchangeRequest& request, const OnHead& on_head,
                   const OnBody& on_body) = 0;
};

}  // namespace ecr::api::pull_through
