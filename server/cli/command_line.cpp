// The only door to CLI11 beside serve_flags.cpp and help_format.cpp: it takes longer to compile
// than everything else here.
#include "server/cli/command_line.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "schemas/base/text.h"
#include "server/cli/flag_values.h"
#include "server/cli/help_format.h"
#include "server/cli/policy_flags.h"
#include "server/cli/serve_flags.h"
#include "server/runtime/system.h"

namespace ecr::server {
namespace {

// These commands ask a server, and have the port of `serve` as their default.
void add_explain_options(CLI::App& app, ExplainConfig& config) {
  app.add_option("REQUEST-ID", config.request_id,
                 "x-amzn-RequestId of the answer (default: the latest denial)");
  app.add_option("--principal", config.principal,
                 "Whose denials: an ARN, or the name of a user or role");
  app.add_option("--last", config.last, "Explain this many of the last denials")
      ->check(CLI::Range(1, 1000));
  app.add_flag("--follow", config.follow, "Explain each denial as it happens, until interrupted");
  app.add_flag("--json", config.json, "Print JSON, one object per line");
  add_server(app, config.url, config.admin_token);
  app.footer(
      "Examples:\n"
      "  ecr-local explain                      the latest denial\n"
      "  ecr-local explain --principal jane     the latest denial of jane\n"
      "Exit status: 0 something was explained; 1 there is no such denial or request; 2 wrong "
      "usage; 3 no server answers.");
}

void add_console_options(CLI::App& app, ConsoleConfig& config) {
  app.add_flag("--print", config.print, "Print the address, and open no browser");
  add_server(app, config.url, config.admin_token);
}

void add_seed_options(CLI::App& app, SeedConfig& config) {
  app.add_option("FILE", config.source,
                 "The JSON document: a file, an http(s):// URL, or - for stdin")
      ->required();
  add_server(app, config.url, config.admin_token);
  app.footer(
      "Example:\n"
      "  ecr-local seed seed.json\n"
      "All of the document is applied, or nothing.\n"
      "Exit status: 0 applied; 1 the document has a mistake; 2 wrong usage; 3 FILE cannot be read, "
      "or no server answers.");
}

void add_print_options(CLI::App& app, PrintConfig& config) {
  app.add_option("SNIPPET", config.snippet, "What to print (default: the list of snippets)");
  app.add_flag("--list", config.list, "List the snippets");
  app.add_flag("--json", config.json, "Print `configuration` as JSON");
  add_text(app, "--url", config.url, "Address of the server, as its clients see it")
      ->capture_default_str()
      ->check(check_server_url);
  add_text(app, "--account", config.account, "Account (default: that of the server at --url)")
      ->check(check_account);
  add_text(app, "--region", config.region, "Region (default: that of the server at --url)")
      ->check(check_region);
  add_text(app, "--root-access-key", config.access_key, "Access key for the clients")
      ->capture_default_str();
  add_text(app, "--root-secret-key", config.secret_key, "Secret key for the clients")
      ->default_str("test");
  add_text(app, "--registry-host", config.registry_host,
           "Host in repositoryUri (default: that of the server at --url)")
      ->check(check_registry_host);
  app.footer("Example:\n  eval \"$(ecr-local print env)\"");
}

// add_option() without a variable: a demo that starts its own server must not be configured by the
// environment of another.
void add_demo_options(CLI::App& app, DemoConfig& config) {
  app.add_option("--url", config.url,
                 "A running server (default: starts one of its own, in memory)")
      ->check(check_server_url);
  app.add_option("--region", config.region, "Region to use")->default_str(config.region);
  app.add_option("--root-access-key", config.access_key, "Access key of a root user")
      ->default_str(config.access_key);
  app.add_option("--root-secret-key", config.secret_key, "Secret key of that user")
      ->default_str("test");
  app.add_option("--admin-token", config.admin_token, "The server's --admin-token, if it has one");
  app.add_flag("--json", config.json, "Print the steps as one JSON object");
  app.footer("Exit status: 0 every step worked; 1 one did not; 2 wrong usage.");
}

using Words = std::vector<std::string>;

// "--flag" of "--flag=value": one word for the shell, and two for CLI11.
std::string flag_part(const std::string& word) { return word.substr(0, word.find('=')); }

// The first word that is no flag and no value of --config: the command, or what was meant as one.
std::string command_word(const Words& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--config") {
      ++i;
    } else if (!words[i].starts_with('-')) {
      return words[i];
    }
  }
  return "";
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (each->get_name() == name) return each;
  }
  return nullptr;
}

std::string unknown_command(const CLI::App& app, const std::string& given) {
  Words commands;
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(each->get_name());
  }
  return base::format("there is no command {}{}", given, base::did_you_mean(given, commands));
}

const CLI::Option* find_flag(const CLI::App& app, const CLI::App* command,
                             const std::string& flag) {
  const CLI::Option* found = command == nullptr ? nullptr : command->get_option_no_throw(flag);
  return found == nullptr ? app.get_option_no_throw(flag) : found;
}

// "--data-dir --in-memory" would make a directory of the name "--in-memory", and keep what should
// be lost.
std::optional<std::string> missing_value(const CLI::App& app, const CLI::App* command,
                                         const Words& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) continue;
    const CLI::Option* const option = find_flag(app, command, words[i]);
    if (option == nullptr || option->get_expected_min() == 0) continue;
    const std::string form = base::format("{} {}", words[i], value_name(words[i]));
    if (i + 1 == words.size()) return base::format("{} needs a value: {}", words[i], form);
    if (words[i + 1].starts_with("--")) {
      return base::format("{} needs a value: {} ({} is a flag; {}=VALUE takes any text)", words[i],
                          form, words[i + 1], words[i]);
    }
    ++i;
  }
  return std::nullopt;
}

// The first word that the command does not have. Words behind it may be consequences of it, so they
// are not named: "1" of "--lisen 1".
std::string unknown_word(const CLI::App& app, const CLI::App& command, const Words& words) {
  Words flags = flags_of(command);
  flags.emplace_back("--config");
  for (const std::string& word : words) {
    const std::string flag = flag_part(word);
    if (!word.starts_with('-') || word == "-" || find_flag(app, &command, flag) != nullptr)
      continue;
    return base::format("{} has no flag {}{}", command.get_name(), flag,
                        base::did_you_mean(flag, flags));
  }
  return base::format("{} takes no further words: {}", command.get_name(), words.back());
}

// CLI11's sentence, or a better one.
std::string usage_problem(const CLI::App& app, const CLI::ParseError& error, const Words& words) {
  const std::string given = command_word(words);
  const CLI::App* const command = find_command(app, given);
  if (command == nullptr) {
    return given.empty() ? "a command is missing" : unknown_command(app, given);
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return unknown_word(app, *command, words);
  }
  return error.what();
}

// The system says why the file of --config cannot be read; CLI11 does not.
std::string unreadable_config(const CLI::App& app, const CLI::FileError& error) {
  try {
    const auto path = app.get_config_ptr()->as<std::string>();
    read_text_file(path, "--config " + path);
  } catch (const std::exception& reason) {
    return reason.what();
  }
  return base::format("--config: {}", error.what());
}

std::optional<CommandLine> fail_usage(const std::string& command, const std::string& problem,
                                      int& exit_code) {
  std::cerr << "ecr-local: " << problem << "\n'ecr-local help"
            << (command.empty() ? "" : " " + command) << "' says more\n";
  exit_code = kExitUsage;
  return std::nullopt;
}

// A misspelt variable would be ignored without a word. Kubernetes and docker's links make variables
// of the name of a service, ECR_LOCAL_PORT among them: those are nobody's mistake.
Words unknown_variables(const CLI::App& app) {
  constexpr std::string_view kPrefix = "ECR_LOCAL_";
  Words known{"ECR_LOCAL_CONFIG"};
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    for (const CLI::Option* option : each->get_options()) {
      if (!option->get_envname().empty()) known.push_back(option->get_envname());
    }
  }
  Words warnings;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string name = flag_part(*each);
    if (!name.starts_with(kPrefix)) continue;
    const std::string_view rest = std::string_view(name).substr(kPrefix.size());
    const bool of_a_service = rest.starts_with("PORT") || rest.starts_with("SERVICE_") ||
                              rest.starts_with("ENV_") || rest == "NAME";
    if (of_a_service || std::find(known.begin(), known.end(), name) != known.end()) continue;
    warnings.push_back(base::format("the variable {} has no meaning here{}", name,
                                    base::did_you_mean(name, known)));
  }
  return warnings;
}

// Settings that nothing reads because of another one.
Words unread_settings(const ServeConfig& serve, const CLI::App& flags) {
  const auto given = [&flags](const char* flag) { return flags.count(flag) > 0; };
  Words warnings;
  const auto warn = [&warnings](bool unread, const char* text) {
    if (unread) warnings.emplace_back(text);
  };
  // The container image sets the variable for everyone who starts it.
  const char* const data_dir = std::getenv("ECR_LOCAL_DATA_DIR");
  const bool by_image = data_dir != nullptr && serve.data_dir == data_dir;
  warn(serve.in_memory && given("--data-dir") && !by_image,
       "--data-dir is not used: --in-memory saves nothing");
  warn(!serve.tls_auto && given("--tls-name"), "--tls-name is not used without --tls auto");
  warn((given("--tls-cert") || given("--tls-key")) && !given("--tls-listen") && !serve.tls_auto,
       "--tls-cert and --tls-key are not used without --tls-listen");
  warn(given("--imds-role") && !given("--imds-listen"),
       "--imds-role is not used without --imds-listen");
  warn(serve.default_credentials && serve.no_default_credentials,
       "--default-credentials is not used: --no-default-credentials disables them");
  warn(serve.default_credentials && given("--root-access-key"),
       "--default-credentials is not used: --root-access-key replaces them");
  warn(given("--scanner-command") && given("--scan-findings"),
       "--scanner-command is used only for images that --scan-findings does not name");
  return warnings;
}

// Root credentials given by flags replace both defaults: the root key of the default account, and
// the root keys of all other accounts. A key without its secret would leave the other half at its
// public default, so both are required. Test: Config.GivenRootKeysReplaceBothDefaults.
void settle_credentials(ServeConfig& serve, bool key_given, bool secret_given) {
  if (key_given != secret_given) {
    throw CLI::ValidationError("--root-access-key and --root-secret-key go together: give both");
  }
  // --no-default-credentials changes nothing here: the flags have replaced the defaults already.
  if (key_given) {
    serve.settings.account_root_keys = false;
  } else if (serve.no_default_credentials) {
    serve.settings.root_access_key.clear();
    serve.settings.account_root_keys = false;
  }
}

// All commands and flags. Parsing fills `line`, which outlives the tree.
std::unique_ptr<CLI::App> make_command_tree(CommandLine& line) {
  using Command = CommandLine::Command;
  auto app = std::make_unique<CLI::App>(
      "Amazon ECR on your own machine: a registry for docker and AWS clients, with IAM policies "
      "enforced.",
      "ecr-local");
  app->formatter(make_help_format());
  app->footer(
      "'ecr-local help COMMAND' shows its flags.\n"
      "Exit status: 0 success; 1 the answer is no (invalid, denied, damaged, not healthy); 2 wrong "
      "usage or configuration file; 3 it could not be done (a file cannot be read, no server "
      "answers, the port is taken).");
  app->set_help_flag("-h,--help", "Show this help");
  app->set_version_flag("-v,--version", "ecr-local " ECR_LOCAL_VERSION);
  app->require_subcommand(1);
  app->allow_config_extras(CLI::config_extras_mode::error);
  std::string group;
  // The callback runs when CLI11 has found the command, so exactly one of them sets `line.command`.
  const auto command = [&](const char* name, const char* help, Command value) {
    CLI::App* sub = app->add_subcommand(name, help);
    sub->group(group);
    sub->option_defaults()->group("Flags");
    sub->footer("");  // that of the program is about all commands
    sub->callback([&line, value] { line.command = value; });
    return sub;
  };
  group = "Server";
  CLI::App* serve = command("serve", "Run the server", Command::kServe);
  // CLI11 2.1 reads the file before it looks at ECR_LOCAL_CONFIG, so the variable is read here.
  const char* variable = std::getenv("ECR_LOCAL_CONFIG");
  const std::string file = variable == nullptr ? "" : variable;
  app->config_formatter(make_config_reader(*serve));
  // A file that the variable names has to exist, as one that --config names.
  app->set_config("--config", file, "JSON file with flags as keys: {\"in-memory\": true}",
                  !file.empty())
      ->envname("ECR_LOCAL_CONFIG")
      ->group("Configuration file");
  // `ecr-local serve --config FILE`: the option belongs to the program, and is accepted behind
  // serve.
  serve->fallthrough();
  add_serve_flags(*serve, line.serve);
  serve->footer(
      "Each flag is also an environment variable (--data-dir: ECR_LOCAL_DATA_DIR) and a key of the "
      "--config file. A flag wins over a variable, and a variable over the file. SECONDS are whole "
      "numbers; a DURATION is 30s, 10m or 24h.");
  add_seed_options(*command("seed", "Load users, policies and repositories into a running server",
                            Command::kSeed),
                   line.seed);
  add_explain_options(*command("explain", "Say why a running server allowed or denied a request",
                               Command::kExplain),
                      line.explain_request);
  add_console_options(
      *command("console", "Open the web console of a running server", Command::kConsole),
      line.console);
  CLI::App* health =
      command("healthcheck", "Succeed if a server is healthy", Command::kHealthcheck);
  health->add_option("--url", line.health_url, "Address of the server")
      ->default_val("http://127.0.0.1:4599")
      ->envname("ECR_LOCAL_HEALTHCHECK_URL");
  health->add_flag("--json", line.json, "Print what the server answers, as JSON");
  health->footer("Exit status: 0 healthy; 1 not healthy, or no server answers.");
  add_demo_options(
      *command("demo", "Try it out in a second: sign, push, pull, be denied", Command::kDemo),
      line.demo);
  CLI::App* check = command("check", "Verify all data in the data directory of a stopped server",
                            Command::kCheck);
  add_data_dir(*check, line.serve)->group("Flags");
  check->add_flag("--repair", line.repair,
                  "Move damaged data to DIR/quarantine; push it again to restore it");
  check->add_flag("--progress", line.serve.progress,
                  "Show progress even when stderr is not a terminal");
  check->add_flag("--json", line.json, "Print the result as one JSON object");
  check->footer(
      "Exit status: 0 all data is good; 1 damage was found; 2 wrong usage; 3 the directory cannot "
      "be used, for example because a server runs on it.");
  group = "Policies and signatures";
  add_policy_commands(command, line);
  group = "Setup";
  add_print_options(
      *command("print", "Print configuration for docker, AWS clients, CI and clusters",
               Command::kPrint),
      line.print);
  CLI::App* ca = command("ca", "Print the certificate authority of --tls auto; make it if needed",
                         Command::kCa);
  add_data_dir(*ca, line.serve);
  ca->footer(
      "Example:\n"
      "  ecr-local ca > ca.pem\n"
      "  AWS_CA_BUNDLE=ca.pem aws --endpoint-url https://localhost:4600 ...\n"
      "A server with another data directory has another authority: curl "
      "http://localhost:4599/_ecr-local/ca prints the one of a running server.");
  CLI::App* completion =
      command("completion", "Print a completion script for your shell", Command::kCompletion);
  completion->add_option("SHELL", line.shell, "bash, zsh or fish")->required();
  completion->footer(
      "Example:\n  ecr-local completion bash > ecr-local.bash\n  . ./ecr-local.bash");
  group = "Help";
  command("help", "Show the help of a command", Command::kHelp)
      ->add_option("COMMAND", line.help_of, "The command (default: list all)");
  command("version", "Print the version (also --version)", Command::kVersion);
  return app;
}

// App::help() is that of the command that was parsed, which may be "help".
std::string help_text(const CLI::App& app) {
  return app.get_formatter()->make_help(&app, "", CLI::AppFormatMode::Normal);
}

// A flag with a minimum of 0 expected values is a switch.
FlagInfo flag_info(const CLI::Option& option) {
  return {"--" + option.get_lnames().front(), option.get_envname(),
          option.get_default_str(),           option.get_description(),
          option.get_expected_min() > 0,      option.get_group()};
}

}  // namespace

// Reads the same tree that parses the command line, so help, completion and table cannot disagree
// with the program.
std::vector<CommandInfo> list_commands() {
  CommandLine line;
  const auto app = make_command_tree(line);
  std::vector<CommandInfo> list;
  for (const CLI::App* sub : app->get_subcommands([](CLI::App*) { return true; })) {
    CommandInfo command{sub->get_name(), sub->get_description(), {}, {}};
    for (const CLI::Option* option : sub->get_options()) {
      if (option->get_positional() && command.argument.empty()) {
        command.argument = option->get_name(true);
      }
      if (!option->get_lnames().empty()) command.flags.push_back(flag_info(*option));
    }
    // --config belongs to the program in CLI11, but only serve reads the file.
    if (command.name == "serve") command.flags.push_back(flag_info(*app->get_config_ptr()));
    list.push_back(std::move(command));
  }
  return list;
}

std::optional<CommandLine> parse_command_line(int argc, const char* const* argv, int& exit_code) {
  CommandLine line;
  const auto app = make_command_tree(line);
  const Words words(argv + std::min(argc, 1), argv + argc);
  const std::string name = command_word(words);
  const CLI::App* const command = find_command(*app, name);
  const std::string known = command == nullptr ? "" : name;
  if (words.empty()) {
    std::cout << help_text(*app);
    exit_code = kExitSuccess;
    return std::nullopt;
  }
  if (const auto problem = missing_value(*app, command, words)) {
    return fail_usage(known, *problem, exit_code);
  }
  const CLI::App* const serve = app->get_subcommand("serve");
  try {
    app->parse(argc, argv);
    // count() also sees values that came from the environment or the file.
    settle_credentials(line.serve, serve->count("--root-access-key") > 0,
                       serve->count("--root-secret-key") > 0);
  } catch (const CLI::FileError& error) {
    return fail_usage(known, unreadable_config(*app, error), exit_code);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      return fail_usage(known, usage_problem(*app, error, words), exit_code);
    }
    // --help and --version end here as well: CLI11 treats them as errors with exit status 0.
    exit_code = app->exit(error);
    return std::nullopt;
  }
  if (line.command == CommandLine::Command::kHelp) {
    const CLI::App* const of = line.help_of.empty() ? app.get() : find_command(*app, line.help_of);
    if (of == nullptr) return fail_usage("", unknown_command(*app, line.help_of), exit_code);
    std::cout << help_text(*of);
    exit_code = kExitSuccess;
    return std::nullopt;
  }
  line.serve.settings.version = ECR_LOCAL_VERSION;
  if (line.command == CommandLine::Command::kServe) {
    line.serve.warnings = unread_settings(line.serve, *serve);
  }
  // A shell evaluates what completion prints at each of its starts.
  if (line.command != CommandLine::Command::kCompletion &&
      line.command != CommandLine::Command::kVersion) {
    for (std::string& each : unknown_variables(*app))
      line.serve.warnings.push_back(std::move(each));
  }
  return line;
}

}  // namespace ecr::server
