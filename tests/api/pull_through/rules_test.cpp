// The five operations on pull-through cache rules.
#include "api/pull_through/rules.h"

#include "schemas/base/text.h"
#include "tests/api/pull_through/fixture.h"

namespace ecr::api::test {
namespace {

const std::string kSecretArn =
    "arn:aws:secretsmanager:us-east-1:000000000000:secret:ecr-pullthroughcache/";

class PullThroughRules : public PullThroughTest {
 protected:
  static Json rule(const std::string& prefix, const std::string& url, Json more = Json::object()) {
    more["ecrRepositoryPrefix"] = prefix;
    more["upstreamRegistryUrl"] = url;
    return more;
  }
  Json describe(Json input = Json::object()) {
    return call("DescribePullThroughCacheRules", input)["pullThroughCacheRules"];
  }
};

TEST_F(PullThroughRules, AreCreatedDescribedUpdatedAndDeleted) {
  const Json created = call("CreatePullThroughCacheRule", rule("ecr-public", "public.ecr.aws"));
  EXPECT_EQ(created["upstreamRegistry"], "ecr-public");
  EXPECT_FALSE(created.contains("upstreamRepositoryPrefix"));
  EXPECT_EQ(created["createdAt"], 1700000000.123);
  const std::string secret = kSecretArn + "hub-AbCdEf";
  call("CreatePullThroughCacheRule",
       rule("hub/", "registry-1.docker.io",
            {{"credentialArn", secret}, {"upstreamRepositoryPrefix", "ROOT"}}));
  clock.time += std::chrono::seconds(10);
  const Json updated = call("UpdatePullThroughCacheRule", {{"ecrRepositoryPrefix", "hub"},
                                                           {"credentialArn", kSecretArn + "hub"}});
  EXPECT_EQ(updated["updatedAt"], 1700000010.123);
  EXPECT_EQ(updated["credentialArn"], kSecretArn + "hub");
  const Json all = describe();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]["ecrRepositoryPrefix"], "ecr-public");
  EXPECT_EQ(all[1], Json({{"ecrRepositoryPrefix", "hub/"},
                          {"registryId", "000000000000"},
                          {"upstreamRegistryUrl", "registry-1.docker.io"},
                          {"upstreamRegistry", "docker-hub"},
                          {"upstreamRepositoryPrefix", "ROOT"},
                          {"credentialArn", kSecretArn + "hub"},
                          {"createdAt", 1700000000.123},
                          {"updatedAt", 1700000010.123}}));
  EXPECT_EQ(describe({{"ecrRepositoryPrefixes", {"hub"}}}), Json::array({all[1]}));
  EXPECT_EQ(call("DeletePullThroughCacheRule", {{"ecrRepositoryPrefix", "hub"}})["credentialArn"],
            kSecretArn + "hub");
  EXPECT_EQ(describe().size(), 1u);
}

TEST_F(PullThroughRules, ASecretIsOfTheRulesAccountAndRegion) {
  call("CreatePullThroughCacheRule",
       rule("hub", "registry-1.docker.io", {{"credentialArn", kSecretArn + "hub"}}));
  for (const char* place : {"us-east-1:111122223333", "eu-west-1:000000000000"}) {
    const std::string arn = base::format(
        "arn:aws:secretsmanager:{}:secret:ecr-pullthroughcache/hub", std::string_view(place));
    EXPECT_EQ(fail("CreatePullThroughCacheRule",
                   rule("other", "registry-1.docker.io", {{"credentialArn", arn}}))
                  .first,
              "UnableToAccessSecretException");
    EXPECT_EQ(
        fail("UpdatePullThroughCacheRule", {{"ecrRepositoryPrefix", "hub"}, {"credentialArn", arn}})
            .first,
        "UnableToAccessSecretException");
  }
  EXPECT_EQ(describe().size(), 1u);
}

TEST_F(PullThroughRules, ComeInPages) {
  for (int i = 10; i < 15; ++i) {
    call("CreatePullThroughCacheRule", rule(base::format("p{}", i), "quay.io"));
  }
  std::vector<std::string> seen;
  Json input = {{"maxResults", 2}};
  for (;;) {
    const Json page = call("DescribePullThroughCacheRules", input);
    EXPECT_LE(page["pullThroughCacheRules"].size(), 2u);
    for (const auto& one : page["pullThroughCacheRules"]) {
      seen.push_back(one["ecrRepositoryPrefix"].get<std::string>());
    }
    if (!page.contains("nextToken")) break;
    input["nextToken"] = page["nextToken"];
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"p10", "p11", "p12", "p13", "p14"}));
}

TEST(PullThroughHosts, EcrIsKnownInEveryPartition) {
  for (const char* host : {"111122223333.dkr.ecr.eu-west-1.amazonaws.com",
                           "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com",
                           "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
                           "111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu"}) {
    EXPECT_EQ(pull_through::ecr_account(host), "111122223333") << host;
  }
  for (const char* host :
       {"1111.dkr.ecr.eu-west-1.amazonaws.com", "111122223333.dkr.ecr.eu-west-1.amazonaws.com:443",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.test",
        "111122223333.dkr.ecr.x.evil.test.amazonaws.com",
        "111122223333.dkr.ecr.eu-west-1.corp.test",
        "111122223333.dkr.ecr.cn-north-1.amazonaws.com"}) {
    EXPECT_EQ(pull_through::ecr_account(host), "") << host;
  }
}

TEST_F(PullThroughRules, BadInputIsRefused) {
  call("CreatePullThroughCacheRule", rule("taken", "public.ecr.aws"));
  const Json hub = {{"upstreamRegistry", "docker-hub"}};
  const auto with = [](const std::string& secret) { return Json{{"credentialArn", secret}}; };
  const std::string account_url = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
  const struct {
    const char* operation;
    Json input;
    const char* type;
  } kCases[] = {
      {"CreatePullThroughCacheRule", rule("taken/", "quay.io"),
       "PullThroughCacheRuleAlreadyExistsException"},
      {"CreatePullThroughCacheRule", rule("new", "registry.unknown.example"),
       "UnsupportedUpstreamRegistryException"},
      {"CreatePullThroughCacheRule", rule("new", "https://quay.io"),
       "UnsupportedUpstreamRegistryException"},
      {"CreatePullThroughCacheRule", rule("new", "127.0.0.1:5000"),
       "UnsupportedUpstreamRegistryException"},
      {"CreatePullThroughCacheRule", rule("new", "quay.io", hub),
       "UnsupportedUpstreamRegistryException"},
      {"CreatePullThroughCacheRule", rule("new", ".azurecr.io", with(kSecretArn + "hub")),
       "UnsupportedUpstreamRegistryException"},
      {"CreatePullThroughCacheRule", rule("new", "registry-1.docker.io"),
       "InvalidParameterException"},
      {"CreatePullThroughCacheRule", rule("new", "quay.io", with(kSecretArn + "hub")),
       "InvalidParameterException"},
      {"CreatePullThroughCacheRule", rule("new", "ghcr.io", with(kSecretArn + "none")),
       "SecretNotFoundException"},
      {"CreatePullThroughCacheRule", rule("new", "ghcr.io", with(kSecretArn + "locked")),
       "UnableToAccessSecretException"},
      {"CreatePullThroughCacheRule", rule("new", "ghcr.io", with(kSecretArn + "empty")),
       "UnableToDecryptSecretValueException"},
      {"CreatePullThroughCacheRule", rule("new", account_url), "InvalidParameterException"},
      {"CreatePullThroughCacheRule",
       rule("ROOT", "quay.io", {{"upstreamRepositoryPrefix", "team"}}),
       "InvalidParameterException"},
      {"CreatePullThroughCacheRule", rule("Bad", "quay.io"), "InvalidParameterException"},
      {"CreatePullThroughCacheRule", rule("a", "quay.io"), "InvalidParameterException"},
      {"CreatePullThroughCacheRule", rule(std::string(31, 'a'), "quay.io"),
       "InvalidParameterException"},
      {"UpdatePullThroughCacheRule",
       {{"ecrRepositoryPrefix", "none"}},
       "PullThroughCacheRuleNotFoundException"},
      {"UpdatePullThroughCacheRule",
       {{"ecrRepositoryPrefix", "taken"}, {"credentialArn", kSecretArn + "hub"}},
       "InvalidParameterException"},
      {"DeletePullThroughCacheRule",
       {{"ecrRepositoryPrefix", "none"}},
       "PullThroughCacheRuleNotFoundException"},
      {"ValidatePullThroughCacheRule",
       {{"ecrRepositoryPrefix", "none"}},
       "PullThroughCacheRuleNotFoundException"},
      {"DescribePullThroughCacheRules",
       {{"ecrRepositoryPrefixes", {"taken", "none"}}},
       "PullThroughCacheRuleNotFoundException"},
      {"DescribePullThroughCacheRules",
       {{"ecrRepositoryPrefixes", {"taken"}}, {"maxResults", 1}},
       "InvalidParameterException"},
      {"DescribePullThroughCacheRules", {{"nextToken", "no token"}}, "InvalidParameterException"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(fail(test.operation, test.input).first, test.type)
        << test.operation << test.input.dump();
  }
  EXPECT_EQ(describe().size(), 1u);
}

TEST_F(PullThroughRules, AreFiftyAtMost) {
  for (int i = 0; i < 50; ++i) {
    call("CreatePullThroughCacheRule", rule(base::format("p{}", i), "quay.io"));
  }
  EXPECT_EQ(fail("CreatePullThroughCacheRule", rule("last", "quay.io")).first,
            "LimitExceededException");
}

TEST_F(PullThroughRules, ARoleThatIsGivenMustBePassed) {
  keys = kSeededKeys;
  const std::string url = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
  const std::string role = "arn:aws:iam::111122223333:role/pull";
  const auto become = [this](const Json& actions) {
    const std::string seed = seed_user("jane", {{"p", policy("Allow", actions, "*")}}).dump();
    HttpRequest request = make_request("POST", "/_ecr-local/seed", {{"Host", "localhost"}}, seed);
    EXPECT_EQ(admin.handle(request).status, 200);
  };
  become({"ecr:CreatePullThroughCacheRule"});
  const Json wanted = rule("own", url, {{"customRoleArn", role}});
  EXPECT_EQ(fail("CreatePullThroughCacheRule", wanted).first, "AccessDeniedException");
  become({"ecr:CreatePullThroughCacheRule", "iam:PassRole"});
  EXPECT_EQ(call("CreatePullThroughCacheRule", wanted)["customRoleArn"], role);
}

TEST_F(PullThroughRules, ValidationAsksTheUpstream) {
  make_rule("mirror");
  const Json input = {{"ecrRepositoryPrefix", "mirror"}};
  const std::string url = std::string(kBase) + "/v2/";
  Json output = call("ValidatePullThroughCacheRule", input);
  EXPECT_EQ(output["isValid"], false);
  EXPECT_NE(output["failure"], "");
  upstream.set(url, {200, {}, "{}"});
  output = call("ValidatePullThroughCacheRule", input);
  EXPECT_EQ(output["isValid"], true);
  EXPECT_FALSE(output.contains("failure"));
  EXPECT_EQ(output["upstreamRegistryUrl"], kHost);
  upstream.set(url, {401, {}, ""});
  EXPECT_EQ(call("ValidatePullThroughCacheRule", input)["isValid"], false);
  EXPECT_EQ(upstream.times_asked(url), 3u);
}

}  // namespace
}  // namespace ecr::api::test
