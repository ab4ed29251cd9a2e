// The flags of `serve`, and how a flag is added: each has an environment variable, and its value is
// checked while the command line is read, so that an error names the flag.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/cli/command_line.h"

namespace CLI {
class App;
class Config;
class Option;
}  // namespace CLI

namespace ecr::server {

// ECR_LOCAL_TLS_LISTEN for --tls-listen.
std::string variable_of(const std::string& flag);

// The long names of a command's flags, with their dashes.
std::vector<std::string> flags_of(const CLI::App& command);

// What reads the file of --config. `serve` outlives it.
std::shared_ptr<CLI::Config> make_config_reader(const CLI::App& serve);

// Each adds a flag with its environment variable. Of a list, a comma separates the values.
CLI::Option* add_text(CLI::App& app, const std::string& flag, std::string& target,
                      const std::string& help);
CLI::Option* add_text(CLI::App& app, const std::string& flag, std::optional<std::string>& target,
                      const std::string& help);
CLI::Option* add_list(CLI::App& app, const std::string& flag, std::vector<std::string>& target,
                      const std::string& help);
CLI::Option* add_switch(CLI::App& app, const std::string& flag, bool& target,
                        const std::string& help);
// `take` gets one of choices_of(flag).
CLI::Option* add_choice(CLI::App& app, const std::string& flag,
                        std::function<void(const std::string&)> take,
                        const std::string& default_value, const std::string& help);
// `take` gets a number of that range.
CLI::Option* add_number(CLI::App& app, const std::string& flag, std::int64_t least,
                        std::int64_t most, std::function<void(std::int64_t)> take,
                        const std::string& default_value, const std::string& help);

// --data-dir, which several commands have, with its default in `serve`.
CLI::Option* add_data_dir(CLI::App& app, ServeConfig& serve);
// The directory that is used without --data-dir.
std::string default_data_dir();

// Everything but --config, in the groups and in the order of the help.
void add_serve_flags(CLI::App& app, ServeConfig& serve);

// --url and --admin-token of the commands that ask a server.
void add_server(CLI::App& app, std::string& url, std::string& admin_token);

}  // namespace ecr::server
