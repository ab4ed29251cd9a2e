// The commands about accounts and their policies: import-account, can, who-can.
#pragma once

#include <functional>

#include "server/cli/command_line.h"

namespace CLI {
class App;
}

namespace ecr::server {

// `command` makes a command of that name, help and value.
void add_account_commands(
    const std::function<CLI::App*(const char*, const char*, CommandLine::Command)>& command,
    CommandLine& line);

}  // namespace ecr::server
