// The command line, and texts that are made of it: snippets, the table of the configuration,
// completion, suggestions.
#include "server/cli/command_line.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schemas/base/text.h"
#include "server/cli/command_text.h"
#include "server/cli/progress.h"
#include "server/cli/server_client.h"
#include "server/cli/snippets.h"
#include "server/cli/startup.h"

namespace ecr::server {
namespace {

struct Parsed {
  std::optional<CommandLine> line;
  int status = -1;  // of the exit, where there is no line
  std::string output;
  std::string errors;
};

Parsed run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ecr-local");
  Parsed parsed;
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  parsed.line =
      parse_command_line(static_cast<int>(arguments.size()), arguments.data(), parsed.status);
  parsed.errors = ::testing::internal::GetCapturedStderr();
  parsed.output = ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(parsed.line.has_value(), parsed.status == -1);
  return parsed;
}

std::optional<CommandLine> parse(std::vector<const char*> arguments) {
  return run(std::move(arguments)).line;
}

TEST(CommandLine, VersionAndHelpAreWherePeopleLookForThem) {
  for (const char* word : {"--version", "-v"}) {
    EXPECT_EQ(run({word}).status, kExitSuccess);
    EXPECT_EQ(run({word}).output, "ecr-local " ECR_LOCAL_VERSION "\n");
  }
  EXPECT_EQ(parse({"version"})->command, CommandLine::Command::kVersion);
  const std::string all = run({"--help"}).output;
  EXPECT_NE(all.find("Exit status: 0 success"), std::string::npos) << all;
  for (const std::vector<const char*>& arguments :
       std::vector<std::vector<const char*>>{{}, {"-h"}, {"help"}}) {
    EXPECT_EQ(run(arguments).status, kExitSuccess);
    EXPECT_EQ(run(arguments).output, all);
  }
  const std::string serve = run({"serve", "--help"}).output;
  EXPECT_EQ(run({"help", "serve"}).output, serve);
  for (const char* part :
       {"\nNetwork:\n", "\nStorage:\n", "\nTLS:\n", "--config FILE", "--iam enforce|soft|off"}) {
    EXPECT_NE(serve.find(part), std::string::npos) << part;
  }
  EXPECT_NE(run({"help", "srve"}).errors.find("did you mean serve?"), std::string::npos);
}

TEST(CommandLine, HelpFitsATerminal) {
  std::vector<std::string> texts{run({"--help"}).output};
  for (const CommandInfo& each : list_commands()) {
    texts.push_back(run({"help", each.name.c_str()}).output);
    // serve has too many flags for one screen.
    if (each.name != "serve") {
      EXPECT_LE(std::count(texts.back().begin(), texts.back().end(), '\n'), 24) << texts.back();
    }
  }
  for (const std::string& text : texts) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  }
}

TEST(CommandLine, AnErrorNamesTheFlagAndWhatIsMissing) {
  const std::pair<std::vector<const char*>, const char*> kCases[] = {
      {{"serve", "--iam", "of"}, "--iam: must be enforce, soft or off, not \"of\""},
      {{"serve", "--lisen", "1"}, "serve has no flag --lisen, did you mean --listen?"},
      {{"srve"}, "there is no command srve, did you mean serve?"},
      {{"serve", "--data-dir", "--in-memory"}, "--data-dir needs a value: --data-dir DIR"},
      {{"serve", "--data-dir"}, "--data-dir needs a value: --data-dir DIR"},
      {{"serve", "extra"}, "serve takes no further words: extra"},
      {{"serve", "--workers", "0"}, "--workers: must be a number from 1 to 256, not \"0\""},
      {{"serve", "--gc-grace", "soon"}, "--gc-grace: must be a duration, as 1h or 30s"},
      {{"serve", "--config", "/nowhere/c"}, "--config /nowhere/c: No such file or directory"},
      {{"validate-policy"}, "FILE is required"},
      {{"validate-policy", "x", "--type", "scpp"}, "--type: must be identity, repository, "},
  };
  for (const auto& [arguments, part] : kCases) {
    const Parsed parsed = run(arguments);
    EXPECT_EQ(parsed.status, kExitUsage) << part;
    EXPECT_TRUE(parsed.errors.starts_with("ecr-local: ")) << parsed.errors;
    EXPECT_NE(parsed.errors.find(part), std::string::npos) << parsed.errors;
  }
  // Only the flag is named, and not its value.
  EXPECT_EQ(run({"serve", "--lisen", "1"}).errors.find(" 1"), std::string::npos);
}

// A file as --endpoint-policy names it; what read_endpoint_policy() says of it.
TEST(CommandLine, AnEndpointPolicyWithoutTheBucketOfTheLayersIsWarnedOf) {
  const auto read = [](const std::string& text) {
    const std::string path = testing::TempDir() + "endpoint.json";
    std::ofstream(path) << text;
    api::Settings settings;
    settings.endpoint_policy_file = path;
    return read_endpoint_policy(settings);
  };
  const std::string pull =
      R"({"Effect":"Allow","Principal":"*","Action":"ecr:GetDownloadUrlForLayer","Resource":"*"})";
  const std::string bucket = R"({"Effect":"Allow","Principal":"*","Action":"s3:GetObject",)"
                             R"("Resource":"arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*"})";
  const auto document = [](const std::string& statements) {
    return R"({"Statement":[)" + statements + "]}";
  };
  ASSERT_EQ(read(document(pull)).size(), 1U);
  EXPECT_NE(read(document(pull))[0].find("arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*"),
            std::string::npos);
  EXPECT_TRUE(read(document(pull + "," + bucket)).empty());
  EXPECT_TRUE(read(document(bucket)).empty());
  try {
    read(document(R"({"Effect":"Allow","Action":"*","Resource":"*"})"));
    ADD_FAILURE() << "it has no Principal";
  } catch (const std::runtime_error& error) {
    const std::string text = error.what();
    EXPECT_TRUE(text.starts_with("--endpoint-policy ")) << text;
    EXPECT_TRUE(text.ends_with("line 1: Statement[0]: Missing required field Principal")) << text;
  }
}

TEST(CommandLine, SettingsThatNothingReadsAreWarnedOf) {
  const auto warnings = [](std::vector<const char*> arguments) {
    return base::join(parse(std::move(arguments))->serve.warnings, "\n");
  };
  EXPECT_EQ(warnings({"serve"}), "");
  EXPECT_EQ(warnings({"serve", "--in-memory", "--data-dir", "x"}),
            "--data-dir is not used: --in-memory saves nothing");
  // A container image sets the variable for all who start it.
  ::setenv("ECR_LOCAL_DATA_DIR", "/data", 1);
  EXPECT_EQ(warnings({"serve", "--in-memory"}), "");
  ::unsetenv("ECR_LOCAL_DATA_DIR");
  EXPECT_NE(warnings({"serve", "--tls-name", "a.test"}).find("without --tls auto"),
            std::string::npos);
  setenv("ECR_LOCAL_DATADIR", "x", 1);
  // Of a service "ecr-local" in Kubernetes.
  setenv("ECR_LOCAL_PORT_4599_TCP", "tcp://10.0.0.1:4599", 1);
  setenv("ECR_LOCAL_SERVICE_HOST", "10.0.0.1", 1);
  const std::string found = warnings({"serve"});
  const std::string quiet = warnings({"completion", "bash"});
  for (const char* name :
       {"ECR_LOCAL_DATADIR", "ECR_LOCAL_PORT_4599_TCP", "ECR_LOCAL_SERVICE_HOST"}) {
    unsetenv(name);
  }
  EXPECT_EQ(found,
            "the variable ECR_LOCAL_DATADIR has no meaning here, did you mean ECR_LOCAL_DATA_DIR?");
  EXPECT_EQ(quiet, "");
}

TEST(ListenAddresses, APortAloneIsBothLoopbackAddresses) {
  const auto both = parse_listen_addresses("4611", "--listen");
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0].host, "127.0.0.1");
  EXPECT_EQ(both[1].host, "::1");
  EXPECT_EQ(both[1].port, 4611);
  EXPECT_EQ(parse_listen_addresses("0.0.0.0:1", "--listen").size(), 1U);
  EXPECT_THROW(parse_listen_addresses("65536", "--listen"), std::runtime_error);
}

TEST(ServerUrl, MayLackItsScheme) {
  EXPECT_EQ(parse_server_url("localhost:4599").text(), "http://localhost:4599/");
  EXPECT_EQ(parse_server_url("https://localhost:4600/x").text(), "https://localhost:4600/");
  EXPECT_THROW(parse_server_url("ftp://localhost"), std::runtime_error);
}

TEST(Startup, AServerThatOthersReachIsToldWhatItLacks) {
  api::Settings settings;
  const std::vector<ListenAddress> far = parse_listen_addresses("0.0.0.0:4599", "--listen");
  EXPECT_TRUE(reach_warnings(parse_listen_addresses("4599", "--listen"), settings).empty());
  const std::string both = base::join(reach_warnings(far, settings), "\n");
  EXPECT_NE(both.find("--registry-host NAME:{port}"), std::string::npos) << both;
  EXPECT_NE(both.find("--admin-token TOKEN (ECR_LOCAL_ADMIN_TOKEN)"), std::string::npos) << both;
  settings.registry_host = "localhost:4599";
  settings.admin_token = "x";
  EXPECT_TRUE(reach_warnings(far, settings).empty());
}

TEST(Startup, APersonIsToldWhereTheDataIsAndWhatToDoNext) {
  const auto line = parse({"serve", "--data-dir", "/data", "--iam", "soft"});
  const std::string text = ready_text(line->serve, line->serve.settings, "http://127.0.0.1:4611");
  for (const char* part : {"/data\n", "test / test is the root user of account 000000000000",
                           "--iam soft", "ecr-local print env --url http://127.0.0.1:4611",
                           "http://127.0.0.1:4611/_ecr-local/console\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }
  const auto given = parse({"serve", "--root-access-key", "k", "--root-secret-key", "hush"});
  EXPECT_EQ(ready_text(given->serve, given->serve.settings, "http://x").find("hush"),
            std::string::npos);
}

TEST(CommandLine, TheConsoleIsOpenedOrPrinted) {
  const auto line =
      parse({"console", "--url", "localhost:4611", "--admin-token", "hush", "--print"});
  EXPECT_EQ(line->command, CommandLine::Command::kConsole);
  EXPECT_EQ(line->console.url, "localhost:4611");
  EXPECT_EQ(line->console.admin_token, "hush");
  EXPECT_TRUE(line->console.print);
  EXPECT_EQ(parse({"console"})->console.url, "http://127.0.0.1:4599");
}

TEST(PaintTest, ColoursNothingButATerminal) {
  EXPECT_EQ(Paint(false).bad("no"), "no");
  EXPECT_EQ(Paint(true).bad("no"), "\x1b[31mno\x1b[0m");
}

TEST(Config, FlagBeatsEnvironmentBeatsFile) {
  const std::string path = ::testing::TempDir() + "/ecr-local-config.json";
  std::ofstream(path) << R"({"account":"111111111111","region":"eu-west-1","in-memory":true,
                            "listen":["127.0.0.1:1","127.0.0.1:2"]})";
  setenv("ECR_LOCAL_ACCOUNT", "222222222222", 1);
  setenv("ECR_LOCAL_IAM", "soft", 1);
  const auto line = parse({"serve", "--config", path.c_str(), "--iam", "off"});
  unsetenv("ECR_LOCAL_ACCOUNT");
  unsetenv("ECR_LOCAL_IAM");
  std::remove(path.c_str());
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->serve.settings.account, "222222222222");
  EXPECT_EQ(line->serve.settings.region, "eu-west-1");
  EXPECT_EQ(line->serve.settings.enforcement, api::Enforcement::kOff);
  EXPECT_TRUE(line->serve.in_memory);
  EXPECT_EQ(line->serve.listen, (std::vector<std::string>{"127.0.0.1:1", "127.0.0.1:2"}));
}

TEST(Config, BadValuesAreRefused) {
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{"nothing"},
                                             {"serve", "--account", "12"},
                                             {"serve", "--region", "Not A Region"},
                                             {"serve", "--iam", "maybe"},
                                             {"serve", "--idle-timeout", "0"},
                                             {"serve", "--header-timeout", "soon"},
                                             {"serve", "--no-such-flag"},
                                             {"serve", "--root-access-key", "x"},
                                             {"serve", "--trusted-proxy", "proxy.example"},
                                             {"serve", "--trusted-proxy", "10.0.0.0/33"},
                                             {"serve", "--registry-host", "{acount}.example"},
                                             {"serve", "--registry-host", "http://example"},
                                             {"serve", "--config", "/nowhere/config.json"}}) {
    EXPECT_FALSE(parse(arguments).has_value());
  }
}

TEST(Config, TimeoutsAreSeconds) {
  const auto line = parse({"serve", "--header-timeout", "1", "--progress-timeout", "2"});
  EXPECT_EQ(line->serve.timeouts.header, std::chrono::seconds(1));
  EXPECT_EQ(line->serve.timeouts.progress, std::chrono::seconds(2));
  EXPECT_EQ(line->serve.timeouts.idle, Timeouts{}.idle);
}

TEST(Config, GivenRootKeysReplaceBothDefaults) {
  const auto line = parse({"serve", "--root-access-key", "k", "--root-secret-key", "s"});
  EXPECT_EQ(line->serve.settings.root_access_key, "k");
  EXPECT_FALSE(line->serve.settings.account_root_keys);
  const auto none = parse({"serve", "--no-default-credentials"});
  EXPECT_EQ(none->serve.settings.root_access_key, "");
  EXPECT_FALSE(none->serve.settings.account_root_keys);
}

TEST(Config, ProxiesAndRegistryHostAsTheyMayBe) {
  const auto line = parse({"serve", "--trusted-proxy", "10.0.0.0/8,2001:db8::1", "--registry-host",
                           "{account}.dkr.ecr.{region}.example:{port}"});
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->serve.settings.trusted_proxies,
            (std::vector<std::string>{"10.0.0.0/8", "2001:db8::1"}));
}

SnippetValues values() {
  return {"http://localhost:4599", "123456789012", "eu-west-1", "AKIAEXAMPLE", "hush", "", "9.8.7"};
}

TEST(Snippets, HaveNoPlaceholderLeft) {
  for (const SnippetInfo& each : snippet_list()) {
    const std::string text = snippet(each.name, values());
    for (const char* name :
         {"endpoint", "scheme", "port", "address", "registry", "registry_host", "insecure",
          "account", "region", "access_key", "secret_key", "version"}) {
      EXPECT_EQ(text.find(std::string("@") + name + "@"), std::string::npos) << each.name;
    }
    EXPECT_TRUE(text.ends_with('\n')) << each.name;
    EXPECT_FALSE(each.help.empty());
  }
}

TEST(Snippets, AreOfTheGivenServer) {
  const std::string env = snippet("env", values());
  for (const char* part :
       {"AWS_ENDPOINT_URL=http://localhost:4599", "AKIAEXAMPLE", "=hush", "AWS_REGION=eu-west-1"}) {
    EXPECT_NE(env.find(part), std::string::npos) << part;
  }
  // Other text in braces stays: the versions of actions, expressions of the workflow.
  const std::string workflow = snippet("github-actions", values());
  EXPECT_NE(workflow.find("actions/checkout@v4"), std::string::npos);
  EXPECT_NE(workflow.find("${{ github.sha }}"), std::string::npos);
}

TEST(Snippets, RegistryIsTheEndpointOrAsTheTemplateSays) {
  SnippetValues given = values();
  const auto daemon = [&] { return nlohmann::json::parse(snippet("daemon.json", given)); };
  EXPECT_EQ(daemon()["insecure-registries"][0], "localhost:4599");
  given.registry_host = "{account}.dkr.ecr.{region}.localhost:{port}";
  EXPECT_EQ(daemon()["insecure-registries"][0], "123456789012.dkr.ecr.eu-west-1.localhost:4599");
}

TEST(Snippets, ContainersHaveWhatSeedAndResetNeed) {
  for (const char* name : {"compose", "github-actions", "gitlab-ci"}) {
    EXPECT_NE(snippet(name, values()).find("ECR_LOCAL_ADMIN_TOKEN: \""), std::string::npos) << name;
  }
  EXPECT_NE(snippet("compose", values()).find("ECR_LOCAL_REGISTRY_HOST: \"localhost:4599\""),
            std::string::npos);
  SnippetValues given = values();
  given.registry_host = "{account}.dkr.ecr.{region}.localhost:{port}";
  EXPECT_NE(snippet("compose", given)
                .find("ECR_LOCAL_REGISTRY_HOST: \"{account}.dkr.ecr.{region}.localhost:4599\""),
            std::string::npos);
}

TEST(Snippets, HostsLinesHaveAnAddress) {
  SnippetValues given = values();
  // The registry's line can be appended to /etc/hosts as it is: it takes no name of AWS's away.
  EXPECT_EQ(snippet("hosts", given).find("amazonaws.com"), std::string::npos);
  EXPECT_NE(snippet("hosts", given).find("\n127.0.0.1 123456789012.dkr.ecr.eu-west-1.localhost\n"),
            std::string::npos);
  EXPECT_NE(snippet("aws-hosts", given).find("\n127.0.0.1 api.ecr.eu-west-1.amazonaws.com"),
            std::string::npos);
  EXPECT_NE(snippet("aws-hosts", given).find("\n127.0.0.1 123456789012.dkr-ecr.eu-west-1.on.aws\n"),
            std::string::npos);
  given.region = "cn-north-1";
  EXPECT_NE(snippet("aws-hosts", given).find("\n127.0.0.1 iam.cn-north-1.amazonaws.com.cn\n"),
            std::string::npos);
  given.region = "eu-west-1";
  given.endpoint = "https://192.0.2.7:8443/";
  EXPECT_NE(snippet("aws-hosts", given).find("\n192.0.2.7 api.ecr"), std::string::npos);
  EXPECT_NE(snippet("registries.conf", given).find("insecure = false"), std::string::npos);
}

TEST(Snippets, ErrorsNameWhatIsWrong) {
  const auto error = [](std::string_view name, const std::string& url) -> std::string {
    SnippetValues given = values();
    given.endpoint = url;
    try {
      snippet(name, given);
    } catch (const std::runtime_error& caught) {
      return caught.what();
    }
    return "";
  };
  EXPECT_NE(error("terafrom", "http://a").find("did you mean terraform?"), std::string::npos);
  EXPECT_NE(error("env", "ftp://localhost").find("--url ftp://localhost: must be"),
            std::string::npos);
  EXPECT_NE(error("env", "http://me@localhost").find("must be"), std::string::npos);
  EXPECT_EQ(error("env", "localhost:4599"), "");
  EXPECT_EQ(error("env", "http://localhost"), "");
}

TEST(ConfigurationTable, HasARowForEveryFlagOfServe) {
  const std::string table = configuration_table();
  for (const char* row :
       {"| `--listen HOST:PORT` | `ECR_LOCAL_LISTEN` | `127.0.0.1:4599, [::1]:4599` |",
        "| `--in-memory` | `ECR_LOCAL_IN_MEMORY` | off |",
        "| `--iam enforce\\|soft\\|off` | `ECR_LOCAL_IAM` | `enforce` |",
        "| `--seed FILE` | `ECR_LOCAL_SEED` | none |",
        "| `--config FILE` | `ECR_LOCAL_CONFIG` | none |"}) {
    EXPECT_NE(table.find(row), std::string::npos) << row;
  }
  // No path of this machine, so that it can be compared with a document.
  EXPECT_NE(table.find("| `$XDG_DATA_HOME/ecr-local, or ~/.local/share/ecr-local` |"),
            std::string::npos);
}

TEST(ConfigurationTable, IsThereAsJsonToo) {
  const auto list = nlohmann::json::parse(configuration_json());
  const auto iam = std::find_if(list.begin(), list.end(),
                                [](const auto& each) { return each["flag"] == "--iam"; });
  ASSERT_NE(iam, list.end());
  EXPECT_EQ((*iam)["value"], "enforce|soft|off");
  EXPECT_EQ((*iam)["variable"], "ECR_LOCAL_IAM");
  EXPECT_EQ((*iam)["group"], "Credentials and IAM");
}

TEST(Completion, KnowsEveryCommandInEveryShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = completion_script(shell);
    for (const char* word : {"serve", "validate-policy", "data-dir", "enforce soft off",
                             "bash zsh fish", "terraform", "identity repository registry trust"}) {
      EXPECT_NE(script.find(word), std::string::npos) << shell << " " << word;
    }
  }
  EXPECT_THROW(completion_script("tcsh"), std::runtime_error);
}

TEST(Suggestion, FindsTheNearestWordOrNone) {
  const std::vector<std::string> known{"--listen", "--tls-listen", "--data-dir", "--iam"};
  EXPECT_EQ(base::nearest_word("--lisen", known), "--listen");
  EXPECT_EQ(base::nearest_word("--datadir", known), "--data-dir");
  EXPECT_EQ(base::nearest_word("--aim", known), "--iam");
  EXPECT_EQ(base::nearest_word("--bogus", known), "");
  EXPECT_EQ(base::nearest_word("", known), "");
  EXPECT_EQ(base::did_you_mean("--lisen", known), ", did you mean --listen?");
}

}  // namespace
}  // namespace ecr::server
