// GetScopedCredentials, and the sizes of session tokens.

#include "schemas/base/text.h"
#include "tests/api/query_fixture.h"

namespace ecr::api::test {
namespace {

class ScopedCredentials : public QueryTest {
 protected:
  ScopedCredentials() {
    Json document = seed_user("jane", {{"all", policy("Allow", "*", "*")}});
    document["accounts"]["111122223333"]["repositories"] = {{{"name", "app"}}};
    document["accounts"]["111122223333"]["roles"] = {
        {{"name", "ci"},
         {"maxSessionDuration", 43200},
         {"trustPolicy", trust_account()},
         {"policies", {{"all", policy("Allow", "*", "*")}}}}};
    seed(document);
    use(kSeededKeys);
  }
  static Json trust_account() {
    return {{"Version", "2012-10-17"},
            {"Statement",
             {{{"Effect", "Allow"},
               {"Principal", {{"AWS", "111122223333"}}},
               {"Action", {"sts:AssumeRole", "sts:SetSourceIdentity"}}}}}};
  }
  void become_role(Parameters more = {}) {
    more.emplace_back("RoleArn", "arn:aws:iam::111122223333:role/ci");
    more.emplace_back("RoleSessionName", "build");
    use(kSeededKeys);
    use(sts("AssumeRole", more)["Credentials"]);
  }
  static std::string text(const Json& action) { return policy("Allow", action, "*").dump(); }
  Json narrow(const Json& action) {
    return sts("GetScopedCredentials", {{"Policy", text(action)}});
  }
  std::string list_images() {
    const auto response =
        control.handle(signed_request("ListImages", R"({"repositoryName":"app"})", session_token));
    return response.status == 200 ? "" : body_of(response);
  }
};

TEST_F(ScopedCredentials, AreTheSameSessionWithFewerPermissions) {
  become_role({{"SourceIdentity", "jane"}});
  const Json before = sts("GetCallerIdentity");
  const Json output = narrow({"ecr:ListImages", "sts:GetScopedCredentials"});
  EXPECT_EQ(output["SessionInfo"]["Arn"], before["Arn"]);
  EXPECT_EQ(output["SessionInfo"]["ScopedSessionId"], before["UserId"]);
  EXPECT_EQ(output["ScopedPoliciesCount"], 1);
  EXPECT_EQ(output["SourceIdentity"], "jane");
  use(output["Credentials"]);
  EXPECT_EQ(sts("GetCallerIdentity"), before);
  EXPECT_EQ(list_images(), "");
  // Each policy narrows what the earlier ones left; none gives anything back.
  const Json second = narrow({"ecr:DescribeImages", "sts:*"});
  EXPECT_EQ(second["ScopedPoliciesCount"], 2);
  use(second["Credentials"]);
  EXPECT_NE(list_images().find("AccessDenied"), std::string::npos);
  EXPECT_EQ(sts_fail("GetFederationToken", {{"Name", "guest"}}, 403).first, "AccessDenied");
  EXPECT_EQ(sts("GetScopedCredentials", {{"DurationSeconds", "1"}})["ScopedPoliciesCount"], 2);
}

TEST_F(ScopedCredentials, NarrowWhatAResourcePolicyGivesTheSession) {
  call("SetRepositoryPolicy",
       {{"repositoryName", "app"},
        {"policyText",
         R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecr:ListImages",)"
         R"("Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/ci/build"}}]})"}});
  become_role({{"Policy", text("sts:*")}});
  EXPECT_EQ(list_images(), "");  // a session policy does not limit that
  use(narrow("ecr:DescribeImages")["Credentials"]);
  EXPECT_NE(list_images(), "");
}

TEST_F(ScopedCredentials, TheirPermissionIsTheirOwn) {
  become_role();
  use(narrow("ecr:*")["Credentials"]);
  EXPECT_EQ(list_images(), "");
  EXPECT_EQ(sts_fail("GetScopedCredentials", {{"DurationSeconds", "60"}}, 403).first,
            "AccessDenied");
}

TEST_F(ScopedCredentials, NeverOutliveTheCallingSession) {
  become_role({{"DurationSeconds", "900"}});  // from 22:13:20 on
  EXPECT_EQ(narrow("*")["Credentials"]["Expiration"], "2023-11-14T22:28:20Z");
  const auto lasting = [&](const char* duration_text) {
    return sts("GetScopedCredentials", {{"DurationSeconds", duration_text}})["Credentials"];
  };
  EXPECT_EQ(lasting("900")["Expiration"], "2023-11-14T22:28:20Z");
  EXPECT_EQ(sts_fail("GetScopedCredentials", {{"DurationSeconds", "901"}}, 400).first,
            "InsufficientSessionLifetime");
  use(lasting("60"));
  clock.time += std::chrono::seconds(59);
  EXPECT_EQ(sts_fail("GetScopedCredentials", {{"DurationSeconds", "2"}}, 400).first,
            "InsufficientSessionLifetime");
  use(lasting("1"));
  clock.time += std::chrono::seconds(1);
  EXPECT_EQ(sts_fail("GetCallerIdentity", {}, 403).first, "ExpiredToken");
}

TEST_F(ScopedCredentials, KeepWhenTheSessionBegan) {
  become_role();
  clock.time += std::chrono::seconds(100);
  // What revokes the sessions of a role names the time until which they were issued.
  const Json revoke = {
      {"Version", "2012-10-17"},
      {"Statement",
       {{{"Effect", "Deny"},
         {"Action", "*"},
         {"Resource", "*"},
         {"Condition", {{"DateLessThan", {{"aws:TokenIssueTime", "2023-11-14T22:14:00Z"}}}}}}}}};
  use(narrow("*")["Credentials"]);
  EXPECT_EQ(list_images(), "");
  const Json scoped = {{"AccessKeyId", keys.access_key},
                       {"SecretAccessKey", keys.secret},
                       {"SessionToken", session_token}};
  use(kSeededKeys);
  call_query("iam", "PutRolePolicy",
             {{"RoleName", "ci"}, {"PolicyName", "revoke"}, {"PolicyDocument", revoke.dump()}});
  use(scoped);
  EXPECT_NE(list_images(), "");
}

TEST_F(ScopedCredentials, OfEveryKindOfTemporaryCredentials) {
  use(sts("GetSessionToken")["Credentials"]);
  use(narrow("ecr:DescribeImages")["Credentials"]);
  EXPECT_NE(list_images(), "");
  EXPECT_EQ(sts("GetCallerIdentity")["Arn"], "arn:aws:iam::111122223333:user/jane");
  use(kSeededKeys);
  use(sts("GetFederationToken",
          {{"Name", "guest"}, {"Policy", text({"ecr:*", "sts:*"})}})["Credentials"]);
  use(narrow("ecr:ListImages")["Credentials"]);
  EXPECT_EQ(list_images(), "");
  EXPECT_EQ(sts("GetCallerIdentity")["UserId"], "111122223333:guest");
}

TEST_F(ScopedCredentials, AreNotForLongTermKeys) {
  for (const Keys& long_term : {kSeededKeys, Keys{"111122223333", "test"}}) {
    use(long_term);
    EXPECT_EQ(sts_fail("GetScopedCredentials", {{"DurationSeconds", "60"}}, 400).first,
              "InvalidSubjectCredentials");
  }
}

TEST_F(ScopedCredentials, AreNotAtTheGlobalEndpoint) {
  become_role();
  host = "sts.us-east-1.amazonaws.com";
  sts("GetScopedCredentials", {{"DurationSeconds", "60"}});
  host = "sts.amazonaws.com";
  EXPECT_EQ(sts_fail("GetScopedCredentials", {{"DurationSeconds", "60"}}, 400).first,
            "InvalidAction");
}

TEST_F(ScopedCredentials, BadInputIsRefused) {
  become_role();
  const std::string with_principal =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*",)"
      R"("Principal":"*"}]})";
  const struct {
    Parameters parameters;
    const char* error;
  } cases[] = {
      {{}, "ValidationError"},
      {{{"ScopedSessionDescription", "for a test"}}, "ValidationError"},
      {{{"DurationSeconds", "0"}}, "ValidationError"},
      {{{"DurationSeconds", "-1"}}, "ValidationError"},
      {{{"DurationSeconds", "129601"}}, "ValidationError"},
      {{{"DurationSeconds", "129600"}}, "InsufficientSessionLifetime"},
      {{{"DurationSeconds", "soon"}}, "MalformedQueryString"},
      {{{"Policy", ""}}, "ValidationError"},
      {{{"Policy", std::string(2049, ' ')}}, "ValidationError"},
      {{{"Policy", "{"}}, "MalformedPolicyDocument"},
      {{{"Policy", "[]"}}, "MalformedPolicyDocument"},
      {{{"Policy", with_principal}}, "MalformedPolicyDocument"},
      {{{"DurationSeconds", "60"}, {"ScopedSessionDescription", std::string(257, 'x')}},
       "ValidationError"},
      {{{"DurationSeconds", "60"}, {"MinimumSessionTokenSize", "4097"}}, "ValidationError"},
      {{{"DurationSeconds", "60"}, {"MinimumSessionTokenSize", "-1"}}, "ValidationError"},
  };
  for (const auto& c : cases) {
    const std::string shown = c.parameters.empty() ? "" : c.parameters.front().second.substr(0, 20);
    EXPECT_EQ(sts_fail("GetScopedCredentials", c.parameters, 400).first, c.error) << shown;
  }
  EXPECT_EQ(sts_fail("GetScopedCredentials", {{"Policy", "{"}}, 400).second,
            "The policy is not in the valid JSON format.");
}

TEST_F(ScopedCredentials, ATokenOfTooManyPoliciesIsTooLarge) {
  become_role();
  Json long_policy = policy("Allow", "*", "*");
  long_policy["Statement"][0]["Sid"] = std::string(1800, 'a');
  int count = 0;
  for (; count < 20; ++count) {
    const Parameters parameters = {{"Policy", long_policy.dump()}};
    const HttpResponse response = sts_send("GetScopedCredentials", parameters);
    if (response.status != 200) break;
    use(sts("GetScopedCredentials", parameters)["Credentials"]);
  }
  EXPECT_GT(count, 1);
  EXPECT_EQ(sts_fail("GetScopedCredentials", {{"Policy", long_policy.dump()}}, 400).first,
            "PackedPolicyTooLarge");
}

TEST_F(ScopedCredentials, TokensAreAsLongAsTheCallerWants) {
  const auto size = [](const Json& output) {
    const auto length = output["Credentials"]["SessionToken"].get<std::string>().size();
    EXPECT_EQ(output["SessionTokenSize"], length);
    EXPECT_GE(output["SessionTokenUtilization"], 0);
    EXPECT_LE(output["SessionTokenUtilization"], 100);
    return length;
  };
  const Parameters role = {{"RoleArn", "arn:aws:iam::111122223333:role/ci"},
                           {"RoleSessionName", "build"}};
  const auto with = [](Parameters parameters, const char* least) {
    parameters.emplace_back("MinimumSessionTokenSize", least);
    return parameters;
  };
  const std::pair<const char*, Parameters> operations[] = {
      {"AssumeRole", role}, {"GetSessionToken", {}}, {"GetFederationToken", {{"Name", "guest"}}}};
  for (const auto& [operation, parameters] : operations) {
    const auto usual = size(sts(operation, parameters));
    EXPECT_EQ(size(sts(operation, with(parameters, "0"))), usual) << operation;
    EXPECT_EQ(size(sts(operation, with(parameters, "1"))), usual) << operation;
    const Json longest = sts(operation, with(parameters, "4096"));
    EXPECT_EQ(size(longest), 4096U) << operation;
    EXPECT_EQ(longest["SessionTokenUtilization"], 100) << operation;
    EXPECT_GE(size(sts(operation, with(parameters, "4093"))), 4093U) << operation;
    EXPECT_EQ(sts_fail(operation, with(parameters, "4097"), 400).first, "ValidationError");
  }
  use(sts("AssumeRole", with(role, "4096"))["Credentials"]);
  EXPECT_EQ(size(sts("GetScopedCredentials",
                     {{"DurationSeconds", "60"}, {"MinimumSessionTokenSize", "4096"}})),
            4096U);
  EXPECT_GT(size(narrow("ecr:*")), size(sts("GetScopedCredentials", {{"DurationSeconds", "60"}})));
}

// 99designs/aws-vault issue 263.
TEST_F(ScopedCredentials, ARoleLastsAnHourForEveryTemporaryCredential) {
  const Parameters two_hours = {{"RoleArn", "arn:aws:iam::111122223333:role/ci"},
                                {"RoleSessionName", "build"},
                                {"DurationSeconds", "7200"}};
  sts("AssumeRole", two_hours);
  use(sts("GetSessionToken")["Credentials"]);
  EXPECT_EQ(sts_fail("AssumeRole", two_hours, 400),
            (std::pair<std::string, std::string>(
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed "
                "by role chaining.")));
}

TEST_F(ScopedCredentials, AnswersInJsonWhereTheClientAcceptsIt) {
  accept = "application/json";
  const HttpResponse good = sts_send("GetCallerIdentity");
  EXPECT_EQ(header_of(good, "Content-Type"), "application/json");
  const Json answer = Json::parse(body_of(good))["GetCallerIdentityResponse"];
  EXPECT_EQ(answer["GetCallerIdentityResult"]["Arn"], "arn:aws:iam::111122223333:user/jane");
  EXPECT_TRUE(answer["ResponseMetadata"].contains("RequestId"));
  const Json role = Json::parse(body_of(
      send_query("iam", "GetRole", {{"RoleName", "ci"}})))["GetRoleResponse"]["GetRoleResult"];
  EXPECT_EQ(role["Role"]["RoleName"], "ci");
  EXPECT_TRUE(role["Role"]["CreateDate"].is_number());
  const HttpResponse bad = send_query("iam", "GetRole", {{"RoleName", "none"}});
  EXPECT_EQ(bad.status, 404);
  const Json error = Json::parse(body_of(bad));
  EXPECT_EQ(error["Error"]["Code"], "NoSuchEntity");
  EXPECT_EQ(error["Error"]["Type"], "Sender");
  EXPECT_TRUE(error.contains("RequestId"));
  keys.secret = "wrong";
  const Json refused = Json::parse(body_of(sts_send("GetCallerIdentity")));
  EXPECT_EQ(refused["Error"]["Code"], "SignatureDoesNotMatch");
  for (const char* other : {"*/*", "text/xml", "text/xml, application/json"}) {
    accept = other;
    EXPECT_EQ(header_of(sts_send("GetCallerIdentity"), "Content-Type"), "text/xml") << other;
  }
}

}  // namespace
}  // namespace ecr::api::test
