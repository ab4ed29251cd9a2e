#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using AdminTest = ApiTest;
using HeaderPairs = std::vector<std::pair<std::string, std::string>>;

HttpRequest admin_request(const std::string& path, const HeaderPairs& headers,
                          const std::string& peer) {
  HttpRequest request = make_request("GET", path, headers, "");
  request.peer = peer;
  return request;
}

TEST_F(AdminTest, HealthIsOpenToEverybody) {
  const auto response = admin.handle(
      admin_request("/_ecr-local/health", {{"Host", "anything.example"}}, "203.0.113.9"));
  EXPECT_EQ(response.status, 200);
  const Json health = Json::parse(body_of(response));
  EXPECT_EQ(health["status"], "ready");
  EXPECT_EQ(health["account"], settings.account);
  EXPECT_EQ(health["region"], settings.region);
  EXPECT_EQ(health["registryHost"], settings.registry_host);
}

TEST_F(AdminTest, TheRestNeedsALoopbackPeerOrTheToken) {
  const struct {
    const char* token;  // that the server has
    HeaderPairs headers;
    const char* peer;
    int status;
  } kCases[] = {
      {"", {{"Host", "localhost:4599"}}, "127.0.0.1", 200},
      {"", {{"Host", "[::1]:4599"}}, "::1", 200},
      {"", {{"Host", "localhost:4599"}}, "203.0.113.9", 403},
      {"", {{"Host", "evil.test"}}, "127.0.0.1", 403},
      {"", {{"Host", "known.test"}}, "127.0.0.1", 200},
      // What a proxy passed on, whether or not its word for the client's address is taken.
      {"", {{"Host", "localhost"}, {"X-Forwarded-For", "203.0.113.9"}}, "127.0.0.1", 403},
      {"", {{"Host", "localhost"}, {"X-Forwarded-For", "127.0.0.1"}}, "127.0.0.1", 403},
      {"", {{"Host", "localhost"}, {"X-Forwarded-For", "203.0.113.9"}}, "127.0.0.2", 403},
      {"", {{"Host", "localhost"}, {"X-Forwarded-For", "127.0.0.1"}}, "127.0.0.2", 403},
      {"", {{"Host", "localhost"}, {"Forwarded", "for=127.0.0.1"}}, "127.0.0.1", 403},
      {"", {{"Host", "localhost"}, {"Via", "1.1 proxy"}}, "127.0.0.1", 403},
      {"secret",
       {{"Host", "localhost"}, {"Authorization", "Bearer secret"}, {"Via", "1.1 proxy"}},
       "127.0.0.1",
       200},
      {"secret", {{"Host", "localhost"}}, "127.0.0.1", 403},
      {"secret", {{"Host", "localhost"}, {"Authorization", "Bearer wrong"}}, "127.0.0.1", 403},
      {"secret", {{"Host", "localhost"}, {"Authorization", "Bearer secret"}}, "10.0.0.1", 200},
      {"secret", {{"Host", "evil.test"}, {"Authorization", "Bearer secret"}}, "10.0.0.1", 403},
  };
  settings.admin_hosts = {"known.test"};
  settings.trusted_proxies = {"127.0.0.2"};
  for (const auto& [admin_token, headers, peer, status] : kCases) {
    settings.admin_token = admin_token;
    HttpRequest request = admin_request("/_ecr-local/coverage", headers, peer);
    settle_client(request, settings.trusted_proxies);
    const auto response = admin.handle(request);
    EXPECT_EQ(response.status, status) << headers[0].second << " " << peer;
  }
}

TEST_F(AdminTest, ARefusalSaysWhatToDo) {
  const auto refusal = [&](const char* name, const std::string& peer) {
    const auto response =
        admin.handle(admin_request("/_ecr-local/coverage", {{"Host", name}}, peer));
    EXPECT_EQ(response.status, 403);
    return Json::parse(body_of(response))["message"].get<std::string>();
  };
  // A caller from a container, or from this machine over docker's bridge.
  const std::string far = refusal("localhost", "172.18.0.1");
  EXPECT_NE(far.find("you arrive as 172.18.0.1"), std::string::npos) << far;
  EXPECT_NE(far.find("ECR_LOCAL_ADMIN_TOKEN"), std::string::npos) << far;
  EXPECT_NE(refusal("registry.test:4599", "127.0.0.1").find("--admin-host registry.test"),
            std::string::npos);
  settings.admin_token = "secret";
  const std::string without = refusal("localhost", "127.0.0.1");
  EXPECT_NE(without.find("Authorization: Bearer TOKEN"), std::string::npos) << without;
  EXPECT_EQ(without.find("secret"), std::string::npos);
}

TEST_F(AdminTest, AwsCredentialsGiveNoAccess) {
  settings.admin_token = "secret";
  HttpRequest request = signed_request("DescribeRepositories", "{}");
  request.target = "/_ecr-local/coverage";
  EXPECT_EQ(admin.handle(request).status, 403);
  EXPECT_EQ(admin
                .handle(admin_request(
                    "/_ecr-local/coverage",
                    {{"Host", "localhost"}, {"Authorization", "Basic " + token()}}, "127.0.0.1"))
                .status,
            403);
}

TEST_F(AdminTest, CoverageNamesEveryOperationOfEveryService) {
  const Json coverage = Json::parse(body_of(
      admin.handle(admin_request("/_ecr-local/coverage", {{"Host", "localhost"}}, "127.0.0.1"))));
  EXPECT_EQ(coverage["ecr"]["total"], 62);
  EXPECT_EQ(coverage["iam"]["total"], 180);
  EXPECT_EQ(coverage["ecr"]["operations"]["PutImage"], true);
  std::size_t done = 0;
  for (const Json& exists : coverage["ecr"]["operations"]) done += exists.get<bool>() ? 1 : 0;
  EXPECT_EQ(coverage["ecr"]["done"], done);
}

}  // namespace
}  // namespace ecr::api::test
