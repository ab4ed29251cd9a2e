// `ecr-local healthcheck`: one request to a running server, for container images without curl.
#include <cstdio>

#include "schemas/base/text.h"
#include "server/cli/commands.h"
#include "server/client/http_get.h"

namespace ecr::server {

int run_healthcheck(const std::string& url) {
  const auto answer = http_get(url, "/_ecr-local/health");
  if (!answer) {
    base::print(stderr, "ecr-local: nothing answers on {}\n", url);
    return 1;
  }
  const bool healthy = answer->status == 200;
  base::print("{}\n", healthy ? "healthy" : "not healthy");
  return healthy ? 0 : 1;
}

}  // namespace ecr::server
