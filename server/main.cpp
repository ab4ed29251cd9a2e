#include <csignal>
#include <cstdio>
#include <exception>

#include "server/cli/commands.h"

namespace {

int run(const ecr::server::CommandLine& line) {
  using Command = ecr::server::CommandLine::Command;
  switch (line.command) {
    case Command::kServe:
      return ecr::server::run_serve(line.serve);
    case Command::kCheck:
      return ecr::server::run_check(line.serve, line.repair);
    case Command::kEvaluate:
      return ecr::server::run_evaluate(line.explain);
    case Command::kVerifySigV4:
      return ecr::server::run_verify_sigv4();
    case Command::kValidatePolicy:
      return ecr::server::run_validate_policy(line.policy_file, line.policy_type);
    case Command::kExplain:
      return ecr::server::run_explain(line.explain_request);
    case Command::kHealthcheck:
      return ecr::server::run_healthcheck(line.health_url);
    case Command::kPrint:
      return ecr::server::run_print(line.print);
    case Command::kDemo:
      return ecr::server::run_demo(line.demo);
    case Command::kCa:
      return ecr::server::run_ca(line.serve);
    case Command::kCompletion:
      return ecr::server::run_completion(line.shell);
    case Command::kVersion:
      std::puts("ecr-local " ECR_LOCAL_VERSION);
      return 0;
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  int exit_code = 0;
  const auto line = ecr::server::parse_command_line(argc, argv, exit_code);
  if (!line) return exit_code;
  try {
    return run(*line);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ecr-local: %s\n", error.what());
    return 1;
  }
}
