#include "server/cli/command_text.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/command_line.h"
#include "server/cli/flag_values.h"
#include "server/cli/snippets.h"

namespace ecr::server {
namespace {

// What may stand in the place of a value or of a command's argument.
struct Completes {
  std::vector<std::string> words = {};
  bool files = false;
  bool directories = false;
};

// The name of the value in the help says what it is. File names are offered only where a file
// belongs: not for a URL, a number or a secret.
Completes value_of(const FlagInfo& flag) {
  const std::string_view name = value_name(flag.name);
  return {.words = choices_of(flag.name),
          .files = name == "FILE" || name == "PATH",
          .directories = name == "DIR"};
}

// The names of snippets are read from the list that `print` uses, those of commands from all.
Completes argument_of(const CommandInfo& command, const std::vector<CommandInfo>& all) {
  Completes completes;
  completes.files = command.argument == "FILE";
  if (command.argument == "SHELL") completes.words = {"bash", "zsh", "fish"};
  if (command.argument == "COMMAND") {
    for (const CommandInfo& each : all) completes.words.push_back(each.name);
  }
  if (command.argument == "SNIPPET") {
    completes.words.emplace_back("configuration");
    for (const SnippetInfo& each : snippet_list()) completes.words.emplace_back(each.name);
  }
  return completes;
}

std::string words_text(const std::vector<std::string>& words) {
  return base::format("{}", base::join(words, " "));
}

std::string flag_names(const std::vector<FlagInfo>& flags) {
  std::vector<std::string> names;
  for (const FlagInfo& flag : flags) names.push_back(flag.name);
  return words_text(names);
}

// A text in single quotes, where a shell takes it literally. A quote ends the text, stands escaped
// outside of quotes, and begins the text again. fish also reads backslashes inside of quotes, and
// zsh's _describe reads them in descriptions; `backslash_before` names what needs one there.
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

// An option of bash's compgen.
std::string bash_action(const Completes& completes) {
  if (completes.files) return "-f";
  if (completes.directories) return "-d";
  return "-W " + literal(words_text(completes.words));
}

// One case for each command. The inner case looks at the word before the cursor, which may be a
// flag that waits for its value.
std::string bash_command(const CommandInfo& command, const std::vector<CommandInfo>& all) {
  std::string out =
      base::format("    {})\n      flags={}\n      words=({})\n", command.name,
                   literal(flag_names(command.flags)), bash_action(argument_of(command, all)));
  out += "      case $previous in\n";
  for (const FlagInfo& flag : command.flags) {
    if (!flag.takes_value) continue;
    out += base::format("        {}) values=({}) ;;\n", flag.name, bash_action(value_of(flag)));
  }
  return out + "      esac\n      ;;\n";
}

// Plain compgen, without the bash-completion package, which not every machine has. Bash makes three
// words of "--iam=off", as COMP_WORDBREAKS has the "=".
std::string bash(const std::vector<CommandInfo>& commands) {
  std::vector<std::string> names;
  std::string cases;
  for (const CommandInfo& command : commands) {
    names.push_back(command.name);
    cases += bash_command(command, commands);
  }
  return base::format(
      R"(# ecr-local completion bash > /etc/bash_completion.d/ecr-local
_ecr_local() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
  local flags= words=() values=() command= i
  if [ "$current" = = ]; then
    current=
  elif [ "$previous" = = ]; then
    previous=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in
    --config)
      ((i++))
      if [ "${{COMP_WORDS[i]}}" = = ]; then ((i++)); fi
      ;;
    -*) ;;
    *)
      command=${{COMP_WORDS[i]}}
      break
      ;;
    esac
  done
  if [ -z "$command" ]; then
    flags='--config --help --version'
    words=(-W {})
    if [ "$previous" = --config ]; then values=(-f); fi
  fi
  case $command in
{}  esac
  if [ ${{#values[@]}} -gt 0 ]; then
    COMPREPLY=($(compgen "${{values[@]}}" -- "$current"))
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [ ${{#words[@]}} -gt 0 ]; then
    COMPREPLY=($(compgen "${{words[@]}}" -- "$current"))
  else
    COMPREPLY=()
  fi
}}
complete -F _ecr_local ecr-local
)",
      literal(words_text(names)), cases);
}

// An action of zsh's _arguments; a blank offers nothing.
std::string zsh_action(const Completes& completes) {
  if (completes.files) return "_files";
  if (completes.directories) return "_files -/";
  return completes.words.empty() ? " " : base::format("({})", words_text(completes.words));
}

// The "*" in front lets a flag be given more than once.
std::string zsh_flag(const FlagInfo& flag) {
  std::string spec = base::format("*{}[", flag.name);
  for (const char c : flag.help) {  // characters with a meaning between the brackets
    if (c == '[' || c == ']' || c == '\\' || c == ':') spec += '\\';
    spec += c;
  }
  spec += ']';
  if (flag.takes_value) spec += base::format(":value:{}", zsh_action(value_of(flag)));
  return literal(spec);
}

std::string zsh_command(const CommandInfo& command, const std::vector<CommandInfo>& all) {
  std::string out = base::format("    {})\n      _arguments", command.name);
  for (const FlagInfo& flag : command.flags) out += " \\\n        " + zsh_flag(flag);
  if (!command.argument.empty()) {
    out += " \\\n        " + literal(base::format("1:{}:{}", command.argument,
                                                  zsh_action(argument_of(command, all))));
  }
  return out + "\n      ;;\n";
}

// Works from fpath, where the file is the function, and when it is sourced: the last lines tell the
// two apart. "*::" hands the words behind the command to its own _arguments.
std::string zsh(const std::vector<CommandInfo>& commands) {
  std::string list;
  std::string cases;
  for (const CommandInfo& command : commands) {
    // _describe separates a name from its description by a colon, and reads backslashes as escapes.
    list += "      " + literal(command.name + ":" + command.help, "\\") + "\n";
    cases += zsh_command(command, commands);
  }
  return base::format(
      R"(#compdef ecr-local
# ecr-local completion zsh > "${{fpath[1]}}/_ecr-local"
_ecr_local() {{
  local context state state_descr line
  typeset -A opt_args
  _arguments -C '--config[JSON file with flags as keys]:file:_files' \
    '--help[show the help]' '--version[print the version]' '1: :->command' '*:: :->words'
  case $state in
  command)
    local -a commands
    commands=(
{}    )
    _describe command commands
    ;;
  words)
    case $words[1] in
{}    esac
    ;;
  esac
}}
if [ "$funcstack[1]" = _ecr-local ]; then
  _ecr_local "$@"
else
  compdef _ecr_local ecr-local
fi
)",
      list, cases);
}

// Options of fish's complete: -f offers no files, -F offers them.
std::string fish_action(const Completes& completes) {
  if (completes.files) return " -F";
  if (completes.directories) return " -f -a '(__fish_complete_directories)'";
  return completes.words.empty() ? " -f" : " -f -a " + literal(words_text(completes.words));
}

// fish takes one `complete` line for each command and flag. -r means that the flag takes a value.
// Whether a command was given is asked by name: fish's own __fish_use_subcommand takes the value of
// --config for one.
std::string fish(const std::vector<CommandInfo>& commands) {
  std::vector<std::string> names;
  for (const CommandInfo& command : commands) names.push_back(command.name);
  const std::string none = base::format(
      "complete -c ecr-local -n 'not __fish_seen_subcommand_from {}'", words_text(names));
  std::string out =
      "# ecr-local completion fish > ~/.config/fish/completions/ecr-local.fish\n"
      "complete -c ecr-local -f\n" +
      none + " -l config -r -F -d 'JSON file with flags as keys'\n" + none +
      " -l version -d 'print the version'\n";
  for (const CommandInfo& command : commands) {
    out += base::format("{} -a {} -d {}\n", none, command.name, literal(command.help, "\\"));
    // The condition keeps the flags of one command apart from those of the others.
    const std::string there =
        base::format("complete -c ecr-local -n '__fish_seen_subcommand_from {}'", command.name);
    if (!command.argument.empty()) {
      out += there + fish_action(argument_of(command, commands)) + "\n";
    }
    for (const FlagInfo& flag : command.flags) {
      out += base::format("{} -l {}{} -d {}\n", there, flag.name.substr(2),
                          flag.takes_value ? " -r" + fish_action(value_of(flag)) : "",
                          literal(flag.help, "\\"));
    }
  }
  return out;
}

// In a table, '|' ends a cell.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string default_text(const FlagInfo& flag) {
  // A switch that is not given is off, whatever it switches.
  if (!flag.takes_value) return "off";
  return flag.default_value.empty() ? "none" : base::format("`{}`", cell(flag.default_value));
}

// docs/configuration.md is this table; ConfigurationTable.HasARowForEveryFlagOfServe and
// integration/test_docs.py keep them equal.
std::string table_row(const FlagInfo& flag) {
  std::string name = flag.name;
  const std::string value(value_name(flag.name));
  if (!value.empty()) name += " " + cell(value);
  return base::format("| `{}` | `{}` | {} | {} |\n", name, flag.variable, default_text(flag),
                      cell(flag.help));
}

const CommandInfo& serve_of(const std::vector<CommandInfo>& commands) {
  return *std::find_if(commands.begin(), commands.end(),
                       [](const CommandInfo& each) { return each.name == "serve"; });
}

}  // namespace

std::string completion_script(const std::string& shell) {
  // The scripts are made of the list of commands and not written by hand, so a new flag completes
  // at once (Completion.KnowsEveryCommandInEveryShell).
  const std::vector<CommandInfo> commands = list_commands();
  if (shell == "bash") return bash(commands);
  if (shell == "zsh") return zsh(commands);
  if (shell == "fish") return fish(commands);
  throw std::runtime_error("completion " + shell + ": must be bash, zsh or fish");
}

std::string configuration_table() {
  std::string out = "| flag | variable | default | meaning |\n|---|---|---|---|\n";
  const std::vector<CommandInfo> commands = list_commands();
  for (const FlagInfo& flag : serve_of(commands).flags) {
    if (!flag.variable.empty()) out += table_row(flag);  // --help has none
  }
  return out;
}

std::string configuration_json() {
  base::OrderedJson list = base::OrderedJson::array();
  const std::vector<CommandInfo> commands = list_commands();
  for (const FlagInfo& flag : serve_of(commands).flags) {
    if (flag.variable.empty()) continue;
    list.push_back({{"flag", flag.name},
                    {"variable", flag.variable},
                    {"value", std::string(value_name(flag.name))},
                    {"default", flag.default_value},
                    {"group", flag.group},
                    {"meaning", flag.help}});
  }
  return base::dump(list) + "\n";
}

}  // namespace ecr::server
