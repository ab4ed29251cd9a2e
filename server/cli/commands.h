// The subcommands except serve (server/serve.h). Each returns the exit status of the process
// (kExitNo, ...), and throws where what it was asked for cannot be done.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "server/cli/command_line.h"

namespace ecr::server {

// What the command line asks for makes no sense: the program ends with kExitUsage.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// commands.cpp
int run_check(const ServeConfig& config, bool repair, bool json);
int run_evaluate(bool explain);
int run_verify_sigv4();
int run_validate_policy(const std::string& file, const std::string& type, bool json);
int run_healthcheck(const std::string& url, bool json);
int run_ca(const ServeConfig& config);
// explain.cpp
int run_explain(const ExplainConfig& config);
// console_command.cpp
int run_console(const ConsoleConfig& config);
// seed_command.cpp
int run_seed(const SeedConfig& config);
// The same with a document that is here already; config.source is its name in what is printed.
int apply_seed_document(const SeedConfig& config, std::string document);
// "2 managed policies" of "managedPolicies" and 2.
std::string seed_count_text(const std::string& list, std::uint64_t count);
// account/import_command.cpp
int run_import_account(const ImportConfig& config);
// account/question_command.cpp
int run_can(const QuestionConfig& config);
int run_who_can(const QuestionConfig& config);
int run_service_pull(const ServicePullConfig& config);
// account/token_command.cpp
int run_oidc_token(const TokenConfig& config);
// offline/
int run_test(const TestConfig& config);
int run_lifecycle_command(const LifecycleConfig& config);
// demo.cpp
int run_demo(const DemoConfig& config);
// print.cpp
int run_print(const PrintConfig& config);
int run_completion(const std::string& shell);

}  // namespace ecr::server
