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
      {"", {{"Host", "localhost"}, {"Origin", "http://evil.test"}}, "127.0.0.1", 403},
      {"", {{"Host", "localhost"}, {"Origin", "null"}}, "127.0.0.1", 403},
      {"", {{"Host", "localhost"}, {"Origin", "http://localhost"}}, "127.0.0.1", 200},
      {"", {{"Host", "localhost"}, {"Sec-Fetch-Site", "cross-site"}}, "127.0.0.1", 403},
      {"secret", {{"Host", "localhost"}}, "127.0.0.1", 403},
      {"secret", {{"Host", "localhost"}, {"Authorization", "Bearer wrong"}}, "127.0.0.1", 403},
      {"secret", {{"Host", "localhost"}, {"Authorization", "Bearer secret"}}, "10.0.0.1", 200},
      {"secret", {{"Host", "evil.test"}, {"Authorization", "Bearer secret"}}, "10.0.0.1", 403},
  };
  settings.admin_hosts = {"known.test"};
  for (const auto& [admin_token, headers, peer, status] : kCases) {
    settings.admin_token = admin_token;
    const auto response = admin.handle(admin_request("/_ecr-local/coverage", headers, peer));
    EXPECT_EQ(response.status, status) << headers[0].second << " " << peer;
  }
}

TEST_F(AdminTest, AwsCredentialsOpenNothingHere) {
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
  EXPECT_EQ(coverage["ecr"]["total"], 58);
  EXPECT_EQ(coverage["iam"]["total"], 176);
  EXPECT_EQ(coverage["ecr"]["operations"]["PutImage"], true);
  std::size_t done = 0;
  for (const Json& exists : coverage["ecr"]["operations"]) done += exists.get<bool>() ? 1 : 0;
  EXPECT_EQ(coverage["ecr"]["done"], done);
}

TEST_F(AdminTest, SeedErrorsNameTheirPlaceAndChangeNothing) {
  const std::pair<const char*, const char*> kCases[] = {
      {"{", "line 1: "},
      {R"({"acounts":{}})", "acounts: is not known here"},
      {R"({"accounts":{"12":{}}})", "accounts.12: an account is named by 12 digits"},
      {R"({"accounts":{"111122223333":{"users":[{}]}}})",
       "accounts.111122223333.users[0].name: is missing"},
      {R"({"accounts":{"111122223333":{"users":[{"name":"a b"}]}}})",
       "accounts.111122223333.users[0].name: does not match"},
      {R"({"accounts":{"111122223333":{"users":[{"name":"a","accessKeys":[{"accessKeyId":"test",
          "secretAccessKey":"x"}]}]}}})",
       "accounts.111122223333.users[0].accessKeys[0].accessKeyId: "},
      {R"({"accounts":{"111122223333":{"users":[{"name":"a","accessKeys":[
          {"accessKeyId":"AKIA0000000000000001","secretAccessKey":""}]}]}}})",
       "accounts.111122223333.users[0].accessKeys[0].secretAccessKey: must not be empty"},
      {R"({"accounts":{"111122223333":{"repositories":[{"name":"good"},{"name":"Bad"}]}}})",
       "accounts.111122223333.repositories[1].name: is not a repository name"},
      {R"({"accounts":{"111122223333":{"users":[{"name":"a","policies":{"p":{}}}]}}})",
       "accounts.111122223333.users[0].policies.p: "},
  };
  for (const auto& [document, place] : kCases) {
    const auto response =
        admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, document));
    EXPECT_EQ(response.status, 400) << document;
    const auto message = Json::parse(body_of(response))["message"].get<std::string>();
    EXPECT_TRUE(message.starts_with(place)) << message;
  }
  keys = {"111122223333", "test"};
  EXPECT_TRUE(call("DescribeRepositories", Json::object())["repositories"].empty());
}

TEST_F(AdminTest, ASeedTwiceIsTheSameAsOnce) {
  const Json seed = {
      {"accounts",
       {{"000000000000",
         {{"repositories",
           {{{"name", "app"}, {"tags", {{"k", "v"}}}, {"imageTagMutability", "IMMUTABLE"}}}}}}}}};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, seed.dump()))
                  .status,
              200);
    if (i == 0) push_image("app", "1", "content");
  }
  EXPECT_EQ(call("ListImages", {{"repositoryName", "app"}})["imageIds"].size(), 1u);
  EXPECT_EQ(call("DescribeRepositories", Json::object())["repositories"][0]["imageTagMutability"],
            "IMMUTABLE");
}

}  // namespace
}  // namespace ecr::api::test
