// POST /_ecr-local/oidc/token: tokens as providers issue them, and what STS makes of them.
#include "api/admin/oidc/provider_claims.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/identity_providers.h"
#include "tests/api/query_fixture.h"
#include "tests/auth/token_issuer.h"

namespace ecr::api::test {
namespace {

constexpr const char* kTestRole = "arn:aws:iam::111122223333:role/ci";

class TestTokens : public QueryTest {
 protected:
  TestTokens() {
    clock.time = base::TimePoint(std::chrono::seconds(1'700'000'000));
    for (const std::string& provider : admin::token_providers()) {
      const std::string issuer = admin::usual_issuer(provider);
      if (!issuer.empty()) settings.oidc_test_issuers.push_back(issuer);
    }
    use(Keys{"", ""});  // unsigned
  }

  HttpResponse post(const Json& body) {
    return admin.handle(
        make_request("POST", "/_ecr-local/oidc/token", {{"Host", host}}, body.dump()));
  }
  Json mint(const Json& body) {
    const HttpResponse response = post(body);
    EXPECT_EQ(response.status, 200) << body_of(response);
    return response.status == 200 ? Json::parse(body_of(response)) : Json::object();
  }
  Json claims_of(const std::string& provider, const Json& given = Json::object()) {
    return mint({{"provider", provider}, {"claims", given}})["claims"];
  }
  std::string refused(const Json& body) {
    const HttpResponse response = post(body);
    EXPECT_EQ(response.status, 400) << body_of(response);
    return Json::parse(body_of(response)).value("message", "");
  }
  // The account trusts tokens of the issuer that fulfil the condition.
  void trust(const std::string& issuer, const std::string& audience, const Json& condition) {
    const std::string url = issuer.substr(sizeof("https://") - 1);
    {
      auto txn = store->database().begin(storage::sql::Access::kWrite);
      if (!storage::find_oidc_provider(txn, "111122223333", issuer)) {
        storage::insert_oidc_provider(
            txn, {.account = "111122223333", .url = url, .client_ids = {audience}});
      }
      txn.commit();
    }
    const Json statement = {
        {"Effect", "Allow"},
        {"Principal", {{"Federated", "arn:aws:iam::111122223333:oidc-provider/" + url}}},
        {"Action", "sts:AssumeRoleWithWebIdentity"},
        {"Condition", condition}};
    use(Keys{"111122223333", "test"});
    seed({{"accounts",
           {{"111122223333",
             {{"roles",
               {{{"name", "ci"},
                 {"trustPolicy",
                  {{"Version", "2012-10-17"}, {"Statement", Json::array({statement})}}}}}}}}}}});
    use(Keys{"", ""});
  }
  void trust_github(const Json& condition) {
    trust("https://token.actions.githubusercontent.com", "sts.amazonaws.com", condition);
  }
  HttpResponse assume(const std::string& token) {
    return sts_send(
        "AssumeRoleWithWebIdentity",
        {{"RoleArn", kTestRole}, {"RoleSessionName", "run"}, {"WebIdentityToken", token}});
  }
  HttpResponse assume(const Json& body) { return assume(mint(body)["token"].get<std::string>()); }
  // What `explain` says of the last token that was refused.
  std::string why() {
    const HttpResponse response = admin.handle(
        make_request("GET", "/_ecr-local/authentication-failures?limit=1", {{"Host", host}}, ""));
    const Json json = Json::parse(body_of(response))["failures"];
    return json.empty() ? "" : json[0].value("why", "");
  }
  Json last_decision() {
    const HttpResponse response = admin.handle(
        make_request("GET", "/_ecr-local/decisions?limit=1&trace=true", {{"Host", host}}, ""));
    return Json::parse(body_of(response))["decisions"][0];
  }
};

TEST_F(TestTokens, SubjectsAreBuiltAsTheProvidersBuildThem) {
  struct Case {
    const char* provider;
    Json given;
    const char* subject;
  };
  const auto commit = claims_of("buildkite")["build_commit"].get<std::string>();
  const std::string buildkite =
      "organization:acme:pipeline:web:ref:refs/tags/v1:commit:" + commit + ":step:build";
  const Case cases[] = {
      {"github", {{"repository", "octo/app"}}, "repo:octo/app:ref:refs/heads/main"},
      {"github",
       {{"repository", "octo/app"}, {"ref", "refs/tags/v1"}},
       "repo:octo/app:ref:refs/tags/v1"},
      {"github",
       {{"repository", "octo/app"}, {"event_name", "pull_request"}},
       "repo:octo/app:pull_request"},
      {"github",
       {{"repository", "octo/app"}, {"environment", "prod:eu"}},
       "repo:octo/app:environment:prod%3Aeu"},
      {"github", {{"sub", "anything"}}, "anything"},
      {"gitlab", {{"project_path", "a/b/c"}}, "project_path:a/b/c:ref_type:branch:ref:main"},
      {"buildkite", {{"pipeline_slug", "web"}, {"build_tag", "v1"}}, buildkite.c_str()},
      {"circleci",
       {{"oidc.circleci.com/project-id", "p"}},
       "org/5f3a1c9e-0000-4000-8000-000000000001/project/p/user/"
       "5f3a1c9e-0000-4000-8000-000000000003"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(claims_of(one.provider, one.given)["sub"], one.subject) << one.provider;
  }
}

TEST_F(TestTokens, ClaimsThatBelongTogetherFollowFromWhatIsGiven) {
  const Json tag = claims_of("github", {{"repository", "octo/app"}, {"ref", "refs/tags/v1"}});
  EXPECT_EQ(tag["repository_owner"], "octo");
  EXPECT_EQ(tag["ref_type"], "tag");
  EXPECT_EQ(tag["job_workflow_ref"], "octo/app/.github/workflows/ci.yml@refs/tags/v1");
  EXPECT_EQ(tag["iss"], "https://token.actions.githubusercontent.com");
  EXPECT_EQ(tag["aud"], "sts.amazonaws.com");
  EXPECT_EQ(tag["exp"].get<int>() - tag["iat"].get<int>(), 3600);
  const Json gitlab = claims_of("gitlab", {{"project_path", "a/b/c"}, {"runner_id", nullptr}});
  EXPECT_EQ(gitlab["namespace_path"], "a/b");
  EXPECT_FALSE(gitlab.contains("runner_id"));
  EXPECT_NE(claims_of("github")["jti"], tag["jti"]);
}

// Every claim that AWS has as a key of the provider, with the value that the token has.
TEST_F(TestTokens, EveryConditionKeyOfAProviderIsInItsTokens) {
  const std::map<std::string, std::vector<std::string>> claims_of_providers = {
      {"github",
       {"actor", "actor_id", "environment", "enterprise_id", "job_workflow_ref", "ref",
        "repository", "repository_id", "repository_owner_id", "workflow"}},
      {"gitlab",
       {"namespace_id", "pipeline_source", "project_id", "ref_protected", "runner_environment",
        "user_access_level", "user_email", "user_id", "user_login"}},
      {"buildkite",
       {"build_branch", "cluster_id", "cluster_name", "organization_id", "organization_slug",
        "pipeline_id", "pipeline_slug"}},
      {"circleci", {"oidc.circleci.com/project-id"}},
      {"google", {"google/organization_number"}},
      {"oracle", {"rpst_id"}},
  };
  // These are in a job's token only where the job has them.
  const Json given = {{"environment", "prod"}, {"enterprise_id", "9"}};
  for (const auto& [provider, names] : claims_of_providers) {
    const std::string issuer = admin::usual_issuer(provider);
    const std::string url = issuer.substr(sizeof("https://") - 1);
    const Json minted =
        mint({{"provider", provider}, {"claims", provider == "github" ? given : Json::object()}});
    const Json& claims = minted["claims"];
    const auto azp = claims.find("azp");
    const Json& party = azp == claims.end() ? claims["aud"] : *azp;
    const auto audience = party.get<std::string>();
    for (const std::string& name : names) {
      const std::size_t slash = provider == "google" ? name.find('/') : std::string::npos;
      const Json& value = slash == std::string::npos
                              ? claims[name]
                              : claims[name.substr(0, slash)][name.substr(slash + 1)];
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      trust(issuer, audience, {{"StringEquals", {{url + ":" + name, text}}}});
      EXPECT_EQ(assume(minted["token"].get<std::string>()).status, 200) << url << ":" << name;
      trust(issuer, audience, {{"StringEquals", {{url + ":" + name, text + "x"}}}});
      EXPECT_EQ(assume(minted["token"].get<std::string>()).status, 403) << url << ":" << name;
    }
  }
  EXPECT_TRUE(web.asked.empty());  // no issuer was asked for its keys
}

TEST_F(TestTokens, OnlyIssuersThatTheOperatorNamedAreSignedFor) {
  settings.oidc_test_issuers = {"https://gitlab.example.com"};
  EXPECT_NE(refused({{"provider", "github"}}).find("--oidc-test-issuer github"), std::string::npos);
  EXPECT_NE(refused({{"provider", "gitlab"}, {"issuer", "https://gitlab.com.evil"}})
                .find("--oidc-test-issuer https://gitlab.com.evil"),
            std::string::npos);
  EXPECT_EQ(
      mint({{"provider", "gitlab"}, {"issuer", "https://gitlab.example.com"}})["claims"]["iss"],
      "https://gitlab.example.com");
  EXPECT_NE(refused({{"provider", "other"}}).find("issuer: is missing"), std::string::npos);
  const HttpResponse stranger = admin.handle(make_request(
      "POST", "/_ecr-local/oidc/token", {{"Host", "evil.example"}}, R"({"provider":"github"})"));
  EXPECT_EQ(stranger.status, 403);
}

// A token of this server's own is worth nothing where the operator did not ask for that.
TEST_F(TestTokens, WithoutTheFlagTheKeysComeFromTheIssuer) {
  trust_github({{"StringLike", {{"token.actions.githubusercontent.com:sub", "repo:*"}}}});
  const auto token = mint({{"provider", "github"}})["token"].get<std::string>();
  EXPECT_EQ(assume(token).status, 200);
  settings.oidc_test_issuers.clear();
  EXPECT_NE(body_of(assume(token)).find("IDPCommunicationError"), std::string::npos);
  EXPECT_FALSE(web.asked.empty());
}

TEST_F(TestTokens, RefusalsAreExplained) {
  trust_github({{"StringLike", {{"token.actions.githubusercontent.com:sub", "repo:*"}}}});
  struct Case {
    Json body;
    const char* error;
    const char* why;
  };
  const Case cases[] = {
      {{{"provider", "github"}, {"claims", {{"exp", 1'600'000'000}}}},
       "ExpiredTokenException",
       "The token expired at 2020-09-13T12:26:40Z; it was 2023-11-14T22:13:20Z"},
      {{{"provider", "github"}, {"audience", "https://github.com/octo"}},
       "InvalidIdentityToken",
       "for the audience \"https://github.com/octo\", and the identity provider in account "
       "111122223333 accepts \"sts.amazonaws.com\""},
      {{{"provider", "github"}, {"claims", {{"nbf", 1'800'000'000}}}},
       "InvalidIdentityToken",
       "The token begins later than now"},
      {{{"provider", "gitlab"}},
       "InvalidIdentityToken",
       "The token's issuer is \"https://gitlab.com\", and account 111122223333 has no identity "
       "provider of that URL"},
      {{{"provider", "github"}, {"claims", {{"exp", nullptr}}}},
       "InvalidIdentityToken",
       "Missing a required claim: exp"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(xml_text(body_of(assume(one.body)), "Code"), one.error) << one.body;
    EXPECT_NE(why().find(one.why), std::string::npos) << why();
  }
  // The real issuer's, or another server's.
  const auth::test::TokenIssuer stranger("RS256", "k1");
  Json claims = claims_of("github");
  EXPECT_EQ(assume(stranger.sign(claims)).status, 400);
  EXPECT_NE(why().find("This server signs for the issuer"), std::string::npos) << why();
  // Changed on its way.
  const auto token = mint({{"provider", "github"}})["token"].get<std::string>();
  const std::size_t dot = token.find('.');
  claims["sub"] = "repo:evil/app";
  const std::string changed = token.substr(0, dot + 1) + base::base64url_encode(claims.dump()) +
                              token.substr(token.rfind('.'));
  EXPECT_EQ(assume(changed).status, 400);
  EXPECT_NE(why().find("the token was not signed with it, or was changed since"), std::string::npos)
      << why();
}

TEST_F(TestTokens, ADecisionShowsTheClaimThatTheConditionMissed) {
  const std::string github = "token.actions.githubusercontent.com:";
  trust_github({{"StringEquals", {{github + "repository", "octo/app"}, {github + "ref", "x"}}}});
  EXPECT_EQ(assume({{"provider", "github"}, {"claims", {{"repository", "octo/app"}}}}).status, 403);
  const std::string shown = last_decision().dump();
  EXPECT_NE(shown.find("refs/heads/main"), std::string::npos) << shown;
}

TEST_F(TestTokens, AClaimThatIsNoConditionKeyIsNamed) {
  const std::string github = "token.actions.githubusercontent.com:";
  trust_github({{"StringEquals", {{github + "repository_owner", "octo-org"}}}});
  EXPECT_EQ(assume({{"provider", "github"}}).status, 403);
  const Json hints = last_decision().value("hints", Json::array());
  ASSERT_EQ(hints.size(), 1u);
  const auto hint = hints[0].get<std::string>();
  EXPECT_TRUE(hint.starts_with(github + "repository_owner is no condition key")) << hint;
  EXPECT_NE(hint.find("did you mean repository_owner_id"), std::string::npos) << hint;
}

TEST_F(TestTokens, BadRequestsAreRefusedByName) {
  const std::pair<Json, const char*> cases[] = {
      {Json{{"provider", "gihub"}}, "provider: must be one of"},
      {Json::object(), "provider: is missing"},
      {Json{{"provider", "github"}, {"claims", "x"}}, "claims: must be an object"},
      {Json{{"provider", "github"}, {"claims", {{"iss", "x"}}}}, "claims.iss: is the issuer"},
      {Json{{"provider", "github"}, {"lifetimeSeconds", 86'401}}, "lifetimeSeconds: must be"},
      {Json{{"provider", "github"}, {"audience", "a"}, {"claims", {{"aud", "b"}}}},
       "audience: is given twice"},
      {Json{{"provider", "github"}, {"claims", {{"a", std::string(20'000, 'x')}}}},
       "claims: make a token of more than 20000"},
      {Json{{"provider", "github"}, {"claim", 1}}, "claim: is not known here"},
  };
  for (const auto& [body, text] : cases) {
    const std::string message = refused(body);
    EXPECT_NE(message.find(text), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace ecr::api::test
