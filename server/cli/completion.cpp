#include <stdexcept>
#include <vector>

#include <CLI/CLI.hpp>

#include "schemas/base/text.h"
#include "server/cli/command_tree.h"
#include "server/cli/snippets.h"
#include "server/cli/value_names.h"

namespace ecr::server {
namespace {

struct Flag {
  std::string name;  // "--iam"
  std::string help;
  bool takes_value = false;
  std::vector<std::string> values;  // empty: anything, files among them
};

struct Command {
  std::string name;
  std::string help;
  std::vector<Flag> flags;
  std::vector<std::string> words;  // what may follow the command itself
};

// "a|b|c" is a choice; anything else is a name for what may be given.
std::vector<std::string> flag_values(const std::string& flag) {
  std::string_view rest = value_name(flag);
  std::vector<std::string> values;
  if (rest.find('|') == rest.npos) return values;
  for (std::size_t bar = 0; bar != rest.npos;) {
    bar = rest.find('|');
    values.emplace_back(rest.substr(0, bar));
    if (bar != rest.npos) rest.remove_prefix(bar + 1);
  }
  return values;
}

std::vector<std::string> words_of(const std::string& command) {
  if (command == "completion") return {"bash", "zsh", "fish"};
  std::vector<std::string> words;
  if (command != "print") return words;
  words.push_back("configuration");
  for (const SnippetInfo& each : snippet_list()) words.emplace_back(each.name);
  return words;
}

Flag to_flag(const CLI::Option& option) {
  Flag flag;
  flag.name = "--" + option.get_lnames().front();
  flag.help = option.get_description();
  flag.takes_value = option.get_expected_min() > 0;
  flag.values = flag_values(flag.name);
  return flag;
}

std::vector<Command> commands_of(CLI::App& app) {
  std::vector<Command> list;
  for (const CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) {
    Command command{sub->get_name(), sub->get_description(), {}, words_of(sub->get_name())};
    for (const CLI::Option* option : sub->get_options()) {
      if (!option->get_lnames().empty()) command.flags.push_back(to_flag(*option));
    }
    if (command.name == "serve") command.flags.push_back(to_flag(*app.get_config_ptr()));
    list.push_back(std::move(command));
  }
  return list;
}

std::string join(const std::vector<std::string>& words) {
  return base::format("{}", base::join(words, " "));
}

std::string names_of(const std::vector<Flag>& flags) {
  std::vector<std::string> names;
  for (const Flag& flag : flags) names.push_back(flag.name);
  return join(names);
}

// What a shell takes literally between single quotes.
std::string literal(const std::string& text, std::string_view backslash_before = {}) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (backslash_before.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out + "'";
}

std::string bash_command(const Command& command) {
  std::string out = base::format("    {})\n      flags={}\n      words={}\n", command.name,
                                 literal(names_of(command.flags)), literal(join(command.words)));
  out += "      case $previous in\n";
  for (const Flag& flag : command.flags) {
    if (!flag.takes_value) continue;
    out += base::format("        {}) values={}; takes_value=1 ;;\n", flag.name,
                        literal(join(flag.values)));
  }
  return out + "      esac\n      ;;\n";
}

std::string bash(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  std::string cases;
  for (const Command& command : commands) {
    names.push_back(command.name);
    cases += bash_command(command);
  }
  return base::format(
      R"(# ecr-local completion bash > /etc/bash_completion.d/ecr-local
_ecr_local() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
  local flags= words= values= takes_value=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W {} -- "$current"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{}  esac
  if [ -n "$takes_value" ]; then
    if [ -n "$values" ]; then
      COMPREPLY=($(compgen -W "$values" -- "$current"))
    else
      COMPREPLY=($(compgen -f -- "$current"))
    fi
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}}
complete -F _ecr_local ecr-local
)",
      literal(join(names)), cases);
}

std::string zsh_command(const Command& command) {
  std::string out = base::format("    {})\n      _arguments", command.name);
  for (const Flag& flag : command.flags) {
    std::string spec = base::format("*{}[", flag.name);
    for (const char c : flag.help) {  // what has a meaning between the brackets
      if (c == '[' || c == ']' || c == '\\' || c == ':') spec += '\\';
      spec += c;
    }
    spec += ']';
    if (!flag.values.empty()) {
      spec += base::format(":value:({})", join(flag.values));
    } else if (flag.takes_value) {
      spec += ":value:_files";
    }
    out += " \\\n        " + literal(spec);
  }
  out += command.words.empty() ? " \\\n        '*:file:_files'"
                               : " \\\n        " + literal("*:word:(" + join(command.words) + ")");
  return out + "\n      ;;\n";
}

std::string zsh(const std::vector<Command>& commands) {
  std::string list;
  std::string cases;
  for (const Command& command : commands) {
    list += "      " + literal(command.name + ":" + command.help, "\\") + "\n";
    cases += zsh_command(command);
  }
  return base::format(
      R"(#compdef ecr-local
# ecr-local completion zsh > "${{fpath[1]}}/_ecr-local"
_ecr_local() {{
  if (( CURRENT == 2 )); then
    local -a commands
    commands=(
{}    )
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{}  esac
}}
if [ "$funcstack[1]" = _ecr-local ]; then
  _ecr_local "$@"
else
  compdef _ecr_local ecr-local
fi
)",
      list, cases);
}

std::string fish(const std::vector<Command>& commands) {
  std::string out =
      "# ecr-local completion fish > ~/.config/fish/completions/ecr-local.fish\n"
      "complete -c ecr-local -n __fish_use_subcommand -f\n";
  for (const Command& command : commands) {
    out += base::format("complete -c ecr-local -n __fish_use_subcommand -a {} -d {}\n",
                        command.name, literal(command.help, "\\"));
    const std::string there =
        base::format("complete -c ecr-local -n '__fish_seen_subcommand_from {}'", command.name);
    if (!command.words.empty()) out += there + " -f -a " + literal(join(command.words)) + "\n";
    for (const Flag& flag : command.flags) {
      out += base::format("{} -l {}{}{} -d {}\n", there, flag.name.substr(2),
                          flag.takes_value ? " -r" : "",
                          flag.values.empty() ? "" : " -f -a " + literal(join(flag.values)),
                          literal(flag.help, "\\"));
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const std::string& shell) {
  CommandLine line;
  const auto app = make_command_tree(line);
  const std::vector<Command> commands = commands_of(*app);
  if (shell == "bash") return bash(commands);
  if (shell == "zsh") return zsh(commands);
  if (shell == "fish") return fish(commands);
  throw std::runtime_error("completion " + shell + ": must be bash, zsh or fish");
}

}  // namespace ecr::server
