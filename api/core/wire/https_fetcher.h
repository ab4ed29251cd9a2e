// Fetches documents from the web for the API, which itself opens no socket.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace ecr::api {

// Thread-safe; blocks for a few seconds at most.
class HttpsFetcher {
 public:
  virtual ~HttpsFetcher() = default;
  // The body of a 200 answer to a GET of an https:// URL. Redirects are not followed. The reason
  // where there is no such answer.
  virtual tl::expected<std::string, std::string> get(const std::string& url) = 0;
};

}  // namespace ecr::api
