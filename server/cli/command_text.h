// Texts that are made of the list of commands: a shell's completion script, and the table of the
// configuration (docs/configuration.md). Pure.
#pragma once

#include <string>

namespace ecr::server {

// A script for "bash", "zsh" or "fish". Throws std::runtime_error for any other shell.
std::string completion_script(const std::string& shell);

// Markdown: every flag of serve with its environment variable, its default and its meaning.
std::string configuration_table();
// The same as a JSON list.
std::string configuration_json();

}  // namespace ecr::server
