#include "schemas/model/aws_hosts.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "schemas/base/text.h"

namespace ecr::model {
namespace {

// "123456789012 us-east-1 fips dual"; empty: no name of a registry.
std::string registry_text(std::string_view host) {
  const auto registry = parse_registry_host(host);
  if (!registry) return {};
  return registry->account + " " + registry->region + (registry->fips ? " fips" : "") +
         (registry->dual_stack ? " dual" : "");
}

TEST(RegistryHost, AllForms) {
  const std::pair<const char*, const char*> kCases[] = {
      {"123456789012.dkr.ecr.us-east-1.amazonaws.com", "123456789012 us-east-1"},
      {"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "123456789012 cn-north-1"},
      {"123456789012.dkr.ecr.eu-west-1.localhost:4599", "123456789012 eu-west-1"},
      {"123456789012.dkr-ecr.us-west-2.on.aws", "123456789012 us-west-2 dual"},
      {"123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "123456789012 us-gov-west-1 fips"},
      {"123456789012.dkr-ecr-fips.us-east-1.on.aws", "123456789012 us-east-1 fips dual"},
      {"123456789012.DKR.ECR.us-east-1.localhost.localstack.cloud", "123456789012 us-east-1"},
      {"localhost:4599", ""},
      {"127.0.0.1:4599", ""},
      {"12345.dkr.ecr.us-east-1.localhost", ""},
      {"123456789012.dkr.ecr.us-east-1", ""},
      {"123456789012.dkr.ecr-public.us-east-1.amazonaws.com", ""},
      {"123456789012.dkr-s3.us-east-1.on.aws", ""},
      {"123456789012.dkr", ""},
      {"123456789012.s3.us-east-1.localhost", ""},
  };
  for (const auto& [host, expected] : kCases) EXPECT_EQ(registry_text(host), expected) << host;
}

TEST(RegistryHost, IsWrittenAsItWasRead) {
  for (const std::string host :
       {"123456789012.dkr.ecr.us-east-1.amazonaws.com", "123456789012.dkr-ecr.us-east-1.on.aws",
        "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com",
        "123456789012.dkr-ecr-fips.us-east-1.on.aws", "123456789012.dkr.ecr.us-east-1.corp.test"}) {
    EXPECT_EQ(parse_registry_host(host)->text(), host);
  }
}

// "ecr us-east-1 aws fips dual"; empty: no name of an API.
std::string api_text(std::string_view host) {
  const auto api = parse_api_host(host);
  if (!api) return {};
  return base::format("{} {} {}{}{}", api->service, api->region.empty() ? "-" : api->region,
                      api->partition->name, api->fips ? " fips" : "",
                      api->dual_stack ? " dual" : "");
}

TEST(ApiHost, AllForms) {
  const std::pair<const char*, const char*> kCases[] = {
      {"api.ecr.eu-west-1.amazonaws.com", "ecr eu-west-1 aws"},
      {"API.ECR.eu-west-1.AMAZONAWS.com:443", "ecr eu-west-1 aws"},
      {"api.ecr.eu-west-1.localhost:4599", "ecr eu-west-1 aws"},
      {"api.ecr-fips.us-east-1.amazonaws.com", "ecr us-east-1 aws fips"},
      {"ecr.eu-west-1.amazonaws.com", "ecr eu-west-1 aws"},
      {"ecr-fips.us-gov-west-1.amazonaws.com", "ecr us-gov-west-1 aws-us-gov fips"},
      {"ecr.eu-west-1.api.aws", "ecr eu-west-1 aws dual"},
      {"ecr-fips.us-east-1.api.aws", "ecr us-east-1 aws fips dual"},
      {"ecr.cn-north-1.amazonaws.com.cn", "ecr cn-north-1 aws-cn"},
      {"ecr.cn-north-1.api.amazonwebservices.com.cn", "ecr cn-north-1 aws-cn dual"},
      {"api.ecr.us-iso-east-1.c2s.ic.gov", "ecr us-iso-east-1 aws-iso"},
      {"api.ecr.us-iso-east-1.api.aws.ic.gov", "ecr us-iso-east-1 aws-iso dual"},
      {"ecr.eusc-de-east-1.amazonaws.eu", "ecr eusc-de-east-1 aws-eusc"},
      {"sts.ap-south-1.amazonaws.com", "sts ap-south-1 aws"},
      {"sts-fips.us-east-1.amazonaws.com", "sts us-east-1 aws fips"},
      {"sts.us-isob-east-1.sc2s.sgov.gov", "sts us-isob-east-1 aws-iso-b"},
      {"sts.ap-south-1.api.aws", "sts ap-south-1 aws dual"},
      {"sts.amazonaws.com", "sts - aws"},
      {"iam.amazonaws.com", "iam - aws"},
      {"iam.global.api.aws", "iam - aws dual"},
      {"iam.us-gov.amazonaws.com", "iam - aws-us-gov"},
      {"iam.us-gov.api.aws", "iam - aws-us-gov dual"},
      {"iam.cn-north-1.amazonaws.com.cn", "iam cn-north-1 aws-cn"},
      {"iam.global.api.amazonwebservices.com.cn", "iam - aws-cn dual"},
      {"organizations.us-east-1.amazonaws.com", "organizations us-east-1 aws"},
      {"ecr.amazonaws.com", ""},
      {"ecr.team.example", ""},
      {"ecr.eu-west-1.localhost", ""},
      {"sts.us-gov.amazonaws.com", ""},
      {"sts.a.b.amazonaws.com", ""},
      {"api.ecr.eu-west-1", ""},
      {"api.ecr-public.us-east-1.amazonaws.com", ""},
      {"s3.us-east-1.amazonaws.com", ""},
      {"123456789012.dkr.ecr.us-east-1.amazonaws.com", ""},
      {"amazonaws.com", ""},
      {".amazonaws.com", ""},
      {"ecr.eu-west-1.notamazonaws.com", ""},
      {"localhost:4599", ""},
      {"[::1]:4599", ""},
      {"", ""},
  };
  for (const auto& [host, expected] : kCases) EXPECT_EQ(api_text(host), expected) << host;
}

TEST(ApiHost, SaysForWhichRegionToSign) {
  EXPECT_EQ(signing_region("ecr.eu-west-1.api.aws"), "eu-west-1");
  EXPECT_EQ(signing_region("sts.us-gov-west-1.amazonaws.com:443"), "us-gov-west-1");
  for (const char* host : {"sts.amazonaws.com", "iam.us-gov.amazonaws.com", "localhost"}) {
    EXPECT_EQ(signing_region(host), std::nullopt) << host;
  }
}

TEST(ApiHost, HasARegistryThatAwsServes) {
  const std::pair<const char*, const char*> kCases[] = {
      {"api.ecr.eu-west-1.amazonaws.com", "1.dkr.ecr.eu-west-1.amazonaws.com"},
      {"ecr.eu-west-1.amazonaws.com", "1.dkr.ecr.eu-west-1.amazonaws.com"},
      {"ecr.eu-west-1.api.aws", "1.dkr-ecr.eu-west-1.on.aws"},
      {"ecr-fips.us-east-1.amazonaws.com", "1.dkr.ecr-fips.us-east-1.amazonaws.com"},
      {"api.ecr-fips.us-east-1.amazonaws.com", "1.dkr.ecr-fips.us-east-1.amazonaws.com"},
      {"ecr-fips.us-east-1.api.aws", "1.dkr-ecr-fips.us-east-1.on.aws"},
      {"ecr.cn-north-1.api.amazonwebservices.com.cn",
       "1.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn"},
      {"api.ecr.us-iso-east-1.api.aws.ic.gov", "1.dkr.ecr.us-iso-east-1.c2s.ic.gov"},
      {"api.ecr.eu-west-1.localhost", "1.dkr.ecr.eu-west-1.localhost"},
  };
  for (const auto& [host, registry] : kCases) {
    const ApiHost api = *parse_api_host(host);
    EXPECT_EQ(registry_of_api(api, {"1", api.region}).text(), registry) << host;
  }
}

TEST(AwsName, IsBelowAwssOwnDomains) {
  for (const char* host :
       {"sts.amazonaws.com", "S3.AmazonAws.com:443", "x.on.aws", "x.api.aws", "x.amazonaws.com.cn",
        "x.on.amazonwebservices.eu", "x.cloud.adc-e.uk", "x.api.aws.scloud"}) {
    EXPECT_TRUE(is_aws_name(host)) << host;
  }
  for (const char* host : {"amazonaws.com", "notamazonaws.com", "x.aws", "amazonaws.com.evil.test",
                           "localhost", "", ".", "[::1]"}) {
    EXPECT_FALSE(is_aws_name(host)) << host;
  }
}

// What is printed for /etc/hosts and put into certificates is understood when clients use it.
TEST(AwsHosts, AreNamesThatAreUnderstood) {
  for (const Partition& partition : partitions()) {
    const auto hosts = aws_hosts(partition.global_region, "123456789012");
    for (const std::string& host : hosts) {
      EXPECT_TRUE(is_aws_name(host)) << host;
      EXPECT_TRUE(parse_api_host(host) || parse_registry_host(host)) << host;
      EXPECT_EQ(std::count(hosts.begin(), hosts.end(), host), 1) << host;
      if (const auto api = parse_api_host(host); api && api->service == "ecr") {
        // A repositoryUri that was asked for here names a host of the list.
        const auto registry = registry_of_api(*api, {"123456789012", api->region}).text();
        EXPECT_EQ(std::count(hosts.begin(), hosts.end(), registry), 1) << registry;
      }
    }
  }
}

}  // namespace
}  // namespace ecr::model
