#include "server/cli/serve_flags.h"

#include <cctype>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <map>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "api/admin/oidc/provider_claims.h"
#include "schemas/base/duration.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/flag_values.h"

namespace ecr::server {
namespace {

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
    if (!json) {
      throw CLI::ParseError(
          base::format("--config: line {}: {}", json.error().line, json.error().detail),
          CLI::ExitCodes::ConfigError);
    }
    if (!json->is_object()) {
      throw CLI::ParseError("--config: the file must hold one JSON object",
                            CLI::ExitCodes::ConfigError);
    }
    std::vector<CLI::ConfigItem> list;
    for (const auto& [key, value] : json->items()) {
      // An unknown key is an error: a misspelt flag must not be ignored because it stands in a
      // file.
      if (serve_.get_option_no_throw("--" + key) == nullptr) {
        throw CLI::ParseError("--config: unknown key " + key + base::did_you_mean(key, keys()),
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
  // The names of the flags, without their dashes.
  std::vector<std::string> keys() const {
    std::vector<std::string> names = flags_of(serve_);
    for (std::string& name : names) name.erase(0, 2);
    return names;
  }

  const CLI::App& serve_;
};

// A day at most: a timeout above that is a typing error, and std::chrono cannot overflow below it.
void add_seconds(CLI::App& app, const std::string& flag, std::chrono::seconds& target,
                 const std::string& help) {
  add_number(
      app, flag, 1, 86'400, [&target](std::int64_t given) { target = std::chrono::seconds(given); },
      std::to_string(target.count()), help);
}

// "24h", "100ms".
void add_duration(CLI::App& app, const std::string& flag, std::chrono::milliseconds& target,
                  const std::string& default_text, const std::string& help) {
  const auto read = [&target, flag](const std::string& text) {
    const auto duration = base::parse_duration(text);
    if (!duration) {
      throw CLI::ValidationError(
          flag, base::format("must be a duration, as 1h or 30s, not \"{}\"", text));
    }
    target = *duration;
  };
  app.add_option_function<std::string>(flag, read, help)
      ->default_str(default_text)
      ->envname(variable_of(flag));
}

// What is added from here on stands under this heading of the help.
void begin_group(CLI::App& app, const std::string& name) { app.option_defaults()->group(name); }

void add_storage_flags(CLI::App& app, ServeConfig& serve) {
  begin_group(app, "Storage");
  add_data_dir(app, serve);
  add_switch(app, "--in-memory", serve.in_memory, "Save nothing: all data ends with the server");
  add_text(app, "--seed", serve.seed,
           "Load users, policies and repositories from this JSON file at every start");
}

void add_network_flags(CLI::App& app, ServeConfig& serve) {
  begin_group(app, "Network");
  api::Settings& settings = serve.settings;
  add_list(app, "--listen", serve.listen,
           "Listen on this address, or on this port of this machine; repeatable; port 0 picks a "
           "free one")
      ->default_str("127.0.0.1:4599, [::1]:4599");
  add_text(app, "--registry-host", settings.registry_host,
           "Host in repositoryUri, with {account}, {region} and {port} (default: the host that the "
           "client used)")
      ->check(check_registry_host);
  add_list(app, "--trusted-proxy", settings.trusted_proxies,
           "Trust X-Forwarded-* headers from this address or CIDR block; repeatable")
      ->check(check_proxy);
}

void add_tls_flags(CLI::App& app, ServeConfig& serve) {
  begin_group(app, "TLS");
  add_choice(
      app, "--tls", [&serve](const std::string& mode) { serve.tls_auto = mode == "auto"; }, "off",
      "auto: HTTPS with certificates of its own authority (ecr-local ca), on port 4600 unless "
      "--tls-listen says where");
  add_list(app, "--tls-listen", serve.tls_listen, "Listen on this address with HTTPS; repeatable");
  add_list(app, "--tls-name", serve.settings.tls_names,
           "Another host name or address for the certificates of --tls auto; repeatable")
      ->check(check_tls_name);
  add_text(app, "--tls-cert", serve.tls_certificate, "Certificate chain for --tls-listen (PEM)");
  add_text(app, "--tls-key", serve.tls_key, "Private key for --tls-listen (PEM)");
}

// The names and URLs of --oidc-test-issuer as URLs.
void take_test_issuers(const std::vector<std::string>& given, std::vector<std::string>& issuers) {
  issuers.clear();
  for (const std::string& text : given) {
    std::string issuer = api::admin::usual_issuer(text);
    if (issuer.empty()) issuer = text;
    if (issuer.ends_with('/')) issuer.pop_back();
    issuers.push_back(std::move(issuer));
  }
}

void add_identity_flags(CLI::App& app, ServeConfig& serve) {
  // The keys are those of the help.
  static const std::map<std::string, api::Enforcement> kModes{
      {"enforce", api::Enforcement::kEnforce},
      {"soft", api::Enforcement::kSoft},
      {"off", api::Enforcement::kOff}};
  begin_group(app, "Credentials and IAM");
  api::Settings& settings = serve.settings;
  add_text(app, "--account", settings.account, "Default account")
      ->capture_default_str()
      ->check(check_account);
  add_text(app, "--region", settings.region, "Default region")
      ->capture_default_str()
      ->check(check_region);
  add_text(app, "--root-access-key", settings.root_access_key,
           "Access key of the default account's root user")
      ->capture_default_str();
  add_text(app, "--root-secret-key", settings.root_secret_key, "Secret key of that root user")
      // Not capture_default_str(): a secret that was given would show in the help.
      ->default_str("test");
  add_switch(app, "--default-credentials", serve.default_credentials,
             "Allow the keys test/test on addresses that other machines reach");
  add_switch(app, "--no-default-credentials", serve.no_default_credentials,
             "Disable the keys test/test everywhere");
  add_choice(
      app, "--iam",
      [&settings](const std::string& mode) { settings.enforcement = kModes.at(mode); }, "enforce",
      "soft: allow everything, and log what would be denied; off: check signatures only");
  add_text(app, "--endpoint-policy", settings.endpoint_policy_file,
           "Policy (JSON) of a VPC endpoint that all requests come by");
  add_list(app, "--oidc-keys", serve.oidc_keys,
           "Verify tokens of this OIDC issuer with the keys (JWKS) in FILE; repeatable")
      ->check(check_oidc_keys);
  add_text(app, "--oidc-ca", serve.oidc_ca,
           "Also trust these authorities when fetching OIDC keys (PEM)");
  add_list(app, "--oidc-private", serve.oidc_private,
           "Allow this OIDC issuer on this machine or on a private network; repeatable")
      ->check(check_https_url);
  app.add_option_function<std::vector<std::string>>(
         "--oidc-test-issuer",
         [&settings](const std::vector<std::string>& given) {
           take_test_issuers(given, settings.oidc_test_issuers);
         },
         "For tests: sign this OIDC issuer's tokens here (ecr-local oidc-token), and take no "
         "others; a provider's name or a URL; repeatable")
      ->envname(variable_of("--oidc-test-issuer"))
      ->delimiter(',')
      ->check(check_test_issuer);
}

void add_role_flags(CLI::App& app, ServeConfig& serve) {
  begin_group(app, "Credentials of roles, as containers and instances get them");
  add_text(app, "--credentials-token", serve.credentials_token,
           "Give containers the credentials of roles: those that send the token in FILE, which is "
           "made if there is none");
  add_list(app, "--imds-listen", serve.imds_listen,
           "Listen here with an instance metadata service (version 2); repeatable");
  add_text(app, "--imds-role", serve.imds_role, "Role of the instance: a name or an ARN")
      ->check(check_role);
}

void add_administration_flags(CLI::App& app, ServeConfig& serve) {
  begin_group(app, "Administration (seed, reset, decisions, ...)");
  add_text(app, "--admin-token", serve.settings.admin_token,
           "Require this bearer token for /_ecr-local/ (default: only this machine has access)");
  add_list(app, "--admin-host", serve.settings.admin_hosts,
           "Another host name that /_ecr-local/ answers to; repeatable");
}

void add_registry_flags(CLI::App& app, ServeConfig& serve) {
  begin_group(app, "Registry");
  add_switch(app, "--strict-ecr", serve.settings.strict_ecr,
             "Follow ECR where it breaks the OCI specification");
  add_list(app, "--upstream", serve.upstreams,
           "Fetch images of the upstream registry HOST from URL; repeatable")
      ->check(check_upstream);
  add_text(app, "--upstream-secrets", serve.upstream_secrets,
           "Credentials for upstream registries, by secret name, ARN or host (JSON)");
  add_text(app, "--upstream-ca", serve.upstream_ca,
           "Also trust these authorities for upstream registries (PEM)");
  add_seconds(app, "--upstream-timeout", serve.upstream_timeout,
              "Give up on an upstream registry that is silent for this long");
}

void add_background_flags(CLI::App& app, ServeConfig& serve) {
  begin_group(app, "Background work");
  api::Settings& settings = serve.settings;
  add_text(app, "--scan-findings", settings.scan_findings,
           "What image scans find: a JSON file, or a directory of them");
  add_text(app, "--scanner-command", settings.scanner_command,
           "Shell command that scans $IMAGE_LAYOUT and prints Trivy's JSON");
  add_duration(app, "--gc-grace", settings.gc_grace, "24h",
               "Delete unreferenced layers that were unused for this long");
  add_duration(app, "--gc-interval", settings.gc_interval, "1h",
               "Time between garbage collections; 0s: only when asked");
  add_text(app, "--events-webhook", serve.events_webhook,
           "POST each event as JSON to this http:// URL");
  add_number(
      app, "--event-log-size", 1, 10'000'000,
      [&serve](std::int64_t given) { serve.event_log_size = given; },
      std::to_string(serve.event_log_size), "Number of events, and of API call records, to keep");
}

void add_limit_flags(CLI::App& app, ServeConfig& serve) {
  begin_group(app, "Limits");
  add_seconds(app, "--header-timeout", serve.timeouts.header,
              "Time to send the header of a request");
  add_seconds(app, "--idle-timeout", serve.timeouts.idle,
              "Close connections that are idle for this long");
  add_seconds(app, "--progress-timeout", serve.timeouts.progress,
              "Close connections whose transfer has stalled for this long");
  add_seconds(app, "--stop-timeout", serve.stop_timeout,
              "Time that running requests get when the server stops");
  add_number(
      app, "--workers", 1, 256,
      [&serve](std::int64_t given) { serve.workers = static_cast<std::size_t>(given); },
      std::to_string(serve.workers), "Number of threads that run requests");
}

void add_logging_flags(CLI::App& app, ServeConfig& serve) {
  static const std::map<std::string, LogFormat> kFormats{
      {"off", LogFormat::kOff}, {"text", LogFormat::kText}, {"json", LogFormat::kJson}};
  begin_group(app, "Logging (to standard error)");
  add_choice(
      app, "--access-log",
      [&serve](const std::string& format) { serve.access_log = kFormats.at(format); }, "text",
      "Format of the access log; health checks that succeed are not logged");
  add_switch(app, "--progress", serve.progress,
             "Show how long the seed takes even when stderr is not a terminal");
}

}  // namespace

// One rule for every flag, so that the table of docs/configuration.md needs no exceptions
// (ConfigurationTable.HasARowForEveryFlagOfServe).
std::string variable_of(const std::string& flag) {
  std::string name = "ECR_LOCAL_" + flag.substr(2);
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

CLI::Option* add_text(CLI::App& app, const std::string& flag, std::string& target,
                      const std::string& help) {
  return app.add_option(flag, target, help)->envname(variable_of(flag));
}

CLI::Option* add_text(CLI::App& app, const std::string& flag, std::optional<std::string>& target,
                      const std::string& help) {
  return app.add_option(flag, target, help)->envname(variable_of(flag));
}

CLI::Option* add_list(CLI::App& app, const std::string& flag, std::vector<std::string>& target,
                      const std::string& help) {
  return app.add_option(flag, target, help)->envname(variable_of(flag))->delimiter(',');
}

CLI::Option* add_switch(CLI::App& app, const std::string& flag, bool& target,
                        const std::string& help) {
  return app.add_flag(flag, target, help)->envname(variable_of(flag));
}

// Compared without case, because "Enforce" cannot mean anything else.
CLI::Option* add_choice(CLI::App& app, const std::string& flag,
                        std::function<void(const std::string&)> take,
                        const std::string& default_value, const std::string& help) {
  const auto read = [flag, take = std::move(take)](const std::string& text) {
    const std::string problem = check_choice(flag, text);
    if (!problem.empty()) throw CLI::ValidationError(flag, problem);
    take(base::to_lower(text));
  };
  return app.add_option_function<std::string>(flag, read, help)
      ->default_str(default_value)
      ->envname(variable_of(flag));
}

CLI::Option* add_number(CLI::App& app, const std::string& flag, std::int64_t least,
                        std::int64_t most, std::function<void(std::int64_t)> take,
                        const std::string& default_value, const std::string& help) {
  const auto read = [flag, least, most, take = std::move(take)](const std::string& text) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number < least || number > most) {
      throw CLI::ValidationError(
          flag, base::format("must be a number from {} to {}, not \"{}\"", least, most, text));
    }
    take(number);
  };
  return app.add_option_function<std::string>(flag, read, help)
      ->default_str(default_value)
      ->envname(variable_of(flag));
}

// The long names of a command's flags, with their dashes.
std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty()) flags.push_back("--" + option->get_lnames().front());
  }
  return flags;
}

std::shared_ptr<CLI::Config> make_config_reader(const CLI::App& serve) {
  return std::make_shared<ConfigFile>(serve);
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

CLI::Option* add_data_dir(CLI::App& app, ServeConfig& serve) {
  // Resolved here and not where it is used, so that every command with the flag has the same
  // default.
  serve.data_dir = default_data_dir();
  return add_text(app, "--data-dir", serve.data_dir, "Directory for all data; one server at a time")
      // The help and the documentation made of it must not depend on the home directory of one
      // user.
      ->default_str("$XDG_DATA_HOME/ecr-local, or ~/.local/share/ecr-local");
}

void add_serve_flags(CLI::App& app, ServeConfig& serve) {
  add_network_flags(app, serve);
  add_storage_flags(app, serve);
  add_identity_flags(app, serve);
  add_role_flags(app, serve);
  add_administration_flags(app, serve);
  add_tls_flags(app, serve);
  add_registry_flags(app, serve);
  add_background_flags(app, serve);
  add_limit_flags(app, serve);
  add_logging_flags(app, serve);
}

void add_server(CLI::App& app, std::string& url, std::string& admin_token) {
  add_text(app, "--url", url, "Address of the server")
      ->default_val("http://127.0.0.1:4599")
      ->check(check_server_url);
  add_text(app, "--admin-token", admin_token, "The server's --admin-token, if it has one");
}

}  // namespace ecr::server
