// All flags and subcommands as the parser knows them, for what is made of them: the table of the
// configuration, shell completion, suggestions.
#pragma once

#include <memory>
#include <string>

#include "server/cli/config.h"

namespace CLI {
class App;
}

namespace ecr::server {

// Parsing fills `line`, which must outlive the tree.
std::shared_ptr<CLI::App> make_command_tree(CommandLine& line);

// Markdown: every flag of serve with its environment variable, its default and what it means.
std::string configuration_table();

// A script for "bash", "zsh" or "fish". Throws std::runtime_error for any other shell.
std::string completion_script(const std::string& shell);

}  // namespace ecr::server
