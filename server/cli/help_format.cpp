#include "server/cli/help_format.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "schemas/base/text.h"
#include "server/cli/flag_values.h"

namespace ecr::server {
namespace {

constexpr std::size_t kHelpWidth = 80;
constexpr std::size_t kLeftColumn = 29;

// Words separated by spaces, in lines of at most `width`. A longer word has a line of its own.
std::vector<std::string> wrap_words(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) {
      lines.emplace_back();
    }
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

// "  left      right", with what does not fit into the right column in the lines below.
void append_row(std::string& out, const std::string& left, const std::string& right) {
  std::string line = "  " + left;
  // Two blanks between the columns: a longer name has its text in the next line.
  if (line.size() + 2 > kLeftColumn) {
    out += line + "\n";
    line.clear();
  }
  for (const std::string& part : wrap_words(right, kHelpWidth - kLeftColumn)) {
    line.resize(kLeftColumn, ' ');
    out += line + part + "\n";
    line.clear();
  }
}

void append_paragraph(std::string& out, std::string_view text) {
  // Lines that the writer ended stay: examples stand in lines of their own.
  for (bool more = true; more;) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(' ')) {
      out += std::string(line) + "\n";
    } else {
      for (const std::string& part : wrap_words(line, kHelpWidth)) out += part + "\n";
    }
    more = end != text.npos;
    if (more) text.remove_prefix(end + 1);
  }
}

bool is_required(const CLI::Option& option) { return option.get_required(); }

std::string usage_of(const CLI::App& command) {
  std::string text = "Usage: ecr-local " + command.get_name();
  const std::vector<const CLI::Option*> options = command.get_options();
  for (const CLI::Option* option : options) {
    if (!option->get_positional()) continue;
    const std::string name = option->get_name(true);
    text += is_required(*option) ? " " + name : " [" + name + "]";
  }
  // The positional arguments are options, too; every command has --help.
  const bool has_flags =
      std::any_of(options.begin(), options.end(), [&](const CLI::Option* option) {
        return !option->get_positional() && option != command.get_help_ptr();
      });
  return text + (has_flags ? " [FLAGS]\n" : "\n");
}

void append_option(std::string& out, const CLI::Option& option) {
  if (option.get_positional())
    return append_row(out, option.get_name(true), option.get_description());
  std::string left = "--" + option.get_lnames().front();
  if (!option.get_snames().empty()) left = "-" + option.get_snames().front() + ", " + left;
  const std::string value(value_name("--" + option.get_lnames().front()));
  const bool takes_value = option.get_expected_min() > 0;
  if (takes_value && !value.empty()) left += " " + value;
  std::string right = option.get_description();
  if (takes_value && !option.get_default_str().empty()) {
    right += base::format(" (default: {})", option.get_default_str());
  }
  append_row(out, left, right);
}

// CLI11 puts --config into the program, but only serve reads the file.
std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  std::vector<const CLI::Option*> options = command.get_options();
  if (command.get_name() == "serve" && command.get_parent() != nullptr) {
    options.push_back(command.get_parent()->get_config_ptr());
  }
  return options;
}

void append_flags(std::string& out, const CLI::App& command) {
  const std::vector<const CLI::Option*> options = options_of(command);
  std::vector<std::string> groups;
  for (const CLI::Option* option : options) {
    // --help is of CLI11's own group, and is the last of all.
    const std::string& group = option->get_group();
    if (option == command.get_help_ptr() ||
        std::find(groups.begin(), groups.end(), group) != groups.end()) {
      continue;
    }
    groups.push_back(group);
  }
  for (const std::string& group : groups) {
    out += "\n" + group + ":\n";
    for (const CLI::Option* option : options) {
      if (option->get_group() == group && option != command.get_help_ptr()) {
        append_option(out, *option);
      }
    }
  }
}

std::string variables_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_envname().empty()) names.push_back(option->get_envname());
  }
  return base::join(names, ", ");
}

std::string command_help(const CLI::App& command) {
  std::string out = usage_of(command) + "\n";
  append_paragraph(out, command.get_description() + ".");
  append_flags(out, command);
  if (!command.get_footer().empty()) {
    out += "\n";
    append_paragraph(out, command.get_footer());
  }
  const std::string variables = variables_of(command);
  if (command.get_name() != "serve" && !variables.empty()) {
    out += "\n";
    append_paragraph(out, "Variables that set these flags: " + variables);
  }
  return out;
}

std::string program_help(const CLI::App& app) {
  std::string out = "Usage: ecr-local COMMAND [FLAGS]\n\n";
  append_paragraph(out, app.get_description());
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  std::string group;
  for (const CLI::App* command : commands) {
    if (command->get_group() != group) {
      group = command->get_group();
      out += "\n" + group + ":\n";
    }
    append_row(out, command->get_name(), command->get_description());
  }
  out += "\n";
  append_paragraph(out, app.get_footer());
  return out;
}

class HelpFormat : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    return app->get_parent() == nullptr ? program_help(*app) : command_help(*app);
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> make_help_format() { return std::make_shared<HelpFormat>(); }

}  // namespace ecr::server
