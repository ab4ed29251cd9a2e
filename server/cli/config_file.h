// The JSON file of --config: a flat object of serve's flags, as {"listen": ["127.0.0.1:4599"],
// "in-memory": true}; and the names of flags that it shares with the environment.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Config;
}  // namespace CLI

namespace ecr::server {

// ECR_LOCAL_TLS_LISTEN for --tls-listen.
std::string variable_of(const std::string& flag);

// The long names of a command's flags, with their dashes.
std::vector<std::string> flags_of(const CLI::App& command);

// What CLI11 reads the file with. `serve` outlives it. Reading throws CLI::ParseError, which names
// what is wrong.
std::shared_ptr<CLI::Config> make_config_file(const CLI::App& serve);

}  // namespace ecr::server
