// AssumeRole: who may, what the session carries, how it is refused.

#include "schemas/base/text.h"
#include "tests/api/query_fixture.h"

namespace ecr::api::test {
namespace {

using Error = std::pair<std::string, std::string>;

constexpr const char* kRole = "arn:aws:iam::111122223333:role/build/ci";
constexpr const char* kOther = "arn:aws:iam::111122223333:role/other";
constexpr const char* kJane = "arn:aws:iam::111122223333:user/jane";

Json trust(const Json& principal, const Json& actions = "sts:AssumeRole",
           const Json& condition = nullptr) {
  Json statement = {{"Effect", "Allow"}, {"Principal", principal}, {"Action", actions}};
  if (!condition.is_null()) statement["Condition"] = condition;
  return {{"Version", "2012-10-17"}, {"Statement", Json::array({statement})}};
}

Error denied(const std::string& caller, const std::string& action, const std::string& role) {
  return {"AccessDenied", base::format("User: {} is not authorized to perform: {} on resource: {}",
                                       caller, action, role)};
}

class AssumeRole : public QueryTest {
 protected:
  // Role build/ci with this trust policy; jane, who has the policies.
  void people(const Json& trust_policy, const Json& user_policies = Json::object(),
              const Json& role_policies = Json::object(), int max_duration = 3600) {
    Json document = seed_user("jane", user_policies);
    document["accounts"]["111122223333"]["roles"] = {{{"name", "ci"},
                                                      {"path", "/build/"},
                                                      {"trustPolicy", trust_policy},
                                                      {"policies", role_policies},
                                                      {"maxSessionDuration", max_duration}}};
    document["accounts"]["111122223333"]["repositories"] = {{{"name", "app"}}};
    seed(document);
    use(kSeededKeys);
  }
  Parameters of(Parameters more = {}, const std::string& role = kRole) {
    more.emplace_back("RoleArn", role);
    more.emplace_back("RoleSessionName", "build-1");
    return more;
  }
  // A signed ListImages of the repository "app".
  int list_images() {
    return control
        .handle(signed_request("ListImages", R"({"repositoryName":"app"})", session_token))
        .status;
  }
};

const Json kMayAssume = {{"assume", policy("Allow", "sts:*", "*")}};
const Json kMayList = {{"list", policy("Allow", "ecr:ListImages", "*")}};

TEST_F(AssumeRole, GivesCredentialsThatAreTheRolesSession) {
  people(trust({{"AWS", kJane}}), Json::object(), kMayList);
  EXPECT_EQ(list_images(), 400);
  const Json output = sts("AssumeRole", of());
  EXPECT_EQ(output["AssumedRoleUser"]["Arn"], "arn:aws:sts::111122223333:assumed-role/ci/build-1");
  EXPECT_FALSE(output.contains("PackedPolicySize"));
  EXPECT_FALSE(output.contains("SourceIdentity"));
  const Json credentials = output["Credentials"];
  EXPECT_TRUE(credentials["AccessKeyId"].get<std::string>().starts_with("ASIA"));
  EXPECT_EQ(credentials["AccessKeyId"].get<std::string>().size(), 20u);
  EXPECT_EQ(credentials["Expiration"], "2023-11-14T23:13:20Z");
  use(credentials);
  EXPECT_EQ(list_images(), 200);
  EXPECT_EQ(sts("GetCallerIdentity")["Arn"], output["AssumedRoleUser"]["Arn"]);
  EXPECT_EQ(sts("GetCallerIdentity")["UserId"], output["AssumedRoleUser"]["AssumedRoleId"]);
  const std::string key = keys.access_key;
  use(Keys{"999988887777", "test"});  // any account may ask
  EXPECT_EQ(sts("GetAccessKeyInfo", {{"AccessKeyId", key}})["Account"], "111122223333");
}

TEST_F(AssumeRole, TheTrustPolicyAndTheIdentityPolicyDecide) {
  struct Case {
    const char* claim;
    Json trust_policy;
    Json user_policies;
    bool allowed;
  };
  const Json account = {{"AWS", "arn:aws:iam::111122223333:root"}};
  const Case cases[] = {
      {"naming the user is enough", trust({{"AWS", kJane}}), Json::object(), true},
      {"naming the account delegates", trust(account), kMayAssume, true},
      {"naming the account alone gives nothing", trust(account), Json::object(), false},
      {"no trust, though the identity policy allows", trust({{"AWS", "999988887777"}}), kMayAssume,
       false},
      {"an identity deny wins over trust",
       trust({{"AWS", kJane}}),
       {{"deny", policy("Deny", "sts:AssumeRole", kRole)}},
       false},
      {"an identity policy for another role",
       trust(account),
       {{"assume", policy("Allow", "sts:AssumeRole", kOther)}},
       false},
      {"an external id that is not given",
       trust({{"AWS", kJane}}, "sts:AssumeRole", {{"StringEquals", {{"sts:ExternalId", "e1"}}}}),
       Json::object(), false},
      {"a session name that has to be another",
       trust({{"AWS", kJane}}, "sts:AssumeRole",
             {{"StringEquals", {{"sts:RoleSessionName", "jane"}}}}),
       Json::object(), false},
  };
  for (const Case& one : cases) {
    people(one.trust_policy, one.user_policies);
    if (one.allowed) {
      EXPECT_TRUE(sts("AssumeRole", of()).contains("Credentials")) << one.claim;
    } else {
      EXPECT_EQ(sts_fail("AssumeRole", of(), 403), denied(kJane, "sts:AssumeRole", kRole))
          << one.claim;
    }
  }
}

TEST_F(AssumeRole, AnotherAccountNeedsBothSides) {
  Json document = seed_user("jane", kMayAssume);
  document["accounts"]["999988887777"]["roles"] = {
      {{"name", "deploy"}, {"trustPolicy", trust({{"AWS", "arn:aws:iam::111122223333:root"}})}},
      {{"name", "direct"}, {"trustPolicy", trust({{"AWS", kJane}})}}};
  seed(document);
  use(kSeededKeys);
  const std::string deploy = "arn:aws:iam::999988887777:role/deploy";
  const std::string direct = "arn:aws:iam::999988887777:role/direct";
  use(sts("AssumeRole", of({}, deploy))["Credentials"]);
  EXPECT_EQ(sts("GetCallerIdentity")["Account"], "999988887777");
  seed(seed_user("jane", Json::object()));
  use(kSeededKeys);
  for (const std::string& role : {deploy, direct}) {
    EXPECT_EQ(sts_fail("AssumeRole", of({}, role), 403), denied(kJane, "sts:AssumeRole", role));
  }
}

TEST_F(AssumeRole, TheExternalIdIsCompared) {
  people(trust({{"AWS", kJane}}, "sts:AssumeRole", {{"StringEquals", {{"sts:ExternalId", "e1"}}}}));
  sts("AssumeRole", of({{"ExternalId", "e1"}}));
  EXPECT_EQ(sts_fail("AssumeRole", of({{"ExternalId", "e2"}}), 403).first, "AccessDenied");
}

TEST_F(AssumeRole, ARoleThatIsNotThereIsRefusedAsOneThatIsNotTrusted) {
  people(trust({{"AWS", kJane}}), kMayAssume);
  for (const char* role : {"arn:aws:iam::111122223333:role/ci", kOther}) {
    EXPECT_EQ(sts_fail("AssumeRole", of({}, role), 403), denied(kJane, "sts:AssumeRole", role));
  }
  EXPECT_EQ(sts_fail("AssumeRole", of({}, "arn:aws:iam::111122223333:user/jane"), 400),
            Error("ValidationError", "arn:aws:iam::111122223333:user/jane is invalid"));
  use(Keys{"111122223333", "test"});
  EXPECT_EQ(sts_fail("AssumeRole", of(), 403),
            Error("AccessDenied", "Roles may not be assumed by root accounts."));
}

TEST_F(AssumeRole, DurationsHaveTheirLimits) {
  people(trust({{"AWS", Json::array({kJane, kRole})}}), Json::object(), kMayAssume, 7200);
  EXPECT_EQ(sts_fail("AssumeRole", of({{"DurationSeconds", "7201"}}), 400),
            Error("ValidationError",
                  "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                  "role."));
  EXPECT_EQ(sts_fail("AssumeRole", of({{"DurationSeconds", "899"}}), 400),
            Error("ValidationError",
                  "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy "
                  "constraint: Member must have value greater than or equal to 900"));
  const Json output = sts("AssumeRole", of({{"DurationSeconds", "7200"}}));
  EXPECT_EQ(output["Credentials"]["Expiration"], "2023-11-15T00:13:20Z");
  use(output["Credentials"]);
  EXPECT_EQ(sts_fail("AssumeRole", of({{"DurationSeconds", "3601"}}), 400),
            Error("ValidationError",
                  "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                  "assumed by role chaining."));
  sts("AssumeRole", of({{"DurationSeconds", "3600"}}));
}

TEST_F(AssumeRole, SessionsEndWithTheirTimeAndTheirRole) {
  people(trust({{"AWS", kJane}}), Json::object(), kMayList);
  const Json output = sts("AssumeRole", of({{"DurationSeconds", "900"}}));
  use(output["Credentials"]);
  EXPECT_EQ(list_images(), 200);
  clock.time += std::chrono::seconds(900);
  EXPECT_EQ(sts_fail("GetCallerIdentity", {}, 403).first, "ExpiredToken");
  use(kSeededKeys);
  use(sts("AssumeRole", of())["Credentials"]);
  EXPECT_EQ(list_images(), 200);
  auto txn = store->database().begin(storage::sql::Access::kWrite);
  storage::delete_entity(
      txn, storage::find_entity(txn, "111122223333", storage::EntityKind::kRole, "ci")->id);
  txn.commit();
  EXPECT_EQ(
      sts_fail("GetCallerIdentity", {}, 403),
      Error("InvalidClientTokenId", "The security token included in the request is invalid."));
}

TEST_F(AssumeRole, ExpiredSessionsAreForgottenInTheEnd) {
  people(trust({{"AWS", kJane}}));
  const Json first = sts("AssumeRole", of())["Credentials"];
  clock.time += std::chrono::hours(24 * 9);
  sts("AssumeRole", of());
  auto txn = store->database().begin(storage::sql::Access::kRead);
  EXPECT_FALSE(storage::find_session(txn, first["AccessKeyId"].get<std::string>()));
}

TEST_F(AssumeRole, SessionPoliciesAreACeiling) {
  people(trust({{"AWS", kJane}}), Json::object(), kMayList);
  const std::string other = policy("Allow", "sts:*", "*").dump();
  const Json limited = sts("AssumeRole", of({{"Policy", other}}));
  EXPECT_TRUE(limited.contains("PackedPolicySize"));
  use(limited["Credentials"]);
  EXPECT_EQ(list_images(), 400);
  use(kSeededKeys);
  use(sts("AssumeRole", of({{"Policy", kMayList["list"].dump()}}))["Credentials"]);
  EXPECT_EQ(list_images(), 200);
}

// The first number is recorded from STS, for a policy of as many characters; that a policy of the
// greatest size fits is inferred from the limit.
TEST_F(AssumeRole, ThePackedSizeOfAPolicyIsAnEstimate) {
  people(trust({{"AWS", kJane}}));
  const auto packed = [&](std::size_t size) {
    std::string document =
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Sid":"")"
        "}]}";
    document.insert(document.size() - 4, size - document.size(), 'a');
    return sts("AssumeRole", of({{"Policy", document}}))["PackedPolicySize"];
  };
  EXPECT_EQ(packed(163), 16);
  EXPECT_EQ(packed(2048), 100);
}

TEST_F(AssumeRole, ASessionPolicyThatIsNoJson) {
  people(trust({{"AWS", kJane}}));
  EXPECT_EQ(sts_fail("AssumeRole", of({{"Policy", "no json"}}), 400),
            std::pair(std::string("MalformedPolicyDocument"),
                      std::string("The policy is not in the valid JSON format.")));
}

TEST_F(AssumeRole, ManagedSessionPoliciesCountAsTheyAreNow) {
  people(trust({{"AWS", kJane}}), Json::object(), kMayList);
  const auto managed = [&](const char* action) {
    seed({{"accounts",
           {{"111122223333",
             {{"managedPolicies",
               {{{"name", "limit"}, {"document", policy("Allow", action, "*")}}}}}}}}});
  };
  managed("ecr:*");
  const Parameters limited =
      of({{"PolicyArns.member.1.arn", "arn:aws:iam::111122223333:policy/limit"}});
  use(sts("AssumeRole", limited)["Credentials"]);
  EXPECT_EQ(list_images(), 200);
  managed("sts:*");
  EXPECT_EQ(list_images(), 400);
}

TEST_F(AssumeRole, BadSessionPoliciesAreRefused) {
  people(trust({{"AWS", kJane}}));
  Parameters eleven;
  for (int i = 1; i <= 11; ++i) {
    eleven.emplace_back(base::format("PolicyArns.member.{}.arn", i),
                        base::format("arn:aws:iam::111122223333:policy/p{}", i));
  }
  Json large = policy("Allow", "ecr:ListImages", Json::array());
  for (int i = 0; i < 60; ++i) {
    large["Statement"][0]["Resource"].push_back(
        base::format("arn:aws:ecr:us-east-1:111122223333:repository/{}", i));
  }
  const std::pair<Parameters, const char*> cases[] = {
      {{{"Policy", "{"}}, "MalformedPolicyDocument"},
      {{{"Policy", R"({"Version":"2012-10-17","Statement":[]})"}}, "MalformedPolicyDocument"},
      {{{"Policy", ""}}, "ValidationError"},
      {{{"PolicyArns.member.1.arn", "arn:aws:iam::111122223333:policy/none"}},
       "MalformedPolicyDocument"},
      {{{"PolicyArns.member.1.arn", "arn:aws:iam::999988887777:policy/none"}}, "ValidationError"},
      {eleven, "ValidationError"},
      {{{"Policy", large.dump()}}, "PackedPolicyTooLarge"},
  };
  for (const auto& [parameters, code] : cases) {
    EXPECT_EQ(sts_fail("AssumeRole", of(parameters), 400).first, code) << parameters[0].second;
  }
}

Parameters tag(const std::string& key, const std::string& value, int index = 1) {
  return {{base::format("Tags.member.{}.Key", index), key},
          {base::format("Tags.member.{}.Value", index), value}};
}

TEST_F(AssumeRole, TagsNeedTheirOwnPermission) {
  people(trust({{"AWS", kJane}}));
  EXPECT_EQ(sts_fail("AssumeRole", of(tag("team", "a")), 403),
            denied(kJane, "sts:TagSession", kRole));
  people(trust({{"AWS", kJane}}, {"sts:AssumeRole", "sts:TagSession"},
               {{"StringEquals", {{"aws:RequestTag/team", "a"}}}}));
  sts("AssumeRole", of(tag("team", "a")));
  EXPECT_EQ(sts_fail("AssumeRole", of(tag("team", "b")), 403).first, "AccessDenied");
}

TEST_F(AssumeRole, SessionTagsDecide) {
  Json by_tag = policy("Allow", "ecr:ListImages", "*");
  by_tag["Statement"][0]["Condition"] = {{"StringEquals", {{"aws:PrincipalTag/team", "a"}}}};
  people(trust({{"AWS", kJane}}, {"sts:AssumeRole", "sts:TagSession"}), Json::object(),
         {{"list", by_tag}});
  use(sts("AssumeRole", of(tag("team", "b")))["Credentials"]);
  EXPECT_EQ(list_images(), 400);
  use(kSeededKeys);
  use(sts("AssumeRole", of(tag("Team", "a")))["Credentials"]);
  EXPECT_EQ(list_images(), 200);
}

TEST_F(AssumeRole, BadTagsAreRefused) {
  people(trust({{"AWS", kJane}}, {"sts:AssumeRole", "sts:TagSession"}));
  Parameters twice = tag("team", "a");
  for (const auto& more : tag("TEAM", "b", 2)) twice.push_back(more);
  EXPECT_EQ(sts_fail("AssumeRole", of(twice), 400),
            Error("InvalidParameterValue",
                  "Duplicate tag keys found. Please note that Tag keys are case insensitive."));
  EXPECT_EQ(sts_fail("AssumeRole", of({{"TransitiveTagKeys.member.1", "team"}}), 400),
            Error("InvalidParameterValue",
                  "The specified transitive tag key must be included in the requested tags."));
  EXPECT_EQ(sts_fail("AssumeRole", of(tag("aws:team", "a")), 400).first, "InvalidParameterValue");
}

class RoleChain : public AssumeRole {
 protected:
  // jane may become ci, ci may become other, other may list images of team a.
  RoleChain() {
    Json by_tag = policy("Allow", "ecr:ListImages", "*");
    by_tag["Statement"][0]["Condition"] = {{"StringEquals", {{"aws:PrincipalTag/team", "a"}}}};
    const Json actions = {"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"};
    Json document = seed_user("jane", Json::object());
    document["accounts"]["111122223333"]["repositories"] = {{{"name", "app"}}};
    document["accounts"]["111122223333"]["roles"] = {
        {{"name", "ci"}, {"path", "/build/"}, {"trustPolicy", trust({{"AWS", kJane}}, actions)}},
        {{"name", "other"},
         {"trustPolicy", trust({{"AWS", kRole}}, actions)},
         {"policies", {{"list", by_tag}}}},
        {{"name", "narrow"}, {"trustPolicy", trust({{"AWS", kRole}})}}};
    seed(document);
    use(kSeededKeys);
  }
};

TEST_F(RoleChain, TransitiveTagsGoOnAndOthersDoNot) {
  for (const bool transitive : {false, true}) {
    use(kSeededKeys);
    Parameters parameters = tag("team", "a");
    if (transitive) parameters.emplace_back("TransitiveTagKeys.member.1", "Team");
    use(sts("AssumeRole", of(parameters))["Credentials"]);
    if (transitive) {
      EXPECT_EQ(sts_fail("AssumeRole", of(tag("TEAM", "b"), kOther), 400),
                Error("InvalidParameterValue",
                      "One of the specified transitive tag keys can't be set because it conflicts "
                      "with a transitive tag key from the calling session."));
      EXPECT_EQ(sts_fail("AssumeRole", of({}, "arn:aws:iam::111122223333:role/narrow"), 403),
                denied("arn:aws:sts::111122223333:assumed-role/ci/build-1", "sts:TagSession",
                       "arn:aws:iam::111122223333:role/narrow"));
    }
    use(sts("AssumeRole", of({}, kOther))["Credentials"]);
    EXPECT_EQ(list_images(), transitive ? 200 : 400);
  }
}

TEST_F(RoleChain, TheSourceIdentitySurvivesAndCannotBeChanged) {
  const Json first = sts("AssumeRole", of({{"SourceIdentity", "jane"}}));
  EXPECT_EQ(first["SourceIdentity"], "jane");
  use(first["Credentials"]);
  EXPECT_EQ(sts("AssumeRole", of({}, kOther))["SourceIdentity"], "jane");
  EXPECT_EQ(sts_fail("AssumeRole", of({{"SourceIdentity", "joe"}}, kOther), 403).first,
            "AccessDenied");
  EXPECT_EQ(sts_fail("AssumeRole", of({}, "arn:aws:iam::111122223333:role/narrow"), 403).second,
            "User: arn:aws:sts::111122223333:assumed-role/ci/build-1 is not authorized to perform: "
            "sts:SetSourceIdentity on resource: arn:aws:iam::111122223333:role/narrow");
}

// The job that runs every hour, and the calls that make new sessions, keep them for the same time.
TEST_F(AssumeRole, AnExpiredSessionIsKnownAsSuchForAWeek) {
  people(trust({{"AWS", kJane}}));
  const Json first = sts("AssumeRole", of())["Credentials"];
  const std::string key = first["AccessKeyId"].get<std::string>();
  JobRunner runner(services, {kExpiredSessions});
  const auto known = [&] {
    EXPECT_EQ(runner.run_due(100).outcomes.size(), 1u);
    auto txn = store->database().begin(storage::sql::Access::kRead);
    return storage::find_session(txn, key).has_value();
  };
  clock.time += std::chrono::hours(24 * 7);
  EXPECT_TRUE(known());
  clock.time += std::chrono::hours(2);  // it lasted an hour
  EXPECT_FALSE(known());
}

}  // namespace
}  // namespace ecr::api::test
