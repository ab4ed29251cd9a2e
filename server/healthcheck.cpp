// `ecr-local healthcheck`: one request to a running server, for container images without curl.
#include <cstdio>

#include <fmt/format.h>

#include "server/commands.h"
#include "server/http_get.h"

namespace ecr::server {

int run_healthcheck(const std::string& url) {
  const auto answer = http_get(url, "/_ecr-local/health");
  if (!answer) {
    fmt::print(stderr, "ecr-local: nothing answers on {}\n", url);
    return 1;
  }
  const bool healthy = answer->status == 200;
  fmt::print("{}\n", healthy ? "healthy" : "not healthy");
  return healthy ? 0 : 1;
}

}  // namespace ecr::server
