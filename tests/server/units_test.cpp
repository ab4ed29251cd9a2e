// Small parts of the server: response heads, log lines, flags.
#include <cstdlib>
#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "server/cli/config.h"
#include "server/net/response_writer.h"
#include "server/runtime/access_log.h"
#include "server/runtime/listen_address.h"

namespace ecr::server {
namespace {

TEST(ResponseHead, CannotBeSplit) {
  api::HttpResponse response;
  response.set("Location", "/a\r\nSet-Cookie: x");
  const std::string head = response_head(response, "id", "date", true);
  EXPECT_EQ(head.find("\r\nSet-Cookie"), std::string::npos);
  EXPECT_NE(head.find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

TEST(ResponseHead, NoContentHasNoLength) {
  api::HttpResponse response;
  response.status = 204;
  EXPECT_EQ(response_head(response, "id", "date", true).find("Content-Length"), std::string::npos);
}

// What the log writes for one entry.
std::string logged(LogFormat format, const AccessEntry& entry) {
  int pipe_fds[2];
  EXPECT_EQ(pipe(pipe_fds), 0);
  {
    AccessLog log(format, pipe_fds[1]);
    log.write(entry);
  }
  close(pipe_fds[1]);
  std::string text(4096, '\0');
  const ssize_t n = read(pipe_fds[0], text.data(), text.size());
  close(pipe_fds[0]);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

TEST(AccessLog, AnEntryIsOneLineWithoutTheQuery) {
  api::LogNote note;
  note.principal = "arn:aws:iam::1:user/j";
  note.action = "ecr:PutImage";
  note.error = "a\nb";
  AccessEntry entry;
  entry.request_id = "id";
  entry.method = "PUT";
  entry.target = "/v2/a?X-Amz-Signature=secret";
  entry.status = 403;
  entry.note = &note;
  const std::string text = logged(LogFormat::kText, entry);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.find("secret"), std::string::npos);
  const auto json = nlohmann::json::parse(logged(LogFormat::kJson, entry));
  EXPECT_EQ(json["path"], "/v2/a");
  EXPECT_EQ(json["error"], "a\nb");
  EXPECT_EQ(json["requestId"], "id");
  EXPECT_EQ(logged(LogFormat::kOff, entry), "");
}

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

TEST(Config, ListenAddresses) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:80", "--listen").port, 80);
  EXPECT_EQ(parse_listen_address("[::1]:0", "--listen").host, "::1");
  EXPECT_EQ(parse_listen_address(":80", "--listen").host, "0.0.0.0");
  for (const char* bad : {"", "80", "host", "host:", "host:x", "host:70000", "::1:80"}) {
    EXPECT_THROW(parse_listen_address(bad, "--listen"), std::runtime_error) << bad;
  }
}

}  // namespace
}  // namespace ecr::server
