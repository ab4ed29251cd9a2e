// AssumeRoleWithWebIdentity: which tokens are believed, and what their bearers may do.

#include "schemas/base/text.h"
#include "storage/rows/iam/identity_providers.h"
#include "tests/api/query_fixture.h"
#include "tests/auth/token_issuer.h"

namespace ecr::api::test {
namespace {

using auth::test::compact_token;
using auth::test::hmac_sha256;
using auth::test::TokenIssuer;
using Error = std::pair<std::string, std::string>;

constexpr const char* kIssuer = "https://token.actions.githubusercontent.com";
constexpr const char* kProvider =
    "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
constexpr const char* kWebRole = "arn:aws:iam::111122223333:role/build/ci";
constexpr std::int64_t kNow = 1'700'000'000;

const TokenIssuer& issuer() {
  static const TokenIssuer one("RS256", "k1");
  return one;
}

// The claims of GitHub Actions, shortened.
Json claims() {
  return {{"iss", kIssuer},
          {"sub", "repo:octo/app:ref:refs/heads/main"},
          {"aud", "sts.amazonaws.com"},
          {"exp", kNow + 300},
          {"nbf", kNow - 300},
          {"iat", kNow},
          {"repository", "octo/app"},
          {"repository_id", "42"},
          {"ref", "refs/heads/main"},
          {"actor", "octocat"},
          {"run_id", "7"}};
}

Json with(Json all, const std::string& name, const Json& value) {
  all[name] = value;
  return all;
}

Json without(Json all, const std::string& name) {
  all.erase(name);
  return all;
}

Json trust_issuer(const Json& condition = nullptr,
                  const Json& actions = "sts:AssumeRoleWithWebIdentity") {
  Json statement = {
      {"Effect", "Allow"}, {"Principal", {{"Federated", kProvider}}}, {"Action", actions}};
  if (!condition.is_null()) statement["Condition"] = condition;
  return {{"Version", "2012-10-17"}, {"Statement", Json::array({statement})}};
}

class WebIdentity : public QueryTest {
 protected:
  WebIdentity() {
    clock.time = base::TimePoint(std::chrono::seconds(kNow));
    issuer_keys.set(kIssuer, auth::JsonWebKeySet::parse(issuer().key_set()).value());
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    storage::insert_oidc_provider(txn, {.account = "111122223333",
                                        .url = "token.actions.githubusercontent.com",
                                        .client_ids = {"sts.amazonaws.com", "app"}});
    txn.commit();
    role(trust_issuer());
    use(Keys{"", ""});  // unsigned
  }

  void role(const Json& trust_policy,
            const Json& role_policies = {{"list", policy("Allow", "ecr:ListImages", "*")}}) {
    const Keys before = keys;
    use(Keys{"111122223333", "test"});
    seed({{"accounts",
           {{"111122223333",
             {{"roles",
               {{{"name", "ci"},
                 {"path", "/build/"},
                 {"trustPolicy", trust_policy},
                 {"policies", role_policies}}}},
              {"repositories", {{{"name", "app"}}}}}}}}});
    use(before);
  }
  Parameters of(const std::string& token) {
    return {{"RoleArn", kWebRole}, {"RoleSessionName", "run-7"}, {"WebIdentityToken", token}};
  }
  Parameters of(const Json& all) { return of(issuer().sign(all)); }
  Json assume(const Json& all) { return sts("AssumeRoleWithWebIdentity", of(all)); }
  Error refused(const Parameters& parameters, int status) {
    return sts_fail("AssumeRoleWithWebIdentity", parameters, status);
  }
  int list_images() {
    return control
        .handle(signed_request("ListImages", R"({"repositoryName":"app"})", session_token))
        .status;
  }
};

TEST_F(WebIdentity, GivesCredentialsWithoutASignature) {
  const Json output = assume(claims());
  EXPECT_EQ(output["SubjectFromWebIdentityToken"], "repo:octo/app:ref:refs/heads/main");
  EXPECT_EQ(output["Audience"], "sts.amazonaws.com");
  EXPECT_EQ(output["Provider"], kProvider);
  EXPECT_EQ(output["AssumedRoleUser"]["Arn"], "arn:aws:sts::111122223333:assumed-role/ci/run-7");
  use(output["Credentials"]);
  EXPECT_EQ(sts("GetCallerIdentity")["Arn"], output["AssumedRoleUser"]["Arn"]);
  EXPECT_EQ(list_images(), 200);
}

TEST_F(WebIdentity, OnlyAGoodTokenIsBelieved) {
  const std::string hs256 = [&] {  // signed with what everybody can read
    const Json header = {{"alg", "HS256"}, {"kid", "k1"}};
    const std::string unsigned_token = compact_token(header, claims(), "");
    const std::string text = unsigned_token.substr(0, unsigned_token.size() - 1);
    return compact_token(header, claims(), hmac_sha256(issuer().public_pem(), text));
  }();
  const TokenIssuer stranger("RS256", "k1");
  Json with_own_key = stranger.header();
  with_own_key["jwk"] = stranger.jwk();
  Json with_key_url = stranger.header();
  with_key_url["jku"] = "https://stranger.example/jwks";
  Json traversal = issuer().header();
  traversal["kid"] = "../../../etc/passwd";
  struct Case {
    const char* claim;
    std::string token;
    const char* message;  // empty: the sentence is ours
  };
  const Case cases[] = {
      {"no JWT", "access-token",
       "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access "
       "Token)"},
      {"alg none", compact_token({{"alg", "none"}, {"kid", "k1"}}, claims(), ""), ""},
      {"HS256 with the RSA key", hs256, ""},
      {"another key of that name", stranger.sign(claims()), ""},
      {"a key inside the token", stranger.sign(claims(), with_own_key), ""},
      {"a key's address inside the token", stranger.sign(claims(), with_key_url), ""},
      {"a key id that is a path", issuer().sign(claims(), traversal),
       "Couldn't retrieve verification key from your identity provider,  please reference "
       "AssumeRoleWithWebIdentity documentation for requirements"},
      {"an issuer that is not registered",
       issuer().sign(with(claims(), "iss", "https://evil.example")),
       "No OpenIDConnect provider found in your account for https://evil.example"},
      {"an issuer without HTTPS", issuer().sign(with(claims(), "iss", "http://issuer.example")),
       ""},
      {"another audience", issuer().sign(with(claims(), "aud", "somebody-else")),
       "Incorrect token audience"},
      {"an authorized party that is not registered",
       issuer().sign(with(claims(), "azp", "somebody-else")), "Incorrect token audience"},
      {"no audience", issuer().sign(without(claims(), "aud")), "Missing a required claim: aud"},
      {"no subject", issuer().sign(without(claims(), "sub")), "Missing a required claim: sub"},
      {"no end", issuer().sign(without(claims(), "exp")), "Missing a required claim: exp"},
      {"a source identity that is no name",
       issuer().sign(with(claims(), "https://aws.amazon.com/source_identity", "a/b")), ""},
      {"a tag that is too long",
       issuer().sign(with(claims(), "https://aws.amazon.com/tags",
                          {{"principal_tags", {{"k", {std::string(257, 'x')}}}}})),
       ""},
      {"not valid yet", issuer().sign(with(claims(), "nbf", kNow + 301)), ""},
  };
  for (const Case& one : cases) {
    const Error error = refused(of(one.token), 400);
    EXPECT_EQ(error.first, "InvalidIdentityToken") << one.claim;
    if (*one.message != '\0') {
      EXPECT_EQ(error.second, one.message) << one.claim;
    }
  }
  EXPECT_TRUE(web.asked.empty());
}

TEST_F(WebIdentity, AnExpiredTokenSaysSo) {
  EXPECT_EQ(refused(of(with(claims(), "exp", kNow)), 400),
            Error("ExpiredTokenException",
                  "Token expired: current date/time 1700000000 must be before the expiration "
                  "date/time1700000000"));
  // By the machine's clock: the issuer knows of no other.
  const std::string token = issuer().sign(claims());
  api_clock.restore(api_clock.state_at(api_clock.now() + std::chrono::hours(13), false));
  sts("AssumeRoleWithWebIdentity", of(token));
}

TEST_F(WebIdentity, KeysComeFromTheIssuer) {
  const TokenIssuer other("ES256", "e1");
  const Json all = with(claims(), "iss", "https://issuer.example/t");
  const std::string token = other.sign(all);
  EXPECT_EQ(refused(of(token), 400).first, "InvalidIdentityToken");
  EXPECT_TRUE(web.asked.empty());  // nobody here trusts it
  auto txn = store->database().begin(storage::sql::Access::kWrite);
  storage::insert_oidc_provider(
      txn,
      {.account = "111122223333", .url = "issuer.example/t", .client_ids = {"sts.amazonaws.com"}});
  txn.commit();
  Json trust_policy = trust_issuer({{"StringLike", {{"issuer.example/t:sub", "repo:*"}}}});
  trust_policy["Statement"][0]["Principal"]["Federated"] =
      "arn:aws:iam::111122223333:oidc-provider/issuer.example/t";
  role(trust_policy);
  EXPECT_EQ(refused(of(token), 400).first, "IDPCommunicationError");
  web.documents["https://issuer.example/t/.well-known/openid-configuration"] = Json{
      {"issuer", "https://issuer.example/t"},
      {"jwks_uri", "https://issuer.example/keys"}}.dump();
  web.documents["https://issuer.example/keys"] = other.key_set();
  clock.time += std::chrono::seconds(10);
  sts("AssumeRoleWithWebIdentity", of(token));
}

TEST_F(WebIdentity, TheTrustPolicyDecides) {
  const std::string g = "token.actions.githubusercontent.com:";
  struct Case {
    const char* claim;
    Json trust_policy;
    bool allowed;
  };
  Json other_provider = trust_issuer();
  other_provider["Statement"][0]["Principal"]["Federated"] =
      "arn:aws:iam::111122223333:oidc-provider/other.example";
  Json only_users = trust_issuer();
  only_users["Statement"][0]["Principal"] = {{"AWS", "111122223333"}};
  const Case cases[] = {
      {"the subject",
       trust_issuer({{"StringLike", {{g + "sub", "repo:octo/app:*"}}},
                     {"StringEquals", {{g + "aud", "sts.amazonaws.com"}}}}),
       true},
      {"another subject", trust_issuer({{"StringLike", {{g + "sub", "repo:octo/other:*"}}}}),
       false},
      {"claims of GitHub",
       trust_issuer(
           {{"StringEquals", {{g + "repository_id", "42"}, {g + "ref", "refs/heads/main"}}}}),
       true},
      {"another repository", trust_issuer({{"StringEquals", {{g + "repository", "evil/app"}}}}),
       false},
      {"a claim that is no key", trust_issuer({{"StringEquals", {{g + "run_id", "7"}}}}), false},
      {"another provider", other_provider, false},
      {"no provider", only_users, false},
      {"another action", trust_issuer(nullptr, "sts:AssumeRole"), false},
      {"the session's name", trust_issuer({{"StringEquals", {{"sts:RoleSessionName", "run-7"}}}}),
       true},
  };
  for (const Case& one : cases) {
    role(one.trust_policy);
    if (one.allowed) {
      EXPECT_TRUE(assume(claims()).contains("Credentials")) << one.claim;
    } else {
      EXPECT_EQ(refused(of(claims()), 403),
                Error("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"))
          << one.claim;
    }
  }
}

// The further claims of each issuer, as the Service Authorization Reference lists them.
TEST_F(WebIdentity, EachProviderHasItsOwnClaimsAsKeys) {
  struct Case {
    std::string url;
    std::string key;  // behind the URL
    Json claim;       // {name, value}
    bool is_key;
  };
  const Case cases[] = {
      {"token.actions.githubusercontent.com",
       "repository_owner_id",
       {"repository_owner_id", "7"},
       true},
      {"token.actions.githubusercontent.com/octo", "actor_id", {"actor_id", 7}, true},
      {"gitlab.com", "user_login", {"user_login", "7"}, true},
      {"gitlab.com", "actor_id", {"actor_id", "7"}, false},
      {"gitlab.example.com", "user_login", {"user_login", "7"}, false},
      {"agent.buildkite.com", "pipeline_slug", {"pipeline_slug", "7"}, true},
      {"agent.acme.buildkite.dev", "cluster_id", {"cluster_id", "7"}, true},
      {"oidc.circleci.com/org/1",
       "oidc.circleci.com/project-id",
       {"oidc.circleci.com/project-id", "7"},
       true},
      {"accounts.google.com",
       "google/organization_number",
       {"google", {{"organization_number", 7}}},
       true},
      {"idcs-1.identity.oraclecloud.com", "rpst_id", {"rpst_id", "7"}, true},
      {"issuer.example", "rpst_id", {"rpst_id", "7"}, false},
  };
  for (const Case& one : cases) {
    {
      auto txn = store->database().begin(storage::sql::Access::kWrite);
      storage::insert_oidc_provider(
          txn, {.account = "111122223333", .url = one.url, .client_ids = {"sts.amazonaws.com"}});
      txn.commit();
    }
    issuer_keys.set("https://" + one.url, auth::JsonWebKeySet::parse(issuer().key_set()).value());
    Json document = trust_issuer({{"StringEquals", {{one.url + ":" + one.key, "7"}}}});
    document["Statement"][0]["Principal"]["Federated"] =
        "arn:aws:iam::111122223333:oidc-provider/" + one.url;
    role(document);
    Json all = with(claims(), "iss", "https://" + one.url);
    all[one.claim[0].get<std::string>()] = one.claim[1];
    const auto response = sts_send("AssumeRoleWithWebIdentity", of(all));
    EXPECT_EQ(response.status, one.is_key ? 200 : 403) << one.url << " " << body_of(response);
  }
}

TEST_F(WebIdentity, AmrHasManyValuesAndAzpIsTheAudience) {
  const std::string g = "token.actions.githubusercontent.com:";
  role(trust_issuer({{"ForAnyValue:StringEquals", {{g + "amr", "mfa"}}},
                     {"StringEquals", {{g + "aud", "app"}, {g + "oaud", "sts.amazonaws.com"}}}}));
  Json all = with(with(claims(), "amr", {"pwd", "mfa"}), "azp", "app");
  EXPECT_EQ(assume(all)["Audience"], "app");
  all["amr"] = {"pwd"};
  EXPECT_EQ(refused(of(all), 403).first, "AccessDenied");
}

TEST_F(WebIdentity, TagsAndSourceIdentityOfTheTokenNeedTheirActions) {
  Json all = claims();
  all["https://aws.amazon.com/tags"] = {{"principal_tags", {{"team", {"a"}}}},
                                        {"transitive_tag_keys", {"team"}}};
  all["https://aws.amazon.com/source_identity"] = "octocat";
  EXPECT_EQ(refused(of(all), 403),
            Error("AccessDenied", "Not authorized to perform sts:TagSession"));
  role(trust_issuer(nullptr, {"sts:AssumeRoleWithWebIdentity", "sts:TagSession"}));
  EXPECT_EQ(refused(of(all), 403),
            Error("AccessDenied", "Not authorized to perform sts:SetSourceIdentity"));
  Json list = policy("Allow", "ecr:ListImages", "*");
  list["Statement"][0]["Condition"] = {
      {"StringEquals",
       {{"aws:PrincipalTag/team", "a"},
        {"aws:SourceIdentity", "octocat"},
        {"aws:FederatedProvider", kProvider},
        {"token.actions.githubusercontent.com:sub", "repo:octo/app:ref:refs/heads/main"}}}};
  role(trust_issuer({{"StringEquals", {{"aws:RequestTag/team", "a"}}}},
                    {"sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"}),
       {{"list", list}});
  const Json output = assume(all);
  EXPECT_EQ(output["SourceIdentity"], "octocat");
  use(output["Credentials"]);
  EXPECT_EQ(list_images(), 200);
}

TEST_F(WebIdentity, SessionPoliciesLimit) {
  Parameters parameters = of(claims());
  parameters.emplace_back("Policy", policy("Allow", "ecr:PutImage", "*").dump());
  use(sts("AssumeRoleWithWebIdentity", parameters)["Credentials"]);
  EXPECT_EQ(list_images(), 400);
}

TEST_F(WebIdentity, WhatIsAskedForMustBeThere) {
  Parameters parameters = of(claims());
  parameters[0].second = "arn:aws:iam::111122223333:role/nobody";
  EXPECT_EQ(refused(parameters, 403),
            Error("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"));
  parameters[0].second = "arn:aws:iam::999988887777:role/ci";  // knows no such provider
  EXPECT_EQ(refused(parameters, 400).first, "InvalidIdentityToken");
  parameters = of(claims());
  parameters.emplace_back("ProviderId", "www.amazon.com");
  EXPECT_EQ(refused(parameters, 400).first, "ValidationError");
  parameters = of(claims());
  parameters.emplace_back("DurationSeconds", "3601");
  EXPECT_EQ(refused(parameters, 400).first, "ValidationError");
}

TEST_F(WebIdentity, TheSessionEndsWithTheRole) {
  use(assume(claims())["Credentials"]);
  EXPECT_EQ(list_images(), 200);
  auto txn = store->database().begin(storage::sql::Access::kWrite);
  storage::delete_entity(
      txn, storage::find_entity(txn, "111122223333", storage::EntityKind::kRole, "ci")->id);
  txn.commit();
  EXPECT_EQ(list_images(), 400);
}

TEST_F(WebIdentity, TheRecordNamesTheIdentity) {
  assume(claims());
  const Json records = Json::parse(body_of(
      admin.handle(make_request("GET", "/_ecr-local/events?kind=record", {{"Host", host}}, ""))));
  const std::string text = records.dump();
  EXPECT_NE(text.find(R"("identityProvider":")" + std::string(kProvider)), std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("userName":"repo:octo/app:ref:refs/heads/main")"), std::string::npos);
  EXPECT_NE(text.find(R"("type":"WebIdentityUser")"), std::string::npos);
  EXPECT_NE(text.find(R"("recipientAccountId":"111122223333")"), std::string::npos);
}

TEST_F(WebIdentity, TheTokenIsInNoRecord) {
  const std::string token = issuer().sign(claims());
  const std::string secret =
      sts("AssumeRoleWithWebIdentity", of(token))["Credentials"]["SecretAccessKey"]
          .get<std::string>();
  refused(of(token + "x"), 400);
  for (const char* path : {"/_ecr-local/events?kind=record", "/_ecr-local/decisions?trace=true"}) {
    const std::string text = body_of(admin.handle(make_request("GET", path, {{"Host", host}}, "")));
    EXPECT_NE(text.find("AssumeRoleWithWebIdentity"), std::string::npos) << path;
    EXPECT_EQ(text.find(token.substr(0, 40)), std::string::npos) << path;
    EXPECT_EQ(text.find(secret), std::string::npos) << path;
  }
}

}  // namespace
}  // namespace ecr::api::test
