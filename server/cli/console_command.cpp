// `ecr-local console`: the address of the web console, opened in a browser where there is one.
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "api/admin/console/console.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/commands.h"
#include "server/cli/server_client.h"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace ecr::server {
namespace {

base::Json ask_console(const ConsoleConfig& config, const std::string& path,
                       const std::string& method) {
  const auto answer =
      ask_server({.url = config.url,
                  .target = base::format("{}{}", api::admin::console::kConsolePath, path),
                  .token = config.admin_token,
                  .method = method});
  if (answer.head.status == 404) {
    throw std::runtime_error(config.url + ": this server is older than its console");
  }
  if (answer.head.status != 200) throw std::runtime_error(refusal(answer));
  auto json = base::parse_json(answer.body);
  if (!json || !json->is_object()) throw std::runtime_error(config.url + " is not an ecr-local");
  return std::move(*json);
}

// With a token the address has a code in it, which signs in one browser, once. It stands behind
// the '#', which browsers send to nobody.
std::string address_of(const ConsoleConfig& config) {
  const base::Json session = ask_console(config, "/session", "GET");
  base::Url url = parse_server_url(config.url);
  url.target = api::admin::console::kConsolePath;
  if (session.value("needsToken", false)) {
    if (config.admin_token.empty()) {
      throw std::runtime_error(
          "this server has an admin token: give it with --admin-token or ECR_LOCAL_ADMIN_TOKEN");
    }
    const base::Json code = ask_console(config, "/code", "POST");
    return base::format("{}#/sign-in/{}", url.text(), base::text_member(code, "code"));
  }
  if (!session.value("signedIn", false)) {
    throw std::runtime_error(base::text_member(session, "reason", "the console is closed to you"));
  }
  return url.text();
}

bool is_set(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

// Only for a person at a terminal with a display: a script wants the address.
bool has_browser() {
#ifdef __APPLE__
  return isatty(STDOUT_FILENO) != 0;
#else
  return isatty(STDOUT_FILENO) != 0 && (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"));
#endif
}

// Not waited for: it may be the browser itself, which stays. Its output would disturb the terminal.
// False: there is no such program.
bool open_browser(std::string address) {
#ifdef __APPLE__
  std::string program = "open";
#else
  std::string program = "xdg-open";
#endif
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  const std::array<char*, 3> arguments = {program.data(), address.data(), nullptr};
  pid_t child = 0;
  const int failed =
      posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed == 0;
}

}  // namespace

int run_console(const ConsoleConfig& config) {
  const std::string address = address_of(config);
  base::print("{}\n", address);
  if (config.print || !has_browser()) return kExitSuccess;
  if (!open_browser(address)) {
    base::print(stderr, "ecr-local: open this address in a browser: none was found here\n");
  }
  return kExitSuccess;
}

}  // namespace ecr::server
