// `ecr-local print`: configuration for the tools around the server, and its own.
#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string_view>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "server/cli/command_text.h"
#include "server/cli/commands.h"
#include "server/cli/server_client.h"
#include "server/cli/snippets.h"

namespace ecr::server {
namespace {

// With the placeholders of --registry-host.
bool is_host_template(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view(".-_:{}").find(c) != std::string_view::npos;
  });
}

// The settings that the server at `url` publishes; {}: no ecr-local answers there.
base::Json ask_server(const std::string& url) {
  try {
    const auto answer = http_get(url, "/_ecr-local/health");
    auto json = base::parse_json(answer ? answer->body : std::string());
    if (json && json->is_object()) return std::move(*json);
  } catch (const std::runtime_error&) {
    // Not an http:// URL: the defaults are used, or snippet() refuses it.
  }
  return base::Json::object();
}

SnippetValues snippet_values(const PrintConfig& config) {
  // No server is asked when the flags say everything, so `print` also works offline.
  const bool complete = config.account && config.region && config.registry_host;
  const base::Json server = complete ? base::Json::object() : ask_server(config.url);
  const api::Settings defaults;
  // The answer may come from any program, and shells run what is printed here: only values of the
  // expected form are used. Precedence: a flag, then the running server, then the defaults of
  // `serve`.
  const auto value = [&](const std::optional<std::string>& given, const char* name,
                         bool (*is_valid)(std::string_view), const std::string& otherwise) {
    if (given) return *given;
    const auto found = server.find(name);
    if (found == server.end() || !found->is_string()) return otherwise;
    auto text = found->get<std::string>();
    return is_valid(text) ? text : otherwise;
  };
  return {config.url,
          value(config.account, "account", model::is_account_id, defaults.account),
          value(config.region, "region", model::is_region, defaults.region),
          config.access_key,
          config.secret_key,
          value(config.registry_host, "registryHost", is_host_template, defaults.registry_host),
          ECR_LOCAL_VERSION};
}

}  // namespace

int run_print(const PrintConfig& config) {
  if (config.json && config.snippet != "configuration") {
    throw std::runtime_error("print --json: only `configuration` can be printed as JSON");
  }
  if (config.list || config.snippet.empty()) {
    for (const SnippetInfo& each : snippet_list()) base::print("{:20} {}\n", each.name, each.help);
    base::print("{:20} {}\n", "configuration",
                "every flag of serve: Markdown, or JSON with --json");
    return 0;
  }
  // docs/configuration.md has this table, and integration/test_docs.py,
  // test_what_the_program_prints_is_what_it_prints, compares the two.
  if (config.snippet == "configuration") {
    base::print("{}", config.json ? configuration_json() : configuration_table());
    return 0;
  }
  base::print("{}", snippet(config.snippet, snippet_values(config)));
  return 0;
}

int run_completion(const std::string& shell) {
  base::print("{}", completion_script(shell));
  return 0;
}

}  // namespace ecr::server
