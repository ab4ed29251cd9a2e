// `ecr-local print`: configuration for the tools around the server, and its own.
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "schemas/json.h"
#include "server/command_tree.h"
#include "server/commands.h"
#include "server/http_get.h"
#include "server/snippets.h"

namespace ecr::server {
namespace {

// What the server at `url` says of itself; {}: none of ours answers there.
schemas::Json ask_server(const std::string& url) {
  try {
    const auto answer = http_get(url, "/_ecr-local/health");
    auto json = schemas::parse_json(answer ? answer->body : std::string());
    if (json && json->is_object()) return std::move(*json);
  } catch (const std::runtime_error&) {
    // Not an http:// URL: the defaults, or snippet() complains of it.
  }
  return schemas::Json::object();
}

SnippetValues values_of(const PrintConfig& config) {
  const bool complete = config.account && config.region && config.registry_host;
  const schemas::Json server = complete ? schemas::Json::object() : ask_server(config.url);
  const api::Settings defaults;
  const auto value = [&](const std::optional<std::string>& given, const char* name,
                         const std::string& otherwise) {
    if (given) return *given;
    const auto found = server.find(name);
    return found != server.end() && found->is_string() ? found->get<std::string>() : otherwise;
  };
  return {config.url,
          value(config.account, "account", defaults.account),
          value(config.region, "region", defaults.region),
          config.access_key,
          config.secret_key,
          value(config.registry_host, "registryHost", defaults.registry_host),
          ECR_LOCAL_VERSION};
}

}  // namespace

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
  fmt::print("{}", snippet(config.snippet, values_of(config)));
  return 0;
}

int run_completion(const std::string& shell) {
  fmt::print("{}", completion_script(shell));
  return 0;
}

}  // namespace ecr::server
