#include "server/program.h"

#include <csignal>
#include <cstdio>
#include <exception>

#include "server/cli/commands.h"
#include "server/serve.h"

namespace ecr::server {
namespace {

// No default label: the compiler then names the command that is missing here (-Wswitch).
int run_command(const CommandLine& line) {
  using Command = CommandLine::Command;
  switch (line.command) {
    case Command::kServe:
      return run_serve(line.serve);
    case Command::kSeed:
      return run_seed(line.seed);
    case Command::kCheck:
      return run_check(line.serve, line.repair, line.json);
    case Command::kEvaluate:
      return run_evaluate(line.explain);
    case Command::kVerifySigV4:
      return run_verify_sigv4();
    case Command::kValidatePolicy:
      return run_validate_policy(line.policy_file, line.policy_type, line.json);
    case Command::kTest:
      return run_test(line.test);
    case Command::kLifecycle:
      return run_lifecycle_command(line.lifecycle);
    case Command::kExplain:
      return run_explain(line.explain_request);
    case Command::kConsole:
      return run_console(line.console);
    case Command::kImportAccount:
      return run_import_account(line.import_account);
    case Command::kCan:
      return run_can(line.question);
    case Command::kWhoCan:
      return run_who_can(line.question);
    case Command::kOidcToken:
      return run_oidc_token(line.token);
    case Command::kServicePull:
      return run_service_pull(line.service_pull);
    case Command::kHealthcheck:
      return run_healthcheck(line.health_url, line.json);
    case Command::kPrint:
      return run_print(line.print);
    case Command::kDemo:
      return run_demo(line.demo);
    case Command::kCa:
      return run_ca(line.serve);
    case Command::kCompletion:
      return run_completion(line.shell);
    case Command::kVersion:
      std::puts("ecr-local " ECR_LOCAL_VERSION);
      return kExitSuccess;
    case Command::kHelp:  // was printed when the command line was read
      return kExitSuccess;
  }
  return kExitUsage;
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  // A write to a connection that the other end closed fails with EPIPE; without this it would end
  // the process.
  std::signal(SIGPIPE, SIG_IGN);
  int exit_code = 0;
  const auto line = parse_command_line(argc, argv, exit_code);
  if (!line) return exit_code;
  // serve has them in its log, which may have to be JSON.
  if (line->command != CommandLine::Command::kServe) {
    for (const std::string& each : line->serve.warnings) {
      std::fprintf(stderr, "ecr-local: warning: %s\n", each.c_str());
    }
  }
  try {
    return run_command(*line);
  } catch (const UsageError& error) {
    std::fprintf(stderr, "ecr-local: %s\n", error.what());
    return kExitUsage;
  } catch (const std::exception& error) {
    // Business code throws sentences for the user. These are the only places that print them, so no
    // command catches for the sake of printing.
    std::fprintf(stderr, "ecr-local: %s\n", error.what());
    return kExitFailed;
  }
}

}  // namespace ecr::server
