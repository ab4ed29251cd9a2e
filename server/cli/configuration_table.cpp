#include <CLI/CLI.hpp>

#include "schemas/base/text.h"
#include "server/cli/command_tree.h"
#include "server/cli/value_names.h"

namespace ecr::server {
namespace {

// A cell of a table must not end it.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string default_of(const CLI::Option& option) {
  if (option.get_expected_min() == 0) return "off";
  const std::string value = option.get_default_str();
  return value.empty() ? "none" : base::format("`{}`", cell(value));
}

std::string row(const CLI::Option& option) {
  std::string flag = "--" + option.get_lnames().front();
  const std::string value(value_name(flag));
  if (!value.empty()) flag += " " + cell(value);
  return base::format("| `{}` | `{}` | {} | {} |\n", flag, option.get_envname(), default_of(option),
                      cell(option.get_description()));
}

}  // namespace

std::string configuration_table() {
  CommandLine line;
  const auto app = make_command_tree(line);
  std::string out = "| flag | variable | default | meaning |\n|---|---|---|---|\n";
  for (const CLI::Option* option : app->get_subcommand("serve")->get_options()) {
    if (!option->get_envname().empty()) out += row(*option);
  }
  return out + row(*app->get_config_ptr());
}

}  // namespace ecr::server
