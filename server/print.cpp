// `ecr-local print`: configuration for the tools around the server, and its own.
#include <fmt/format.h>

#include "server/command_tree.h"
#include "server/commands.h"
#include "server/snippets.h"

namespace ecr::server {

int run_print(const PrintConfig& config) {
  if (config.list || config.snippet.empty()) {
    for (const SnippetInfo& each : snippet_list()) fmt::print("{:16} {}\n", each.name, each.help);
    fmt::print("{:16} {}\n", "configuration", "Markdown: every flag of serve");
    return 0;
  }
  if (config.snippet == "configuration") {
    fmt::print("{}", configuration_table());
    return 0;
  }
  fmt::print("{}",
             snippet(config.snippet, {config.url, config.account, config.region, config.access_key,
                                      config.secret_key, config.registry_host, ECR_LOCAL_VERSION}));
  return 0;
}

int run_completion(const std::string& shell) {
  fmt::print("{}", completion_script(shell));
  return 0;
}

}  // namespace ecr::server
