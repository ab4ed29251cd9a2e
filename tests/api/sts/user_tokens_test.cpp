// GetSessionToken and GetFederationToken, and what their credentials may not call.

#include "api/core/unique_id.h"
#include "schemas/base/text.h"
#include "tests/api/query_fixture.h"

namespace ecr::api::test {
namespace {

using Error = std::pair<std::string, std::string>;

class UserTokens : public QueryTest {
 protected:
  UserTokens() {
    Json document = seed_user("jane", {{"all", policy("Allow", "*", "*")}});
    document["accounts"]["111122223333"]["repositories"] = {{{"name", "app"}}};
    seed(document);
    use(kSeededKeys);
  }
  int list_images() {
    return control
        .handle(signed_request("ListImages", R"({"repositoryName":"app"})", session_token))
        .status;
  }
};

TEST_F(UserTokens, ASessionTokenIsTheUser) {
  const Json credentials = sts("GetSessionToken")["Credentials"];
  EXPECT_EQ(credentials["Expiration"], "2023-11-15T10:13:20Z");  // twelve hours
  const Json before = sts("GetCallerIdentity");
  use(credentials);
  EXPECT_EQ(sts("GetCallerIdentity"), before);
  EXPECT_EQ(list_images(), 200);
  // With the user they go.
  auto txn = store->database().begin(storage::sql::Access::kWrite);
  storage::delete_entity(
      txn, storage::find_entity(txn, "111122223333", storage::EntityKind::kUser, "jane")->id);
  txn.commit();
  EXPECT_EQ(list_images(), 400);
}

TEST_F(UserTokens, TheRootUsersLastAnHourAtMost) {
  use(Keys{"111122223333", "test"});
  const Json credentials = sts("GetSessionToken", {{"DurationSeconds", "7200"}})["Credentials"];
  EXPECT_EQ(credentials["Expiration"], "2023-11-14T23:13:20Z");
  use(credentials);
  EXPECT_EQ(sts("GetCallerIdentity")["Arn"], "arn:aws:iam::111122223333:root");
}

TEST_F(UserTokens, ACodeOfAnotherDeviceIsRefused) {
  EXPECT_EQ(
      sts_fail("GetSessionToken",
               {{"SerialNumber", "arn:aws:iam::111122223333:mfa/jane"}, {"TokenCode", "123456"}},
               403)
          .second,
      "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your "
      "MFA serial number is valid and associated with this user.");
}

TEST_F(UserTokens, AFederatedUserHasWhatItsPolicyAndItsUserAllow) {
  const Json plain = sts("GetFederationToken", {{"Name", "guest"}});
  EXPECT_EQ(plain["FederatedUser"]["Arn"], "arn:aws:sts::111122223333:federated-user/guest");
  EXPECT_EQ(plain["FederatedUser"]["FederatedUserId"], "111122223333:guest");
  EXPECT_EQ(plain["PackedPolicySize"], 0);
  use(plain["Credentials"]);
  EXPECT_EQ(list_images(), 400);
  EXPECT_EQ(sts("GetCallerIdentity")["UserId"], "111122223333:guest");
  use(kSeededKeys);
  const Json limited =
      sts("GetFederationToken",
          {{"Name", "guest"}, {"Policy", policy("Allow", "ecr:ListImages", "*").dump()}});
  EXPECT_TRUE(limited.contains("PackedPolicySize"));
  use(limited["Credentials"]);
  EXPECT_EQ(list_images(), 200);
}

TEST_F(UserTokens, FederationIsAuthorized) {
  seed(seed_user("jane", {{"some", policy("Allow", "sts:GetFederationToken",
                                          "arn:aws:sts::111122223333:federated-user/guest")}}));
  sts("GetFederationToken", {{"Name", "guest"}});
  EXPECT_EQ(sts_fail("GetFederationToken", {{"Name", "other"}}, 403),
            Error("AccessDenied",
                  "User: arn:aws:iam::111122223333:user/jane is not authorized to perform: "
                  "sts:GetFederationToken on resource: "
                  "arn:aws:sts::111122223333:federated-user/other"));
  EXPECT_NE(
      sts_fail("GetFederationToken",
               {{"Name", "guest"}, {"Tags.member.1.Key", "a"}, {"Tags.member.1.Value", "b"}}, 403)
          .second.find("sts:TagSession"),
      std::string::npos);
}

TEST_F(UserTokens, SomeCallsAreClosedToTemporaryCredentials) {
  const Json role_trust = {{"Version", "2012-10-17"},
                           {"Statement",
                            {{{"Effect", "Allow"},
                              {"Principal", {{"AWS", "111122223333"}}},
                              {"Action", "sts:AssumeRole"}}}}};
  seed({{"accounts",
         {{"111122223333",
           {{"roles",
             {{{"name", "ci"},
               {"trustPolicy", role_trust},
               {"policies", {{"all", policy("Allow", "*", "*")}}}}}}}}}}});
  const Parameters role = {{"RoleArn", "arn:aws:iam::111122223333:role/ci"},
                           {"RoleSessionName", "build"}};
  const Json user = sts("GetSessionToken")["Credentials"];
  const Json federated =
      sts("GetFederationToken",
          {{"Name", "guest"}, {"Policy", policy("Allow", "*", "*").dump()}})["Credentials"];
  const Json assumed = sts("AssumeRole", role)["Credentials"];
  struct Case {
    const Json* credentials;
    const char* action;
    Parameters parameters;
    int status;
  };
  const Parameters guest = {{"Name", "guest"}};
  const Parameters key = {{"AccessKeyId", "ASIAQQQQQQQQQQQQQQQQ"}};
  const Case cases[] = {
      {&user, "GetSessionToken", {}, 403},      {&user, "GetFederationToken", guest, 403},
      {&user, "AssumeRole", role, 200},         {&user, "GetAccessKeyInfo", key, 403},
      {&federated, "GetSessionToken", {}, 403}, {&federated, "GetFederationToken", guest, 403},
      {&federated, "AssumeRole", role, 403},    {&federated, "GetCallerIdentity", {}, 200},
      {&assumed, "GetSessionToken", {}, 403},   {&assumed, "GetFederationToken", guest, 403},
      {&assumed, "AssumeRole", role, 200},      {&assumed, "GetAccessKeyInfo", key, 200},
  };
  for (const Case& one : cases) {
    use(*one.credentials);
    const auto response = sts_send(one.action, one.parameters);
    EXPECT_EQ(response.status, one.status) << one.action << body_of(response);
    if (one.status != 403) continue;
    EXPECT_EQ(xml_text(body_of(response), "Message"),
              base::format("Cannot call {} with session credentials", one.action));
  }
}

TEST(AccessKeyId, HoldsItsAccount) {
  CountingRandom random;
  for (const char* account : {"000000000000", "999999999999", "123456789012"}) {
    const std::string id = make_unique_id(random, kSessionKeyId, account);
    EXPECT_EQ(id.size(), 20u);
    EXPECT_EQ(account_in_id(id), account) << id;
    EXPECT_NE(make_unique_id(random, kSessionKeyId, account), id);
  }
  // A published pair of an id and its account.
  EXPECT_EQ(account_in_id("ASIAQNZGKIQY56JQ7WML"), "029608264753");
  for (const char* bad : {"", "ASIA", "ASIAQNZGKIQY56JQ7WM", "ASIA1NZGKIQY56JQ7WML"}) {
    EXPECT_FALSE(account_in_id(bad)) << bad;
  }
}

// A tag that shuts a user out shuts out whatever the user hands out, unless the session has the tag
// with another value.
TEST_F(UserTokens, AFederatedUserHasTheTagsOfItsUser) {
  Json all = policy("Allow", "*", "*");
  all["Statement"].push_back(
      {{"Effect", "Deny"},
       {"Action", "ecr:*"},
       {"Resource", "*"},
       {"Condition", {{"StringEquals", {{"aws:PrincipalTag/Quarantine", "yes"}}}}}});
  seed(seed_user("jane", {{"all", all}}));
  const Parameters guest = {{"Name", "guest"}, {"Policy", policy("Allow", "*", "*").dump()}};
  Parameters free = guest;
  free.emplace_back("Tags.member.1.Key", "quarantine");
  free.emplace_back("Tags.member.1.Value", "no");
  const Json before = sts("GetFederationToken", guest)["Credentials"];
  const Json other = sts("GetFederationToken", free)["Credentials"];
  use(before);
  EXPECT_EQ(list_images(), 200);
  use(Keys{"111122223333", "test"});
  call_query(
      "iam", "TagUser",
      {{"UserName", "jane"}, {"Tags.member.1.Key", "Quarantine"}, {"Tags.member.1.Value", "yes"}});
  use(before);
  EXPECT_EQ(list_images(), 400);
  use(other);
  EXPECT_EQ(list_images(), 200);
}

}  // namespace
}  // namespace ecr::api::test
