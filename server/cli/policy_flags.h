// The commands about policies and accounts, with their flags.
#pragma once

#include <functional>

#include "server/cli/command_line.h"

namespace CLI {
class App;
}  // namespace CLI

namespace ecr::server {

// Adds a command: its name, its help, and what it is.
using AddCommand = std::function<CLI::App*(const char*, const char*, CommandLine::Command)>;

// What is parsed fills `line`, which outlives the commands.
void add_policy_commands(const AddCommand& command, CommandLine& line);

}  // namespace ecr::server
