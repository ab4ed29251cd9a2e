// The only file that includes CLI11, which takes longer to compile than everything else here.
#include "server/cli/command_line.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "schemas/base/duration.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/flag_values.h"

namespace ecr::server {
namespace {

// ECR_LOCAL_TLS_LISTEN for --tls-listen. One rule for every flag, so that the table of
// docs/configuration.md needs no exceptions (ConfigurationTable.HasARowForEveryFlagOfServe).
std::string variable_of(const std::string& flag) {
  std::string name = "ECR_LOCAL_" + flag.substr(2);
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

// The long names of a command's flags, with their dashes.
std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty()) flags.push_back("--" + option->get_lnames().front());
  }
  return flags;
}

// CLI11 takes texts and checks them itself, so numbers and booleans go back into text. Objects and
// null have no meaning for a flag.
std::string value_text(const nlohmann::json& value, const std::string& key) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  throw CLI::ConversionError("--config: " + key +
                             " must be a string, a number, true or false, or a list of those");
}

// Reads the JSON file of --config: a flat object of serve's flags, as {"listen":
// ["127.0.0.1:4599"], "in-memory": true}. `serve` outlives the reader.
class ConfigFile : public CLI::Config {
 public:
  explicit ConfigFile(const CLI::App& serve) : serve_(serve) {}

  // Writing a configuration is part of CLI11's interface; no command here does it.
  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return {}; }

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    const std::string text(std::istreambuf_iterator<char>(input), {});
    const auto json = base::parse_json(text);
    if (!json || !json->is_object()) {
      throw CLI::ParseError("--config: the file must hold one JSON object",
                            CLI::ExitCodes::FileError);
    }
    std::vector<CLI::ConfigItem> list;
    for (const auto& [key, value] : json->items()) {
      // An unknown key is an error: a misspelt flag must not be ignored because it stands in a
      // file.
      if (serve_.get_option_no_throw("--" + key) == nullptr) {
        throw CLI::ParseError("--config: there is no flag --" + key +
                                  base::did_you_mean("--" + key, flags_of(serve_)),
                              CLI::ExitCodes::ConfigError);
      }
      // CLI11 lets the file win over the environment. Here the environment wins, as containers set
      // it (tests/server/cli/command_line_test.cpp, FlagBeatsEnvironmentBeatsFile).
      if (std::getenv(variable_of("--" + key).c_str()) != nullptr) continue;
      CLI::ConfigItem item;
      // CLI11 files flags under the subcommand that they belong to.
      item.parents = {"serve"};
      item.name = key;
      // A list is a flag given several times.
      if (value.is_array()) {
        for (const auto& element : value) item.inputs.push_back(value_text(element, key));
      } else {
        item.inputs.push_back(value_text(value, key));
      }
      list.push_back(std::move(item));
    }
    return list;
  }

 private:
  const CLI::App& serve_;
};

// Every flag also has an environment variable.
template <typename T>
CLI::Option* add(CLI::App& app, const std::string& flag, T& target, const std::string& help) {
  // One place for this, so that no flag is without its variable.
  return app.add_option(flag, target, help)->envname(variable_of(flag));
}

CLI::Option* add_flag(CLI::App& app, const std::string& flag, bool& target,
                      const std::string& help) {
  return app.add_flag(flag, target, help)->envname(variable_of(flag));
}

// A day at most: a timeout above that is a typing error, and std::chrono cannot overflow below it.
void add_seconds(CLI::App& app, const std::string& flag, std::chrono::seconds& target,
                 const std::string& help) {
  app.add_option_function<std::int64_t>(
         flag, [&target](std::int64_t given) { target = std::chrono::seconds(given); }, help)
      ->envname(variable_of(flag))
      ->check(CLI::Range(1, 86'400))
      ->default_str(std::to_string(target.count()));
}

// "24h", "100ms".
CLI::Option* add_duration(CLI::App& app, const std::string& flag, std::chrono::milliseconds& target,
                          const std::string& default_text, const std::string& help) {
  const auto read = [&target, flag](const std::string& text) {
    const auto duration = base::parse_duration(text);
    if (!duration) throw CLI::ValidationError(flag, text + " is not a duration, as 1h or 30s");
    target = *duration;
  };
  return app.add_option_function<std::string>(flag, read, help)
      ->default_str(default_text)
      ->envname(variable_of(flag));
}

// The XDG Base Directory Specification: XDG_DATA_HOME, or .local/share in the home directory where
// it is not set or empty. Without a home directory (a container, a service) /var/lib stands in for
// it.
std::string default_data_dir() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0') {
    return std::string(data) + "/ecr-local";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr && *home != '\0' ? home : "/var/lib") +
         "/.local/share/ecr-local";
}

void add_data_dir(CLI::App& app, ServeConfig& serve) {
  // Resolved here and not where it is used, so that every command with the flag has the same
  // default.
  serve.data_dir = default_data_dir();
  add(app, "--data-dir", serve.data_dir, "Directory that keeps everything; one process at a time")
      // The help and the documentation made of it must not depend on the home directory of one
      // user.
      ->default_str("$XDG_DATA_HOME/ecr-local, or ~/.local/share/ecr-local");
}

// These commands ask a server, and have the port of `serve` as their default.
void add_explain_options(CLI::App& app, ExplainConfig& config) {
  app.add_option("request-id", config.request_id,
                 "x-amzn-RequestId of the answer (default: of the last denial)");
  add(app, "--url", config.url, "Address of the server")->default_val("http://127.0.0.1:4599");
  add(app, "--admin-token", config.admin_token, "The server's --admin-token, where it has one");
}

// Each flag's text is help, table row and completion at once. The values' names are in
// flag_values.cpp, and the order here is the order of the help.
void add_serve_options(CLI::App& app, ServeConfig& serve) {
  // The keys are what users write. They are compared without case, because "Enforce" cannot mean
  // anything else.
  static const std::map<std::string, LogFormat> kFormats{
      {"off", LogFormat::kOff}, {"text", LogFormat::kText}, {"json", LogFormat::kJson}};
  static const std::map<std::string, api::Enforcement> kModes{
      {"enforce", api::Enforcement::kEnforce},
      {"soft", api::Enforcement::kSoft},
      {"off", api::Enforcement::kOff}};
  api::Settings& settings = serve.settings;
  add_data_dir(app, serve);
  add_flag(app, "--in-memory", serve.in_memory, "Keep nothing when the process ends");
  add(app, "--listen", serve.listen,
      "HOST:PORT to listen on, repeatable; port 0 picks one; one port speaks every protocol")
      ->delimiter(',')
      ->default_str("127.0.0.1:4599, [::1]:4599");
  add(app, "--tls-listen", serve.tls_listen, "HOST:PORT to listen on with TLS, repeatable")
      ->delimiter(',');
  app.add_option_function<std::string>(
         "--tls", [&serve](const std::string& mode) { serve.tls_auto = mode == "auto"; },
         "auto: TLS with certificates of an authority of its own (ecr-local ca), on "
         "127.0.0.1:4600 and [::1]:4600 unless --tls-listen says where")
      ->envname(variable_of("--tls"))
      ->check(CLI::IsMember({"auto", "off"}))
      ->default_str("off");
  add(app, "--tls-name", settings.tls_names,
      "Further name or address in the certificates of --tls auto, repeatable")
      ->delimiter(',')
      ->check(check_tls_name);
  add(app, "--tls-cert", serve.tls_certificate, "PEM file: certificate chain for --tls-listen");
  add(app, "--tls-key", serve.tls_key, "PEM file: private key for --tls-listen");
  add(app, "--account", settings.account, "Default account")
      ->capture_default_str()
      ->check(check_account);
  add(app, "--region", settings.region, "Default region")
      ->capture_default_str()
      ->check(check_region);
  add(app, "--root-access-key", settings.root_access_key,
      "Access key of the default account's root user")
      ->capture_default_str();
  add(app, "--root-secret-key", settings.root_secret_key,
      "Secret key of the default account's root user")
      // Not capture_default_str(): a secret that was given would show in the help.
      ->default_str("test");
  add_flag(app, "--default-credentials", serve.default_credentials,
           "Keep the default credentials although a listener is not on loopback");
  add_flag(app, "--no-default-credentials", serve.no_default_credentials,
           "Do without the default credentials");
  add(app, "--registry-host", settings.registry_host,
      "Host of repositoryUri, with {account}, {region} and {port} (default: as the caller used)")
      ->check(check_registry_host);
  add(app, "--seed", serve.seed, "JSON file of accounts, users, policies and repositories");
  add_flag(app, "--progress", serve.progress,
           "Say how long the seed takes, also where standard error is no terminal");
  add(app, "--events-webhook", serve.events_webhook,
      "http:// URL to which each event is posted as JSON, in order and at least once");
  add(app, "--event-log-size", serve.event_log_size,
      "How many events, and how many records of calls, are kept")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  add_duration(app, "--gc-grace", settings.gc_grace, "24h",
               "How long nobody must have needed what garbage collection takes");
  add_duration(app, "--gc-interval", settings.gc_interval, "1h",
               "How often garbage is collected; 0s: only when asked");
  add(app, "--oidc-keys", serve.oidc_keys,
      "ISSUER=FILE: keys (JWKS) of an identity provider, instead of asking it; repeatable")
      ->delimiter(',')
      ->check(check_oidc_keys);
  add(app, "--oidc-ca", serve.oidc_ca,
      "PEM file: authorities trusted when keys are fetched, besides the system's");
  add(app, "--oidc-private", serve.oidc_private,
      "https:// URL of an identity provider that may be on this machine or a private network; "
      "repeatable")
      ->delimiter(',')
      ->check(check_https_url);
  add(app, "--upstream", serve.upstreams,
      "HOST=URL: images of the upstream registry HOST are fetched from that URL; repeatable")
      ->delimiter(',')
      ->check(check_upstream);
  add(app, "--upstream-secrets", serve.upstream_secrets,
      "JSON file: credentials of upstream registries by secret name, ARN or host");
  add(app, "--upstream-ca", serve.upstream_ca,
      "PEM file: authorities trusted for upstream registries, besides the system's");
  add_seconds(app, "--upstream-timeout", serve.upstream_timeout,
              "Seconds without progress of an upstream registry");
  add(app, "--iam", settings.enforcement,
      "soft allows, and logs what it would have denied; signatures are verified in all three")
      ->transform(CLI::CheckedTransformer(kModes, CLI::ignore_case))
      ->default_str("enforce");
  add_flag(app, "--strict-ecr", settings.strict_ecr,
           "On /v2/, do as ECR does where the OCI specification says otherwise");
  add(app, "--scan-findings", settings.scan_findings,
      "JSON file, or directory of them, with what image scans find");
  add(app, "--scanner-command", settings.scanner_command,
      "Shell command that scans the OCI layout $IMAGE_LAYOUT and prints Trivy's JSON");
  add(app, "--admin-token", settings.admin_token,
      "Bearer token of /_ecr-local/ (default: clients on this machine need none)");
  add(app, "--admin-host", settings.admin_hosts, "Further host name for /_ecr-local/, repeatable")
      ->delimiter(',');
  add(app, "--trusted-proxy", settings.trusted_proxies,
      "Address or CIDR block whose X-Forwarded-For is believed, repeatable")
      ->delimiter(',')
      ->check(check_proxy);
  add_seconds(app, "--header-timeout", serve.timeouts.header,
              "Seconds from the first byte of a request to the end of its header");
  add_seconds(app, "--idle-timeout", serve.timeouts.idle, "Seconds between requests");
  add_seconds(app, "--progress-timeout", serve.timeouts.progress,
              "Seconds without progress of a body, in either direction");
  add_seconds(app, "--stop-timeout", serve.stop_timeout,
              "Seconds that what runs has to finish when the server is stopped");
  add(app, "--workers", serve.workers, "Threads that requests run on")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  add(app, "--access-log", serve.access_log, "One line a request, on standard error")
      ->transform(CLI::CheckedTransformer(kFormats, CLI::ignore_case))
      ->default_str("text");
}

void add_print_options(CLI::App& app, PrintConfig& config) {
  app.add_option("snippet", config.snippet, "What to print (default: the list of what there is)");
  app.add_flag("--list", config.list, "List what there is");
  add(app, "--url", config.url, "Address of the server, as its clients see it")
      ->capture_default_str();
  add(app, "--account", config.account, "Default account (default: of the server at --url)")
      ->check(check_account);
  add(app, "--region", config.region, "Region (default: of the server at --url)")
      ->check(check_region);
  add(app, "--root-access-key", config.access_key, "Access key for the clients")
      ->capture_default_str();
  add(app, "--root-secret-key", config.secret_key, "Its secret key")->default_str("test");
  add(app, "--registry-host", config.registry_host,
      "Host of repositories' URIs (default: of the server at --url)")
      ->check(check_registry_host);
}

// add_option() without a variable: a demo that starts its own server must not be configured by the
// environment of another.
void add_demo_options(CLI::App& app, DemoConfig& config) {
  app.add_option("--url", config.url, "A running server (default: one of its own, in memory)");
  app.add_option("--region", config.region, "Region to ask for")->default_str(config.region);
  app.add_option("--root-access-key", config.access_key, "Access key of a root user")
      ->default_str(config.access_key);
  app.add_option("--root-secret-key", config.secret_key, "Its secret key")->default_str("test");
  app.add_option("--admin-token", config.admin_token, "The server's --admin-token, if it has one");
}

// In the help, "--iam enforce|soft|off=enforce (ECR_LOCAL_IAM)" instead of what CLI11 makes of it.
void name_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty()) continue;
    // A flag that is not in the list of value names takes no value.
    std::string text(value_name("--" + option->get_lnames().front()));
    if (text.empty()) continue;
    if (!option->get_default_str().empty()) text += "=" + option->get_default_str();
    if (!option->get_envname().empty()) text += " (" + option->get_envname() + ")";
    option->option_text(text);
  }
}

// After a typing error: prints the command or flag that may have been meant, below CLI11's message.
// Only the first unknown word is answered: the ones behind it may be consequences of it.
void suggest(const CLI::App& app, int argc, const char* const* argv) {
  const std::string given = argc > 1 ? argv[1] : "";
  std::vector<std::string> commands;
  const CLI::App* sub = nullptr;
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(each->get_name());
    if (each->get_name() == given) sub = each;
  }
  if (sub == nullptr) {
    const std::string command = base::nearest_word(given, commands);
    if (!command.empty()) std::cerr << "Did you mean ecr-local " << command << "?\n";
    return;
  }
  std::vector<std::string> flags = flags_of(*sub);
  flags.push_back("--config");
  for (int i = 2; i < argc; ++i) {
    // "--flag=value" is one word for the shell and two for CLI11.
    const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
    if (!word.starts_with("--")) continue;
    if (std::find(flags.begin(), flags.end(), word) != flags.end()) continue;
    const std::string flag = base::nearest_word(word, flags);
    if (!flag.empty()) std::cerr << "Did you mean " << flag << " for " << word << "?\n";
    return;
  }
}

// Root credentials given by flags replace both defaults: the root key of the default account, and
// the root keys of all other accounts. A key without its secret would leave the other half at its
// public default, so both are required. Test: Config.GivenRootKeysReplaceBothDefaults.
void settle_credentials(ServeConfig& serve, bool key_given, bool secret_given) {
  if (key_given != secret_given) {
    throw CLI::ValidationError("--root-access-key and --root-secret-key go together");
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
      "Amazon ECR on this machine, with the IAM and STS that decide who may do what.", "ecr-local");
  app->require_subcommand(1);
  app->allow_config_extras(CLI::config_extras_mode::error);
  // The callback runs when CLI11 has found the command, so exactly one of them sets `line.command`.
  const auto command = [&](const char* name, const char* help, Command value) {
    CLI::App* sub = app->add_subcommand(name, help);
    sub->callback([&line, value] { line.command = value; });
    return sub;
  };
  CLI::App* serve = command("serve", "Run the server", Command::kServe);
  // CLI11 2.1 reads the file before it looks at ECR_LOCAL_CONFIG, so the variable is read here.
  const char* variable = std::getenv("ECR_LOCAL_CONFIG");
  const std::string file = variable == nullptr ? "" : variable;
  app->config_formatter(std::make_shared<ConfigFile>(*serve));
  // A file that the variable names has to exist, as one that --config names.
  app->set_config("--config", file, "JSON file with any flag of serve as a key", !file.empty())
      ->envname("ECR_LOCAL_CONFIG");
  // `ecr-local serve --config FILE`: the option belongs to the program, and is accepted behind
  // serve.
  serve->fallthrough();
  add_serve_options(*serve, line.serve);
  CLI::App* check =
      command("check", "Verify every digest and row of a data directory", Command::kCheck);
  add_data_dir(*check, line.serve);
  check->add_flag("--progress", line.serve.progress,
                  "Say how far it is, also where standard error is no terminal");
  check->add_flag("--repair", line.repair, "Move what is broken aside, to <data-dir>/quarantine");
  CLI::App* evaluate =
      command("evaluate", "Authorization decisions, one JSON object a line", Command::kEvaluate);
  evaluate->add_flag("--explain", line.explain, "Add the trace");
  command("verify-sigv4", "Check signatures, one JSON object a line", Command::kVerifySigV4);
  CLI::App* validate = command("validate-policy", "Print every problem of a policy document",
                               Command::kValidatePolicy);
  validate->add_option("file", line.policy_file, "The document; - for standard input")->required();
  validate
      ->add_option("--type", line.policy_type,
                   "identity, repository, registry, trust, session, scp or rcp")
      ->default_val("identity");
  CLI::App* explain =
      command("explain", "Why a running server allowed or denied a request", Command::kExplain);
  add_explain_options(*explain, line.explain_request);
  CLI::App* health = command("healthcheck", "Exit 0 if a server answers", Command::kHealthcheck);
  health->add_option("--url", line.health_url, "Address of the server")
      ->default_val("http://127.0.0.1:4599")
      ->envname("ECR_LOCAL_HEALTHCHECK_URL");
  add_print_options(
      *command("print", "Print configuration for the tools around the server", Command::kPrint),
      line.print);
  add_demo_options(
      *command("demo", "Show that it works: sign, push, pull, be denied", Command::kDemo),
      line.demo);
  add_data_dir(*command("ca", "Print the certificate authority of --tls auto", Command::kCa),
               line.serve);
  command("completion", "Print a shell's completion script", Command::kCompletion)
      ->add_option("shell", line.shell, "bash, zsh or fish")
      ->required();
  command("version", "Print the version", Command::kVersion);
  for (CLI::App* sub : app->get_subcommands([](CLI::App*) { return true; })) name_values(*sub);
  return app;
}

// A flag with a minimum of 0 expected values is a switch.
FlagInfo flag_info(const CLI::Option& option) {
  return {"--" + option.get_lnames().front(), option.get_envname(), option.get_default_str(),
          option.get_description(), option.get_expected_min() > 0};
}

}  // namespace

// Reads the same tree that parses the command line, so help, completion and table cannot disagree
// with the program.
std::vector<CommandInfo> list_commands() {
  CommandLine line;
  const auto app = make_command_tree(line);
  std::vector<CommandInfo> list;
  for (const CLI::App* sub : app->get_subcommands([](CLI::App*) { return true; })) {
    CommandInfo command{sub->get_name(), sub->get_description(), {}};
    for (const CLI::Option* option : sub->get_options()) {
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
  const CLI::App* serve = app->get_subcommand("serve");
  try {
    app->parse(argc, argv);
    // count() also sees values that came from the environment or the file.
    settle_credentials(line.serve, serve->count("--root-access-key") > 0,
                       serve->count("--root-secret-key") > 0);
  } catch (const CLI::FileError& error) {
    std::cerr << "--config: " << error.what() << '\n';
    exit_code = error.get_exit_code();
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    // --help ends here as well: CLI11 treats it as an error with exit status 0.
    exit_code = app->exit(error);
    if (exit_code != 0) suggest(*app, argc, argv);
    return std::nullopt;
  }
  line.serve.settings.version = ECR_LOCAL_VERSION;
  return line;
}

}  // namespace ecr::server
