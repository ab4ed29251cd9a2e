// The command line, and texts that are made of it: snippets, the table of the configuration,
// completion, suggestions.
#include "server/cli/command_line.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schemas/base/text.h"
#include "server/cli/command_text.h"
#include "server/cli/snippets.h"

namespace ecr::server {
namespace {

std::optional<CommandLine> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ecr-local");
  int exit_code = -1;
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  auto line = parse_command_line(static_cast<int>(arguments.size()), arguments.data(), exit_code);
  ::testing::internal::GetCapturedStderr();
  ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(line.has_value(), exit_code == -1);
  return line;
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
       std::vector<std::vector<const char*>>{{},
                                             {"nothing"},
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
    for (const char* name : {"endpoint", "scheme", "port", "address", "registry", "insecure",
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

TEST(Snippets, HostsLinesHaveAnAddress) {
  SnippetValues given = values();
  EXPECT_NE(snippet("hosts", given).find("\n127.0.0.1 api.ecr.eu-west-1.amazonaws.com"),
            std::string::npos);
  given.endpoint = "https://192.0.2.7:8443/";
  EXPECT_NE(snippet("hosts", given).find("\n192.0.2.7 api.ecr"), std::string::npos);
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
  EXPECT_NE(error("env", "localhost:4599").find("--url localhost:4599: must be"),
            std::string::npos);
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
