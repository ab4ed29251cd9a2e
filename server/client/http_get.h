// The smallest HTTP client: one GET to a server of ours, for the commands that ask a running one.
// Blocking; http:// only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ecr::server {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// A connected socket that waits at most 3 seconds for anything, or -1.
int connect_to(const std::string& host, const std::string& port);

// `url`: "http://HOST:PORT", what follows is ignored. `target`: path and query, encoded. `token`:
// sent as bearer token where it is not empty. nullopt: nothing answers, or not in HTTP. Throws
// std::runtime_error where the URL is not one.
std::optional<HttpAnswer> http_get(const std::string& url, std::string_view target,
                                   std::string_view token = {});

// What came until the connection ended. nullopt: not an answer, or cut off. Pure.
std::optional<HttpAnswer> parse_http_answer(std::string_view text);

}  // namespace ecr::server
