// What clients are told when they reach the server under AWS's names.
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

class EcrAwsHosts : public ApiTest {};

TEST_F(EcrAwsHosts, UrisNameRegistriesThatAwsServesAndAreOverTls) {
  const std::pair<const char*, const char*> kCases[] = {
      {"api.ecr.us-east-1.amazonaws.com", "000000000000.dkr.ecr.us-east-1.amazonaws.com"},
      {"ecr.us-east-1.amazonaws.com", "000000000000.dkr.ecr.us-east-1.amazonaws.com"},
      {"ecr.us-east-1.api.aws", "000000000000.dkr-ecr.us-east-1.on.aws"},
      {"ecr-fips.us-east-1.amazonaws.com", "000000000000.dkr.ecr-fips.us-east-1.amazonaws.com"},
      {"ecr-fips.us-east-1.api.aws", "000000000000.dkr-ecr-fips.us-east-1.on.aws"},
  };
  call("CreateRepository", {{"repositoryName", "app"}});
  for (const auto& [api, registry_name] : kCases) {
    host = api;
    const std::string name = registry_name;
    EXPECT_EQ(call("DescribeRepositories", Json::object())["repositories"][0]["repositoryUri"],
              name + "/app");
    const Json answer = call("GetAuthorizationToken", Json::object());
    EXPECT_EQ(answer["authorizationData"][0]["proxyEndpoint"], "https://" + name);
    // The name that was returned is the registry's.
    host = name;
    EXPECT_EQ(registry("GET", "/v2/app/tags/list").status, 200) << name;
  }
}

}  // namespace
}  // namespace ecr::api::test
