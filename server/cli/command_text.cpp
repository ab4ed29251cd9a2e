#include "server/cli/command_text.h"

#include <stdexcept>
#include <vector>

#include "schemas/base/text.h"
#include "server/cli/command_line.h"
#include "server/cli/flag_values.h"
#include "server/cli/snippets.h"

namespace ecr::server {
namespace {

// The values of a choice, which is named "a|b|c". Empty: any value, files among them. The name in
// the help is the only list of a choice's values, so help and completion agree.
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

// The words that may follow the command itself. The names of snippets are read from the list that
// `print` uses.
std::vector<std::string> words_of(const std::string& command) {
  if (command == "completion") return {"bash", "zsh", "fish"};
  std::vector<std::string> words;
  if (command != "print") return words;
  words.push_back("configuration");
  for (const SnippetInfo& each : snippet_list()) words.emplace_back(each.name);
  return words;
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

// One case for each command. The inner case looks at the word before the cursor, which may be a
// flag that waits for its value.
std::string bash_command(const CommandInfo& command) {
  std::string out =
      base::format("    {})\n      flags={}\n      words={}\n", command.name,
                   literal(flag_names(command.flags)), literal(words_text(words_of(command.name))));
  out += "      case $previous in\n";
  for (const FlagInfo& flag : command.flags) {
    if (!flag.takes_value) continue;
    out += base::format("        {}) values={}; takes_value=1 ;;\n", flag.name,
                        literal(words_text(flag_values(flag.name))));
  }
  return out + "      esac\n      ;;\n";
}

// Plain compgen, without the bash-completion package, which not every machine has. Values of an
// unknown form complete as files.
std::string bash(const std::vector<CommandInfo>& commands) {
  std::vector<std::string> names;
  std::string cases;
  for (const CommandInfo& command : commands) {
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
      literal(words_text(names)), cases);
}

// The "*" in front lets a flag be given more than once.
std::string zsh_command(const CommandInfo& command) {
  std::string out = base::format("    {})\n      _arguments", command.name);
  for (const FlagInfo& flag : command.flags) {
    std::string spec = base::format("*{}[", flag.name);
    for (const char c : flag.help) {  // characters with a meaning between the brackets
      if (c == '[' || c == ']' || c == '\\' || c == ':') spec += '\\';
      spec += c;
    }
    spec += ']';
    if (!flag_values(flag.name).empty()) {
      spec += base::format(":value:({})", words_text(flag_values(flag.name)));
    } else if (flag.takes_value) {
      spec += ":value:_files";
    }
    out += " \\\n        " + literal(spec);
  }
  out += words_of(command.name).empty()
             ? " \\\n        '*:file:_files'"
             : " \\\n        " + literal("*:word:(" + words_text(words_of(command.name)) + ")");
  return out + "\n      ;;\n";
}

// Works from fpath, where the file is the function, and when it is sourced: the last lines tell the
// two apart.
std::string zsh(const std::vector<CommandInfo>& commands) {
  std::string list;
  std::string cases;
  for (const CommandInfo& command : commands) {
    // _describe separates a name from its description by a colon, and reads backslashes as escapes.
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

// fish takes one `complete` line for each command and flag. -f means no files, -r that the flag
// takes a value.
std::string fish(const std::vector<CommandInfo>& commands) {
  std::string out =
      "# ecr-local completion fish > ~/.config/fish/completions/ecr-local.fish\n"
      "complete -c ecr-local -n __fish_use_subcommand -f\n";
  for (const CommandInfo& command : commands) {
    out += base::format("complete -c ecr-local -n __fish_use_subcommand -a {} -d {}\n",
                        command.name, literal(command.help, "\\"));
    // The condition keeps the flags of one command apart from those of the others.
    const std::string there =
        base::format("complete -c ecr-local -n '__fish_seen_subcommand_from {}'", command.name);
    if (!words_of(command.name).empty())
      out += there + " -f -a " + literal(words_text(words_of(command.name))) + "\n";
    for (const FlagInfo& flag : command.flags) {
      out += base::format(
          "{} -l {}{}{} -d {}\n", there, flag.name.substr(2), flag.takes_value ? " -r" : "",
          flag_values(flag.name).empty() ? ""
                                         : " -f -a " + literal(words_text(flag_values(flag.name))),
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
  for (const CommandInfo& command : list_commands()) {
    if (command.name != "serve") continue;
    for (const FlagInfo& flag : command.flags) {
      if (!flag.variable.empty()) out += table_row(flag);  // --help has none
    }
  }
  return out;
}

}  // namespace ecr::server
