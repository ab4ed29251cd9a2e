// The command line: the settings that the operator gave by flags, environment (ECR_LOCAL_<FLAG>)
// and a JSON file, in this order of precedence. Also the list of all commands and flags, for texts
// made of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/core/services.h"
#include "server/net/framing.h"
#include "server/runtime/access_log.h"

namespace ecr::server {

struct ServeConfig {
  std::vector<std::string> listen;       // HOST:PORT
  std::vector<std::string> tls_listen;   // HOST:PORT
  std::vector<std::string> imds_listen;  // HOST:PORT
  std::string imds_role;                 // a name, or an ARN; empty: the instance has none
  std::string credentials_token;         // path; empty: no credentials for containers
  bool tls_auto = false;                 // a certificate authority of our own
  std::string tls_certificate;
  std::string tls_key;
  std::string data_dir;  // resolved
  bool in_memory = false;
  bool progress = false;                  // also when standard error is no terminal
  std::string seed;                       // path; empty: none
  std::string events_webhook;             // URL; empty: none
  std::vector<std::string> oidc_keys;     // ISSUER=FILE
  std::string oidc_ca;                    // path; empty: the system's authorities alone
  std::vector<std::string> oidc_private;  // https:// URLs
  std::vector<std::string> upstreams;     // HOST=URL
  std::string upstream_secrets;           // path; empty: none
  std::string upstream_ca;                // path; empty: the system's authorities alone
  std::chrono::seconds upstream_timeout{20};
  std::int64_t event_log_size = 10'000;
  bool default_credentials = false;  // the operator asked for them
  bool no_default_credentials = false;
  LogFormat access_log = LogFormat::kText;
  Timeouts timeouts;
  std::chrono::seconds stop_timeout{10};
  std::size_t workers = 8;
  api::Settings settings;
  std::vector<std::string> warnings;  // of settings that have no effect; for the log
};

struct SeedConfig {
  std::string source;  // path, - or http(s):// URL
  std::string url;
  std::string admin_token;
};

struct ExplainConfig {
  std::string request_id;  // empty: the last denials
  std::string url;
  std::string admin_token;
  std::string principal;  // whose denials: an ARN, or a name; empty: everybody's
  std::int64_t last = 0;  // so many denials; 0: one, or with `follow` none
  bool follow = false;
  bool json = false;
};

struct PrintConfig {
  std::string snippet;  // empty: list them
  bool list = false;
  bool json = false;  // of "configuration"
  std::string url = "http://localhost:4599";
  // nullopt: the value of the server at `url` is used, or the default of `serve` when none answers.
  std::optional<std::string> account;
  std::optional<std::string> region;
  std::optional<std::string> registry_host;
  std::string access_key = "test";
  std::string secret_key = "test";
};

struct DemoConfig {
  std::string url;  // empty: a server of its own
  std::string region = "us-east-1";
  std::string access_key = "test";
  std::string secret_key = "test";
  std::string admin_token;
  bool json = false;
};

struct ConsoleConfig {
  std::string url = "http://127.0.0.1:4599";
  std::string admin_token;
  bool print = false;  // the browser is not opened
};

struct ImportConfig {
  std::vector<std::string> sources;  // files and folders; -: standard input
  std::string output;                // empty: standard output
  std::string credentials;           // empty: no file of profiles
  std::string account;               // of files that name none
  std::string region;
  bool apply = false;  // to the server at `url`
  bool print_commands = false;
  std::string url;
  std::string admin_token;
};

struct QuestionConfig {
  std::string principal;  // of can
  std::string action;
  std::string resource;
  std::string questions;             // of can: a file with many; empty: the three above
  std::vector<std::string> context;  // of can: KEY=VALUE
  std::string account;               // of who-can; empty: all
  std::vector<std::string> seeds;    // empty: the server at `url` is asked
  bool via_roles = false;
  bool json = false;
  std::string url;
  std::string admin_token;
};

struct ServicePullConfig {
  std::string service;
  std::string repository;
  std::string source_arn;          // empty: one is made up
  std::string source_account;      // empty: that of the source, the role or the repository
  std::string role;                // empty: none
  std::vector<std::string> seeds;  // empty: the server at `url` is asked
  bool json = false;
  std::string url;
  std::string admin_token;
};

struct TestConfig {
  std::vector<std::string> files;
  std::vector<std::string> seeds;
  std::vector<std::string> changed;  // POLICY=FILE
  std::string junit;                 // a file to write; empty: none
  bool tap = false;
  bool json = false;
  bool record = false;  // writes the file from the decisions of the server at `url`
  std::string url;
  std::string admin_token;
};

struct LifecycleConfig {
  std::string policy;
  std::string images;  // of `aws ecr describe-images`; empty: none
  std::string at;      // ISO 8601; empty: now
  bool json = false;
};

struct TokenConfig {
  std::string provider;
  std::string issuer;               // empty: the provider's
  std::string audience;             // empty: the usual one
  std::string lifetime;             // a duration; empty: the usual one
  std::vector<std::string> claims;  // KEY=VALUE
  bool json = false;
  std::string url;
  std::string admin_token;
};

struct CommandLine {
  enum class Command {
    kServe,
    kSeed,
    kCheck,
    kEvaluate,
    kVerifySigV4,
    kValidatePolicy,
    kTest,
    kLifecycle,
    kExplain,
    kHealthcheck,
    kPrint,
    kDemo,
    kConsole,
    kImportAccount,
    kCan,
    kWhoCan,
    kOidcToken,
    kServicePull,
    kCa,
    kCompletion,
    kHelp,
    kVersion
  };
  Command command = Command::kServe;
  ServeConfig serve;
  ExplainConfig explain_request;
  ConsoleConfig console;
  PrintConfig print;
  DemoConfig demo;
  SeedConfig seed;
  ImportConfig import_account;
  QuestionConfig question;  // can, who-can
  ServicePullConfig service_pull;
  TestConfig test;
  LifecycleConfig lifecycle;
  TokenConfig token;        // oidc-token
  bool explain = false;     // evaluate
  bool repair = false;      // check
  bool json = false;        // check, validate-policy, healthcheck
  std::string policy_file;  // validate-policy
  std::string policy_type;  // validate-policy
  std::string health_url;   // healthcheck
  std::string shell;        // completion
  std::string help_of;      // help; empty: of the program
};

// The statuses with which the program ends; its help lists them.
inline constexpr int kExitSuccess = 0;
inline constexpr int kExitNo = 1;      // the answer is no: invalid, denied, damaged, not healthy
inline constexpr int kExitUsage = 2;   // the command line or the configuration file is wrong
inline constexpr int kExitFailed = 3;  // it could not be done

// nullopt: the help or an error has been printed; leave with `exit_code`.
std::optional<CommandLine> parse_command_line(int argc, const char* const* argv, int& exit_code);

struct FlagInfo {
  std::string name;           // "--iam"
  std::string variable;       // "ECR_LOCAL_IAM"; empty: the flag has none
  std::string default_value;  // empty: none
  std::string help;
  bool takes_value = false;
  std::string group;  // heading of the help
};

struct CommandInfo {
  std::string name;
  std::string help;
  std::vector<FlagInfo> flags;
  std::string argument;  // the first word that is no flag, as "FILE"; empty: none
};

// All commands, in the order of the help.
std::vector<CommandInfo> list_commands();

}  // namespace ecr::server
