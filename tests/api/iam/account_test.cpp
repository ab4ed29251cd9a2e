// Identity providers, aliases, passwords, summary and details through the IAM API.
#include <gmock/gmock.h>

#include "api/admin/seed/seed.h"
#include "api/core/background/event_log.h"
#include "storage/rows/iam/identity_providers.h"
#include "tests/api/iam/fixture.h"

namespace ecr::api::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class IamAccount : public IamTest {};

const std::string kOidc = "arn:aws:iam::111122223333:oidc-provider/tokens.example.com/x";
const std::string kThumbprint(40, 'a');

TEST_F(IamAccount, OidcProviders) {
  const Parameters create = {{"Url", "https://Tokens.example.com/x"},
                             {"ClientIDList.member.1", "sts.amazonaws.com"},
                             {"ThumbprintList.member.1", kThumbprint},
                             {"Tags.member.1.Key", "k"},
                             {"Tags.member.1.Value", "v"}};
  EXPECT_EQ(iam("CreateOpenIDConnectProvider", create)["OpenIDConnectProviderArn"], kOidc);
  EXPECT_EQ(iam_fail("CreateOpenIDConnectProvider", create, 409).first, "EntityAlreadyExists");
  const Parameters named = {{"OpenIDConnectProviderArn", kOidc}};
  const auto with = [&](const char* member, const std::string& value) {
    Parameters parameters = named;
    parameters.emplace_back(member, value);
    return parameters;
  };
  iam("AddClientIDToOpenIDConnectProvider", with("ClientID", "two"));
  iam("AddClientIDToOpenIDConnectProvider", with("ClientID", "two"));
  iam("UpdateOpenIDConnectProviderThumbprint",
      with("ThumbprintList.member.1", std::string(40, 'b')));
  const Json shown = iam("GetOpenIDConnectProvider", named);
  EXPECT_EQ(shown["Url"], "tokens.example.com/x");
  EXPECT_EQ(shown["ClientIDList"], (Json{"sts.amazonaws.com", "two"}));
  EXPECT_EQ(shown["ThumbprintList"], Json::array({std::string(40, 'b')}));
  EXPECT_EQ(shown["Tags"], (Json{{{"Key", "k"}, {"Value", "v"}}}));
  iam("RemoveClientIDFromOpenIDConnectProvider", with("ClientID", "two"));
  Parameters tag = named;
  tag.emplace_back("Tags.member.1.Key", "x");
  tag.emplace_back("Tags.member.1.Value", "y");
  iam("TagOpenIDConnectProvider", tag);
  iam("UntagOpenIDConnectProvider", with("TagKeys.member.1", "k"));
  EXPECT_THAT(names(iam("ListOpenIDConnectProviderTags", named)["Tags"], "Key"), ElementsAre("x"));
  EXPECT_EQ(iam("ListOpenIDConnectProviders")["OpenIDConnectProviderList"],
            (Json{{{"Arn", kOidc}}}));
  EXPECT_EQ(shown["CreateDate"], "2023-11-14T22:13:20.123Z");
  Parameters thumbprints = named;
  for (int i = 1; i <= 6; ++i) {
    thumbprints.emplace_back("ThumbprintList.member." + std::to_string(i), kThumbprint);
  }
  EXPECT_EQ(iam_fail("UpdateOpenIDConnectProviderThumbprint", thumbprints, 400),
            IamError("InvalidInput", "Thumbprint list must contain fewer than 5 entries."));
  iam("DeleteOpenIDConnectProvider", named);
  EXPECT_EQ(iam_fail("GetOpenIDConnectProvider", named, 404).first, "NoSuchEntity");
  EXPECT_EQ(iam_fail("DeleteOpenIDConnectProvider", named, 404),
            IamError("NoSuchEntity", "OpenId connect Provider " + kOidc + " cannot be found."));
  for (const char* url : {"http://a.example", "https://", "https:///x", "https://u@a.example"}) {
    EXPECT_EQ(iam_fail("CreateOpenIDConnectProvider", {{"Url", url}}, 400).first, "ValidationError")
        << url;
  }
  EXPECT_EQ(
      iam_fail("CreateOpenIDConnectProvider",
               {{"Url", "https://a.example"}, {"ThumbprintList.member.1", std::string(40, 'x')}},
               400)
          .first,
      "InvalidInput");
}

TEST_F(IamAccount, SamlProviders) {
  const std::string metadata = "<EntityDescriptor validUntil=\"2030-01-02T03:04:05Z\">" +
                               std::string(1000, ' ') + "</EntityDescriptor>";
  const std::string arn = "arn:aws:iam::111122223333:saml-provider/idp";
  EXPECT_EQ(iam_fail("CreateSAMLProvider",
                     {{"Name", "idp"}, {"SAMLMetadataDocument", std::string(1000, 'x')}}, 400)
                .first,
            "InvalidInput");
  EXPECT_EQ(iam("CreateSAMLProvider",
                {{"Name", "idp"}, {"SAMLMetadataDocument", metadata}})["SAMLProviderArn"],
            arn);
  const Json shown = iam("GetSAMLProvider", {{"SAMLProviderArn", arn}});
  EXPECT_EQ(shown["SAMLMetadataDocument"], metadata);
  EXPECT_EQ(shown["ValidUntil"], "2030-01-02T03:04:05.000Z");
  EXPECT_EQ(shown["CreateDate"], "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(shown["AssertionEncryptionMode"], "Allowed");
  EXPECT_EQ(shown["PrivateKeyList"], Json::array());
  EXPECT_EQ(shown["Tags"], Json::array());
  iam("UpdateSAMLProvider", {{"SAMLProviderArn", arn}, {"SAMLMetadataDocument", metadata + "\n"}});
  iam("TagSAMLProvider",
      {{"SAMLProviderArn", arn}, {"Tags.member.1.Key", "k"}, {"Tags.member.1.Value", "v"}});
  EXPECT_EQ(iam("ListSAMLProviderTags", {{"SAMLProviderArn", arn}})["Tags"].size(), 1U);
  iam("UntagSAMLProvider", {{"SAMLProviderArn", arn}, {"TagKeys.member.1", "k"}});
  EXPECT_EQ(iam("ListSAMLProviders")["SAMLProviderList"].size(), 1U);
  iam("DeleteSAMLProvider", {{"SAMLProviderArn", arn}});
  EXPECT_EQ(iam_fail("GetSAMLProvider", {{"SAMLProviderArn", arn}}, 404).first, "NoSuchEntity");
}

TEST_F(IamAccount, AliasesAreUniqueAmongAccounts) {
  iam("CreateAccountAlias", {{"AccountAlias", "acme"}});
  EXPECT_EQ(iam("ListAccountAliases")["AccountAliases"], Json::array({"acme"}));
  use(Keys{"999988887777", "test"});
  EXPECT_EQ(iam_fail("CreateAccountAlias", {{"AccountAlias", "acme"}}, 409).first,
            "EntityAlreadyExists");
  use(kRoot);
  EXPECT_EQ(iam_fail("DeleteAccountAlias", {{"AccountAlias", "other"}}, 404).first, "NoSuchEntity");
  iam("DeleteAccountAlias", {{"AccountAlias", "acme"}});
  EXPECT_THAT(iam("ListAccountAliases")["AccountAliases"], IsEmpty());
}

TEST_F(IamAccount, PasswordsAreCheckedAndNotStored) {
  EXPECT_EQ(iam_fail("GetAccountPasswordPolicy", {}, 404),
            IamError("NoSuchEntity",
                     "The Password Policy with domain name 111122223333 cannot be found."));
  EXPECT_EQ(
      iam_fail("DeleteAccountPasswordPolicy", {}, 404),
      IamError("NoSuchEntity", "The account policy with name PasswordPolicy cannot be found."));
  iam("UpdateAccountPasswordPolicy", {{"MinimumPasswordLength", "12"}, {"MaxPasswordAge", "30"}});
  const Json shown = iam("GetAccountPasswordPolicy")["PasswordPolicy"];
  EXPECT_EQ(shown["MinimumPasswordLength"], 12);
  EXPECT_EQ(shown["ExpirePasswords"], true);
  EXPECT_EQ(shown["RequireSymbols"], false);
  iam("CreateUser", {{"UserName", "jane"}});
  EXPECT_EQ(
      iam_fail("CreateLoginProfile", {{"UserName", "jane"}, {"Password", "short-one"}}, 400).first,
      "PasswordPolicyViolation");
  const std::string password = "a-planted-password";
  const Json profile =
      iam("CreateLoginProfile",
          {{"UserName", "jane"}, {"Password", password}, {"PasswordResetRequired", "true"}});
  EXPECT_EQ(profile["LoginProfile"]["PasswordResetRequired"], true);
  EXPECT_EQ(iam("GetLoginProfile", {{"UserName", "jane"}}), profile);
  iam("UpdateLoginProfile", {{"UserName", "jane"}, {"PasswordResetRequired", "false"}});
  EXPECT_EQ(iam_fail("DeleteUser", {{"UserName", "jane"}}, 409).second,
            "Cannot delete entity, must delete login profile first.");
  iam("DeleteLoginProfile", {{"UserName", "jane"}});
  EXPECT_EQ(iam_fail("GetLoginProfile", {{"UserName", "jane"}}, 404).first, "NoSuchEntity");
  iam("DeleteAccountPasswordPolicy");
}

TEST_F(IamAccount, RecordsHideSecrets) {
  iam("CreateUser", {{"UserName", "jane"}});
  const std::string secret =
      iam("CreateAccessKey", {{"UserName", "jane"}})["AccessKey"]["SecretAccessKey"]
          .get<std::string>();
  iam("CreateLoginProfile", {{"UserName", "jane"}, {"Password", "a-planted-password"}});
  const auto response = admin.handle(
      make_request("GET", "/_ecr-local/events?kind=record&limit=100", {{"Host", host}}, ""));
  const std::string records = body_of(response);
  EXPECT_THAT(records, HasSubstr("CreateAccessKey"));
  EXPECT_THAT(records, HasSubstr("CreateLoginProfile"));
  EXPECT_THAT(records, Not(HasSubstr(secret)));
  EXPECT_THAT(records, Not(HasSubstr("a-planted-password")));
}

TEST_F(IamAccount, SummaryCounts) {
  iam("CreateUser", {{"UserName", "jane"}});
  iam("CreateGroup", {{"GroupName", "devs"}});
  const Json map = iam("GetAccountSummary")["SummaryMap"];
  EXPECT_EQ(map["Users"], 1);
  EXPECT_EQ(map["Groups"], 1);
  EXPECT_EQ(map["Roles"], 0);
  EXPECT_EQ(map["VersionsPerPolicyQuota"], 5);
}

TEST_F(IamAccount, ListingsOfCredentialsAreEmptyAtFirst) {
  iam("CreateUser", {{"UserName", "jane"}});
  for (const char* operation : {"ListMFADevices", "ListSigningCertificates", "ListSSHPublicKeys",
                                "ListServiceSpecificCredentials"}) {
    iam(operation, {{"UserName", "jane"}});
    EXPECT_EQ(iam_fail(operation, {{"UserName", "joe"}}, 404).first, "NoSuchEntity");
  }
  iam("ListVirtualMFADevices");
  iam("ListServerCertificates");
}

TEST_F(IamAccount, TheSeedNamesAliasSamlProvidersAndServiceLinkedRoles) {
  const auto with = [](const char* metadata, const char* service) {
    return Json{{"accounts",
                 {{"111122223333",
                   {{"accountAlias", "my-team"},
                    {"samlProviders", {{{"name", "corp"}, {"metadata", metadata}}}},
                    {"serviceLinkedRoles", Json::array({service})}}}}}};
  };
  const Json good = with("<EntityDescriptor/>", "replication.ecr.amazonaws.com");
  seed(good);
  seed(good);  // twice is the same as once
  EXPECT_EQ(iam("ListAccountAliases")["AccountAliases"], Json::array({"my-team"}));
  EXPECT_EQ(iam("ListSAMLProviders")["SAMLProviderList"][0]["Arn"],
            "arn:aws:iam::111122223333:saml-provider/corp");
  EXPECT_EQ(iam("GetRole", {{"RoleName", "AWSServiceRoleForECRReplication"}})["Role"]["Path"],
            "/aws-service-role/replication.ecr.amazonaws.com/");
  EXPECT_THROW(admin::apply_seed(services, with("<none/>", "replication.ecr.amazonaws.com").dump()),
               admin::SeedError);
  EXPECT_THROW(admin::apply_seed(services, with("<EntityDescriptor/>", "s3").dump()),
               admin::SeedError);
}

TEST_F(IamAccount, DetailsShowEverythingPageByPage) {
  seed({{"accounts",
         {{"111122223333",
           {{"managedPolicies", {{{"name", "p"}, {"document", policy("Allow", "ecr:*", "*")}}}},
            {"groups", {{{"name", "devs"}, {"policies", {{"in", policy("Allow", "*", "*")}}}}}},
            {"users",
             {{{"name", "jane"},
               {"groups", {"devs"}},
               {"attachedPolicies", {"p", "arn:aws:iam::aws:policy/ReadOnlyAccess"}}}}},
            {"roles", {{{"name", "ci"}}}},
            {"oidcProviders", {{{"url", "https://a.example"}, {"clientIds", {"x"}}}}},
            {"instanceProfiles", {{{"name", "build"}, {"role", "ci"}}}}}}}}});
  const Json all = iam("GetAccountAuthorizationDetails");
  EXPECT_EQ(all["UserDetailList"][0]["GroupList"], Json::array({"devs"}));
  EXPECT_EQ(all["UserDetailList"][0]["AttachedManagedPolicies"].size(), 2U);
  // What is there and what is not where there is nothing: recorded from IAM.
  EXPECT_EQ(all["UserDetailList"][0]["Tags"], Json::array());
  EXPECT_FALSE(all["UserDetailList"][0].contains("UserPolicyList"));
  EXPECT_EQ(all["RoleDetailList"][0]["Tags"], Json::array());
  EXPECT_FALSE(all["GroupDetailList"][0].contains("Tags"));
  EXPECT_EQ(all["GroupDetailList"][0]["GroupPolicyList"][0]["PolicyName"], "in");
  EXPECT_EQ(all["RoleDetailList"][0]["InstanceProfileList"][0]["InstanceProfileName"], "build");
  EXPECT_THAT(names(all["Policies"], "PolicyName"), ElementsAre("p", "ReadOnlyAccess"));
  EXPECT_EQ(all["Policies"][0]["PolicyVersionList"].size(), 1U);
  std::size_t seen = 0;
  Parameters page = {{"MaxItems", "2"}};
  for (;;) {
    const Json some = iam("GetAccountAuthorizationDetails", page);
    for (const char* list : {"UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"}) {
      seen += some[list].size();
    }
    if (some["IsTruncated"] == false) break;
    page = {{"MaxItems", "2"}, {"Marker", some["Marker"].get<std::string>()}};
  }
  EXPECT_EQ(seen, 5U);
  const Json roles = iam("GetAccountAuthorizationDetails", {{"Filter.member.1", "Role"}});
  EXPECT_THAT(roles["UserDetailList"], IsEmpty());
  EXPECT_EQ(roles["RoleDetailList"].size(), 1U);
  EXPECT_EQ(iam("ListOpenIDConnectProviders")["OpenIDConnectProviderList"].size(), 1U);
}

}  // namespace
}  // namespace ecr::api::test
