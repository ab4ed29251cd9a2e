#include "server/cli/account_flags.h"

#include <CLI/CLI.hpp>

#include "server/cli/flag_values.h"
#include "server/cli/serve_flags.h"

namespace ecr::server {
namespace {

// Flags without a variable, unlike those of the server that is asked: what one question is about
// does not come from the environment.
void add_import_options(CLI::App& app, ImportConfig& config) {
  app.add_option("FILE", config.sources, "Output of the AWS CLI, or a folder; - for stdin");
  app.add_option("--output", config.output, "Where the seed goes (default: stdout)");
  app.add_option("--credentials", config.credentials, "Where a profile for each identity goes");
  app.add_option("--account", config.account, "Account of files that do not say it")
      ->check(check_account);
  app.add_option("--region", config.region, "Region of files that do not say it")
      ->check(check_region);
  app.add_flag("--apply", config.apply, "Load the seed into the server at --url");
  app.add_flag("--print-commands", config.print_commands,
               "Print the script that exports an account");
  add_server(app, config.url, config.admin_token);
  app.parse_complete_callback([&config] {
    if (config.print_commands || !config.sources.empty()) return;
    throw CLI::ValidationError("import-account needs a FILE, or --print-commands");
  });
  app.footer(
      "Example:\n"
      "  ecr-local import-account --print-commands > export-account.sh\n"
      "  ecr-local import-account aws-export --output seed.json\n"
      "Exit status: 0 imported; 1 a file has a mistake, or the seed cannot be applied; 2 wrong "
      "usage; 3 a file cannot be read or written, or no server answers.");
}

// What both commands have, after their own words and flags.
void add_question_options(CLI::App& app, QuestionConfig& config) {
  app.add_option("--seed", config.seeds, "Ask about this seed file, and no server");
  app.add_flag("--via-roles", config.via_roles, "Also by roles that can be assumed");
  app.add_flag("--json", config.json, "Print the answer as JSON");
  add_server(app, config.url, config.admin_token);
}

void add_who_can_options(CLI::App& app, QuestionConfig& config) {
  app.add_option("ACTION", config.action, "One action, as ecr:PutImage")->required();
  app.add_option("RESOURCE", config.resource, "An ARN, or *")->required();
  app.add_option("--account", config.account, "Only principals of this account")
      ->check(check_account);
  add_question_options(app, config);
  app.footer(
      "Example:\n"
      "  ecr-local who-can ecr:GetAuthorizationToken '*' --seed seed.json\n"
      "Exit status: 0 somebody can; 1 nobody can; 2 wrong usage; 3 the question cannot be asked, "
      "or no server answers.");
}

void add_can_options(CLI::App& app, QuestionConfig& config) {
  app.add_option("PRINCIPAL", config.principal, "ARN of a user, role, session or root user");
  app.add_option("ACTION", config.action, "One action, as ecr:PutImage");
  app.add_option("RESOURCE", config.resource, "An ARN, or *");
  app.add_option("--context", config.context, "What the request carries, as aws:SourceIp=10.0.0.1")
      ->check([](const std::string& text) {
        const std::size_t equals = text.find('=');
        return equals == std::string::npos || equals == 0 ? "must be KEY=VALUE" : "";
      });
  app.add_option("--questions", config.questions, "Many questions: JSON lines; - for stdin");
  add_question_options(app, config);
  app.parse_complete_callback([&config] {
    const bool one =
        !config.principal.empty() && !config.action.empty() && !config.resource.empty();
    if (config.questions.empty() ? one : config.principal.empty()) return;
    throw CLI::ValidationError("can needs PRINCIPAL, ACTION and RESOURCE, or --questions");
  });
  app.footer(
      "Example:\n"
      "  ecr-local can arn:aws:iam::111122223333:role/ci ecr:GetAuthorizationToken '*'\n"
      "Exit status: 0 it can, or under conditions; 1 it cannot; 2 wrong usage; 3 the question "
      "cannot be asked, or no server answers.");
}

}  // namespace

void add_account_commands(
    const std::function<CLI::App*(const char*, const char*, CommandLine::Command)>& command,
    CommandLine& line) {
  using Command = CommandLine::Command;
  add_import_options(
      *command("import-account", "Make a seed of real AWS accounts", Command::kImportAccount),
      line.import_account);
  add_can_options(
      *command("can", "Say whether a principal may do something, and by what", Command::kCan),
      line.question);
  add_who_can_options(
      *command("who-can", "List everybody who may do something, and by what", Command::kWhoCan),
      line.question);
}

}  // namespace ecr::server
