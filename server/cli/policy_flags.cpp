#include "server/cli/policy_flags.h"

#include <algorithm>
#include <chrono>

#include <CLI/CLI.hpp>

#include "api/admin/service_pull/pulling_services.h"
#include "schemas/base/clock.h"
#include "schemas/base/duration.h"
#include "schemas/base/text.h"
#include "server/cli/flag_values.h"
#include "server/cli/serve_flags.h"

namespace ecr::server {
namespace {

std::string check_key_value(const std::string& text) {
  const std::size_t equals = text.find('=');
  return equals == std::string::npos || equals == 0 ? "must be KEY=VALUE" : "";
}

// --seed has no variable: ECR_LOCAL_SEED is that of a server.
void add_test_options(CLI::App& app, TestConfig& config) {
  app.add_option("FILE", config.files, "Files of tests, JSON or YAML")->required();
  app.add_option("--seed", config.seeds, "Another seed document (repeatable)")
      ->allow_extra_args(false);
  app.add_option("--changed", config.changed, "Test with this change; list what flips (repeatable)")
      ->allow_extra_args(false)
      ->check([](const std::string& text) {
        return text.rfind('=') != std::string::npos && text.rfind('=') != 0
                   ? std::string()
                   : std::string("must be POLICY=FILE");
      });
  app.add_option("--junit", config.junit, "Write the results to this file, as JUnit has them");
  app.add_flag("--tap", config.tap, "Print the results in the Test Anything Protocol");
  app.add_flag("--json", config.json, "Print the results as one JSON object");
  app.add_flag("--record", config.record, "Write FILE from a server's decisions (- for stdout)");
  add_server(app, config.url, config.admin_token);  // for --record
  app.footer(
      "POLICY: ARN of a managed policy, repository or registry; ARN#NAME (inline); "
      "trust:ARN, boundary:ARN, scp:ID, rcp:ID; endpoint. Without FILE it is removed.\n"
      "Examples:\n"
      "  ecr-local test tests.yaml\n"
      "  ecr-local test tests.yaml --changed arn:aws:iam::111122223333:policy/p=p.json\n"
      "Exit status: 0 all as expected; 1 not; 2 wrong usage; 3 a file has a mistake.");
}

void add_lifecycle_options(CLI::App& app, LifecycleConfig& config) {
  app.add_option("FILE", config.policy,
                 "The policy, also as get-lifecycle-policy prints it; - for stdin")
      ->required();
  app.add_option("--images", config.images,
                 "What `aws ecr describe-images` printed: say which of them go when");
  app.add_option("--at", config.at, "The time to look at, ISO 8601 (default: now)")
      ->check([](const std::string& text) {
        return base::parse_iso8601(text) ? std::string()
                                         : std::string(
                                               "must be a time, as 2026-01-31 or "
                                               "2026-01-31T12:00:00Z");
      });
  app.add_flag("--json", config.json, "Print the problems and all images as one JSON object");
  app.footer(
      "Example:\n"
      "  aws ecr describe-images --repository-name app > images.json\n"
      "  ecr-local lifecycle policy.json --images images.json --at 2026-12-06\n"
      "Exit status: 0 the policy is valid; 1 it is not; 2 wrong usage; 3 a file cannot be read.");
}

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
  app.add_option("ACTION", config.action, "One action, such as ecr:PutImage")->required();
  app.add_option("RESOURCE", config.resource, "An ARN, the name of a repository, or *")->required();
  app.add_option("--account", config.account, "Only principals of this account")
      ->check(check_account);
  add_question_options(app, config);
  app.footer(
      "Example:\n"
      "  ecr-local who-can ecr:GetAuthorizationToken '*' --seed seed.json\n"
      "Exit status: 0 somebody can; 1 nobody can; 2 the question or the seed has a mistake; 3 a "
      "file cannot be read, or no server answers.");
}

void add_can_options(CLI::App& app, QuestionConfig& config) {
  app.add_option("PRINCIPAL", config.principal, "ARN of a user, role, session or root user");
  app.add_option("ACTION", config.action, "One action, such as ecr:PutImage");
  app.add_option("RESOURCE", config.resource, "An ARN, the name of a repository, or *");
  app.add_option("--context", config.context, "What the request carries, as aws:SourceIp=10.0.0.1")
      ->check(check_key_value);
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
      "Exit status: 0 it can, or under conditions; 1 it cannot, or one of many questions has a "
      "mistake; 2 the question or the seed has a mistake; 3 a file cannot be read, or no server "
      "answers.");
}

void add_token_options(CLI::App& app, TokenConfig& config) {
  config.provider = "github";
  add_choice(
      app, "--provider", [&config](const std::string& name) { config.provider = name; }, "github",
      "Whose tokens it is like")
      ->envname("");
  app.add_option("--claim", config.claims,
                 "A claim, as repository=org/app; JSON where VALUE begins with { or [ (repeatable)")
      ->allow_extra_args(false)
      ->check(check_key_value);
  app.add_option("--audience", config.audience, "Whom it is for (default: sts.amazonaws.com)");
  app.add_option("--issuer", config.issuer, "The issuer (default: the provider's)")
      ->check(check_https_url);
  app.add_option("--lifetime", config.lifetime, "How long it is good, to 24h (default: 1h)")
      ->check([](const std::string& text) {
        const auto life = base::parse_duration(text);
        return life && *life >= std::chrono::seconds(1) && *life <= std::chrono::hours(24)
                   ? std::string()
                   : "must be a duration from 1s to 24h, not \"" + text + "\"";
      });
  app.add_flag("--json", config.json, "Print the token and its claims as one JSON object");
  add_server(app, config.url, config.admin_token);
  app.footer(
      "The server signs: start it with --oidc-test-issuer. The token has no newline.\n"
      "Example:\n"
      "  ecr-local oidc-token --claim repository=org/app > token\n"
      "Exit status: 0 printed; 1 refused; 2 wrong usage; 3 no server answers.");
}

void add_service_pull_options(CLI::App& app, ServicePullConfig& config) {
  app.add_option("SERVICE", config.service, "lambda, ecs, codebuild or sagemaker")
      ->required()
      ->check([](const std::string& text) {
        const auto names = api::admin::service_pull::pulling_service_names();
        return std::find(names.begin(), names.end(), text) != names.end()
                   ? std::string()
                   : base::format("must be one of {}", base::join(names, ", "));
      });
  app.add_option("REPOSITORY", config.repository, "Its ARN, or its name")->required();
  app.add_option("--source-arn", config.source_arn,
                 "What it pulls for: ARN of a function, project, ...");
  app.add_option("--source-account", config.source_account, "Account of the function, ...")
      ->check(check_account);
  app.add_option("--role", config.role, "The role that it pulls as; for lambda, who makes it");
  app.add_option("--seed", config.seeds, "Ask about this seed file, and no server");
  app.add_flag("--json", config.json, "Print the answer as JSON, with the trace");
  add_server(app, config.url, config.admin_token);
  app.footer(
      "Example:\n"
      "  ecr-local service-pull lambda app --source-account 111122223333\n"
      "Exit status: 0 it can pull; 1 it cannot; 2 the question or the seed has a mistake; 3 a file "
      "cannot be read, or no server answers.");
}

}  // namespace

void add_policy_commands(const AddCommand& command, CommandLine& line) {
  using Command = CommandLine::Command;
  add_test_options(
      *command("test", "Test what policies allow and deny, without a server", Command::kTest),
      line.test);
  add_lifecycle_options(
      *command("lifecycle", "Check a lifecycle policy; say which images it removes when",
               Command::kLifecycle),
      line.lifecycle);
  CLI::App* validate = command("validate-policy", "Print every problem of a policy document",
                               Command::kValidatePolicy);
  validate->add_option("FILE", line.policy_file, "The document; - for stdin")->required();
  line.policy_type = "identity";
  add_choice(
      *validate, "--type", [&line](const std::string& type) { line.policy_type = type; },
      "identity", "Where the policy will be used")
      ->envname("");
  validate->add_flag("--json", line.json, "Print the problems as one JSON object");
  validate->footer(
      "Example:\n"
      "  ecr-local validate-policy --type trust trust.json\n"
      "Exit status: 0 the policy is valid; 1 it is not; 2 wrong usage; 3 FILE cannot be read.");
  CLI::App* evaluate =
      command("evaluate", "Read requests and policies (JSON lines, stdin); print decisions",
              Command::kEvaluate);
  evaluate->add_flag("--explain", line.explain, "Add every statement that was looked at");
  evaluate->footer(
      "Each input line is one JSON object:\n"
      "  {\"request\": {\"principal\": ARN, \"action\": \"ecr:PutImage\", \"resource\": ARN},\n"
      "   \"policies\": {\"identity\": [POLICY, ...], \"resource\": POLICY}}\n"
      "docs/evaluate.md lists all keys.\n"
      "Exit status: 0 every line was understood; 1 one was not. A denial is no failure.");
  command("verify-sigv4", "Read signed requests (JSON lines, stdin); print if they are valid",
          Command::kVerifySigV4)
      ->footer(
          "Each input line is one JSON object:\n"
          "  {\"now\": TIME, \"service\": \"ecr\", \"region\": \"us-east-1\",\n"
          "   \"credentials\": {\"access_key_id\": KEY, \"secret_access_key\": SECRET},\n"
          "   \"raw_request\": \"GET / HTTP/1.1\\nHost:localhost\\n...\"}\n"
          "docs/evaluate.md lists all keys.\n"
          "Exit status: 0 every line was understood; 1 one was not.");
  add_import_options(
      *command("import-account", "Make a seed of real AWS accounts", Command::kImportAccount),
      line.import_account);
  add_can_options(
      *command("can", "Say whether a principal may do something, and by what", Command::kCan),
      line.question);
  add_who_can_options(
      *command("who-can", "List everybody who may do something, and by what", Command::kWhoCan),
      line.question);
  add_token_options(*command("oidc-token", "Print a web identity token for tests of trust policies",
                             Command::kOidcToken),
                    line.token);
  add_service_pull_options(
      *command("service-pull", "Say whether a service of AWS may pull from a repository",
               Command::kServicePull),
      line.service_pull);
}

}  // namespace ecr::server
