// Reports about credentials and the use of services, and settings of the account.
#include <gmock/gmock.h>

#include "schemas/base/encoding.h"
#include "tests/api/iam/fixture.h"

namespace ecr::api::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Reports : public IamTest {
 protected:
  std::string content() {
    return base::base64_decode(iam("GetCredentialReport")["Content"].get<std::string>()).value();
  }
};

TEST_F(Reports, TheCredentialReportIsMadeEveryFourHours) {
  become("jane", policy("Allow", "iam:ListUsers", "*"));
  iam("ListUsers");
  use(kRoot);
  EXPECT_EQ(iam_fail("GetCredentialReport", {}, 410).first, "ReportNotPresent");
  EXPECT_EQ(iam("GenerateCredentialReport")["State"], "STARTED");
  EXPECT_EQ(iam("GenerateCredentialReport")["State"], "COMPLETE");
  EXPECT_EQ(iam("GetCredentialReport")["GeneratedTime"], "2023-11-14T22:13:20Z");
  const std::string report = content();
  EXPECT_THAT(report, ::testing::StartsWith("user,arn,user_creation_time,password_enabled,"));
  EXPECT_THAT(report, HasSubstr("\n<root_account>,arn:aws:iam::111122223333:root,"));
  EXPECT_THAT(report,
              HasSubstr("\njane,arn:aws:iam::111122223333:user/jane,2023-11-14T22:13:20+00:00,"
                        "false,N/A,N/A,N/A,false,true,2023-11-14T22:13:20+00:00,"
                        "2023-11-14T22:13:20+00:00,us-east-1,iam,false,N/A,N/A,N/A,N/A,"
                        "false,N/A,false,N/A"));
  // Every line has as many columns as the first.
  std::size_t columns = 0;
  std::size_t begin = 0;
  while (begin <= report.size()) {
    const std::size_t end = std::min(report.find('\n', begin), report.size());
    const auto commas = std::count(report.begin() + static_cast<std::ptrdiff_t>(begin),
                                   report.begin() + static_cast<std::ptrdiff_t>(end), ',');
    if (columns == 0) columns = static_cast<std::size_t>(commas);
    EXPECT_EQ(static_cast<std::size_t>(commas), columns);
    begin = end + 1;
  }
  iam("CreateUser", {{"UserName", "joe"}});
  EXPECT_EQ(iam("GenerateCredentialReport")["State"], "COMPLETE");
  EXPECT_THAT(content(), ::testing::Not(HasSubstr("\njoe,")));
  clock.time += std::chrono::hours(4);
  EXPECT_EQ(iam_fail("GetCredentialReport", {}, 410).first, "ReportExpired");
  EXPECT_EQ(iam("GenerateCredentialReport")["State"], "STARTED");
  EXPECT_THAT(content(), HasSubstr("\njoe,"));
}

TEST_F(Reports, ServicesLastAccessed) {
  become("jane", {{"Version", "2012-10-17"},
                  {"Statement",
                   {{{"Effect", "Allow"},
                     {"Action", {"iam:ListUsers", "s3:GetObject"}},
                     {"Resource", "*"}}}}});
  iam("ListUsers");
  use(kRoot);
  const Json job =
      iam("GenerateServiceLastAccessedDetails", {{"Arn", "arn:aws:iam::111122223333:user/jane"}});
  const Parameters named = {{"JobId", job["JobId"].get<std::string>()}};
  const Json details = iam("GetServiceLastAccessedDetails", named);
  EXPECT_EQ(details["JobStatus"], "COMPLETED");
  EXPECT_EQ(details["JobType"], "SERVICE_LEVEL");
  const Json& used = details["ServicesLastAccessed"];
  EXPECT_THAT(names(used, "ServiceNamespace"), ElementsAre("iam", "s3"));
  EXPECT_EQ(used[0]["LastAuthenticated"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(used[0]["LastAuthenticatedEntity"], "arn:aws:iam::111122223333:user/jane");
  EXPECT_EQ(used[0]["TotalAuthenticatedEntities"], 1);
  EXPECT_FALSE(used[1].contains("LastAuthenticated"));
  const auto entities = [&](const char* service) {
    return iam("GetServiceLastAccessedDetailsWithEntities",
               {named[0], {"ServiceNamespace", service}})["EntityDetailsList"];
  };
  EXPECT_EQ(entities("iam")[0]["EntityInfo"]["Name"], "jane");
  EXPECT_THAT(entities("s3"), IsEmpty());
  EXPECT_EQ(iam_fail("GetServiceLastAccessedDetailsWithEntities",
                     {named[0], {"ServiceNamespace", "ec2"}}, 400)
                .first,
            "InvalidInput");
}

TEST_F(Reports, ServicesLastAccessedByAPolicyAndAGroup) {
  const std::string arn =
      iam("CreatePolicy", {{"PolicyName", "p"},
                           {"PolicyDocument", policy("Allow", "*", "*").dump()}})["Policy"]["Arn"]
          .get<std::string>();
  become("jane", policy("Allow", "sts:TagSession", "*"));
  sts("GetCallerIdentity");
  use(kRoot);
  iam("CreateGroup", {{"GroupName", "devs"}});
  iam("AddUserToGroup", {{"GroupName", "devs"}, {"UserName", "jane"}});
  iam("AttachGroupPolicy", {{"GroupName", "devs"}, {"PolicyArn", arn}});
  for (const std::string& subject : {arn, std::string("arn:aws:iam::111122223333:group/devs")}) {
    const Json job = iam("GenerateServiceLastAccessedDetails", {{"Arn", subject}});
    const Json used = iam("GetServiceLastAccessedDetails",
                          {{"JobId", job["JobId"].get<std::string>()}})["ServicesLastAccessed"];
    EXPECT_THAT(names(used, "ServiceNamespace"), ElementsAre("ecr", "iam", "organizations", "sts"));
    EXPECT_EQ(used[3]["LastAuthenticatedEntity"], "arn:aws:iam::111122223333:user/jane");
  }
}

TEST_F(Reports, WhatCannotBeReported) {
  const struct {
    const char* operation;
    Parameters parameters;
    const char* code;
    int status;
  } rows[] = {
      {"GenerateServiceLastAccessedDetails",
       {{"Arn", "arn:aws:iam::111122223333:user/nobody"}},
       "NoSuchEntity",
       404},
      {"GenerateServiceLastAccessedDetails",
       {{"Arn", "arn:aws:s3:::bucket-of-someone"}},
       "ValidationError",
       400},
      {"GetServiceLastAccessedDetails",
       {{"JobId", "00000000-0000-0000-0000-000000000000"}},
       "NoSuchEntity",
       404},
      {"GetServiceLastAccessedDetails", {{"JobId", "x"}}, "ValidationError", 400},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(iam_fail(row.operation, row.parameters, row.status).first, row.code) << row.operation;
  }
  iam("CreateUser", {{"UserName", "jane"}});
  EXPECT_EQ(
      iam_fail("GenerateServiceLastAccessedDetails",
               {{"Arn", "arn:aws:iam::111122223333:user/jane"}, {"Granularity", "ACTION_LEVEL"}},
               400)
          .first,
      "InvalidInput");
}

TEST_F(Reports, AccountProperties) {
  EXPECT_EQ(iam("GetAccountProperties")["Properties"], Json::object());
  const auto put = [](const std::string& key, const std::string& value) {
    return Parameters{{"Properties.entry.1.key", key}, {"Properties.entry.1.value", value}};
  };
  iam("PutAccountProperties", put("RoleManager/Enabled", "true"));
  iam("PutAccountProperties", put("RoleManager/Other", "x"));
  EXPECT_EQ(iam("GetAccountProperties")["Properties"],
            (Json{{"RoleManager/Enabled", "true"}, {"RoleManager/Other", "x"}}));
  for (const char* key : {"Enabled", "A/", "A/B/C"}) {
    EXPECT_EQ(iam_fail("PutAccountProperties", put(key, "true"), 400).first, "InvalidInput") << key;
  }
  Parameters two = put("A/x", "1");
  two.emplace_back("Properties.entry.2.key", "B/x");
  two.emplace_back("Properties.entry.2.value", "1");
  EXPECT_EQ(iam_fail("PutAccountProperties", two, 400).first, "InvalidInput");
}

TEST_F(Reports, SettingsOfTheAccount) {
  EXPECT_EQ(iam("GetAccountSummary")["SummaryMap"]["GlobalEndpointTokenVersion"], 1);
  iam("SetSecurityTokenServicePreferences", {{"GlobalEndpointTokenVersion", "v2Token"}});
  EXPECT_EQ(iam("GetAccountSummary")["SummaryMap"]["GlobalEndpointTokenVersion"], 2);

  EXPECT_EQ(iam_fail("GetOutboundWebIdentityFederationInfo", {}, 404).first, "FeatureDisabled");
  EXPECT_EQ(iam_fail("DisableOutboundWebIdentityFederation", {}, 404).first, "FeatureDisabled");
  const Json issuer = iam("EnableOutboundWebIdentityFederation")["IssuerIdentifier"];
  EXPECT_EQ(iam_fail("EnableOutboundWebIdentityFederation", {}, 409).first, "FeatureEnabled");
  EXPECT_EQ(iam("GetOutboundWebIdentityFederationInfo"),
            (Json{{"IssuerIdentifier", issuer}, {"JwtVendingEnabled", true}}));
  iam("DisableOutboundWebIdentityFederation");
}

TEST_F(Reports, FeaturesOfTheOrganization) {
  EXPECT_EQ(iam_fail("ListOrganizationsFeatures", {}, 400).first, "OrganizationNotFoundException");
  seed({{"organization",
         {{"id", "o-exampleorg"},
          {"managementAccount", "111122223333"},
          {"accounts", {{"999988887777", Json::object()}}}}}});
  iam("EnableOrganizationsRootSessions");
  EXPECT_EQ(iam("EnableOrganizationsRootCredentialsManagement"),
            (Json{{"OrganizationId", "o-exampleorg"},
                  {"EnabledFeatures", {"RootSessions", "RootCredentialsManagement"}}}));
  iam("DisableOrganizationsRootSessions");
  EXPECT_EQ(iam("ListOrganizationsFeatures")["EnabledFeatures"],
            Json::array({"RootCredentialsManagement"}));
  EXPECT_THAT(iam("DisableOrganizationsRootCredentialsManagement")["EnabledFeatures"], IsEmpty());
  use(Keys{"999988887777", "test"});
  EXPECT_EQ(iam_fail("EnableOrganizationsRootSessions", {}, 400).first,
            "CallerIsNotManagementAccountException");
  EXPECT_EQ(iam_fail("ListOrganizationsFeatures", {}, 400).first,
            "AccountNotManagementOrDelegatedAdministratorException");
}

}  // namespace
}  // namespace ecr::api::test
