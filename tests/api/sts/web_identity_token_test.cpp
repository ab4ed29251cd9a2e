// GetWebIdentityToken, the switch of IAM for it, and who believes its tokens.

#include "auth/jwt.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/identity_providers.h"
#include "tests/api/query_fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kOwnIssuer = "http://localhost:4599/_ecr-local/oidc";

class WebIdentityToken : public QueryTest {
 protected:
  WebIdentityToken() {
    const Json statement = {
        {"Effect", "Allow"},
        {"Principal",
         {{"Federated", "arn:aws:iam::111122223333:oidc-provider/localhost:4599/_ecr-local/oidc"}}},
        {"Action", "sts:AssumeRoleWithWebIdentity"}};
    Json document = seed_user("jane", {{"all", policy("Allow", "*", "*")}});
    document["accounts"]["111122223333"]["roles"] = {
        {{"name", "ci"},
         {"path", "/build/"},
         {"trustPolicy",
          {{"Version", "2012-10-17"},
           {"Statement",
            {{{"Effect", "Allow"},
              {"Principal", {{"AWS", "111122223333"}}},
              {"Action", {"sts:AssumeRole", "sts:TagSession"}}}}}}},
         {"policies", {{"all", policy("Allow", "*", "*")}}}},
        {{"name", "web"},
         {"trustPolicy", {{"Version", "2012-10-17"}, {"Statement", Json::array({statement})}}}}};
    seed(document);
    use(kSeededKeys);
  }
  void enable() { call_query("iam", "EnableOutboundWebIdentityFederation", {}); }
  static Parameters of(Parameters more = {}, const char* algorithm = "ES384") {
    more.emplace_back("Audience.member.1", "https://api.example.com");
    more.emplace_back("SigningAlgorithm", algorithm);
    return more;
  }
  std::string ask(Parameters more = {}, const char* algorithm = "ES384") {
    const Json output = sts("GetWebIdentityToken", of(std::move(more), algorithm));
    return output.value("WebIdentityToken", "");
  }
  static Json claims_of(const std::string& token) {
    const std::size_t first = token.find('.') + 1;
    return Json::parse(
        base::base64url_decode(token.substr(first, token.find('.', first) - first)).value());
  }
  HttpResponse own(const char* path) {
    return admin.handle(
        make_request("GET", std::string("/_ecr-local/oidc") + path, {{"Host", host}}, ""));
  }
  void become_role(Parameters more = {}) {
    more.emplace_back("RoleArn", "arn:aws:iam::111122223333:role/build/ci");
    more.emplace_back("RoleSessionName", "build");
    use(sts("AssumeRole", more)["Credentials"]);
  }
};

TEST_F(WebIdentityToken, TheAccountSwitchesItOn) {
  EXPECT_EQ(sts_fail("GetWebIdentityToken", of(), 403).first,
            "OutboundWebIdentityFederationDisabledException");
  EXPECT_EQ(fail_query("iam", "GetOutboundWebIdentityFederationInfo", {}, 404).first,
            "FeatureDisabled");
  EXPECT_EQ(fail_query("iam", "DisableOutboundWebIdentityFederation", {}, 404).first,
            "FeatureDisabled");
  EXPECT_EQ(call_query("iam", "EnableOutboundWebIdentityFederation", {})["IssuerIdentifier"],
            kOwnIssuer);
  EXPECT_EQ(fail_query("iam", "EnableOutboundWebIdentityFederation", {}, 409).first,
            "FeatureEnabled");
  const Json info = call_query("iam", "GetOutboundWebIdentityFederationInfo", {});
  EXPECT_EQ(info["IssuerIdentifier"], kOwnIssuer);
  EXPECT_EQ(info["JwtVendingEnabled"], true);
  ask();
  call_query("iam", "DisableOutboundWebIdentityFederation", {});
  EXPECT_EQ(sts_fail("GetWebIdentityToken", of(), 403).first,
            "OutboundWebIdentityFederationDisabledException");
}

TEST_F(WebIdentityToken, IsVerifiedWithTheKeysThatTheIssuerPublishes) {
  enable();
  const Json description = Json::parse(body_of(own("/.well-known/openid-configuration")));
  EXPECT_EQ(description["issuer"], kOwnIssuer);
  EXPECT_EQ(description["jwks_uri"], std::string(kOwnIssuer) + "/jwks");
  EXPECT_EQ(Json::parse(body_of(own("/jwks")))["keys"].size(), 0U);
  for (const char* algorithm : {"RS256", "ES384"}) {
    const auto token = auth::parse_jwt(ask({}, algorithm));
    ASSERT_TRUE(token) << algorithm;
    EXPECT_EQ(token->algorithm, algorithm);
    const auto published = auth::JsonWebKeySet::parse(body_of(own("/jwks")));
    ASSERT_TRUE(published);
    EXPECT_TRUE(published->has_key(token->key_id.value()));
    EXPECT_TRUE(published->verifies(*token));
    EXPECT_EQ(auth::parse_jwt(ask({}, algorithm))->key_id, token->key_id);  // the same key
  }
}

TEST_F(WebIdentityToken, NamesTheCaller) {
  enable();
  const Json user = claims_of(ask());
  EXPECT_EQ(user["iss"], kOwnIssuer);
  EXPECT_EQ(user["sub"], "arn:aws:iam::111122223333:user/jane");
  EXPECT_EQ(user["aud"], "https://api.example.com");
  EXPECT_EQ(user["exp"].get<int>() - user["iat"].get<int>(), 300);
  EXPECT_TRUE(user["jti"].is_string());
  const Json& known = user["https://sts.amazonaws.com/"];
  EXPECT_EQ(known["aws_account"], "111122223333");
  EXPECT_EQ(known["source_region"], "us-east-1");
  EXPECT_FALSE(known.contains("request_tags"));

  become_role({{"Tags.member.1.Key", "team"}, {"Tags.member.1.Value", "a"}});
  const Json role = claims_of(ask({{"Audience.member.2", "second"},
                                   {"DurationSeconds", "60"},
                                   {"Tags.member.1.Key", "job"},
                                   {"Tags.member.1.Value", "7"}}));
  EXPECT_EQ(role["sub"], "arn:aws:iam::111122223333:role/build/ci");
  EXPECT_EQ(role["aud"], Json({"https://api.example.com", "second"}));
  EXPECT_EQ(role["exp"].get<int>() - role["iat"].get<int>(), 60);
  const Json& session = role["https://sts.amazonaws.com/"];
  EXPECT_EQ(session["principal_id"], role["sub"]);
  EXPECT_EQ(session["principal_tags"], Json({{"team", "a"}}));
  EXPECT_EQ(session["request_tags"], Json({{"job", "7"}}));
}

TEST_F(WebIdentityToken, DoesNotOutliveTheSession) {
  enable();
  become_role({{"DurationSeconds", "900"}});
  ask({{"DurationSeconds", "900"}});
  EXPECT_EQ(sts_fail("GetWebIdentityToken", of({{"DurationSeconds", "901"}}), 403).first,
            "SessionDurationEscalationException");
}

TEST_F(WebIdentityToken, BadInputIsRefused) {
  enable();
  Parameters many;
  for (int i = 2; i < 12; ++i) {
    many.emplace_back(base::format("Audience.member.{}", i), "x");
  }
  const struct {
    Parameters parameters;
    const char* error;
  } cases[] = {
      {{{"SigningAlgorithm", "ES384"}}, "ValidationError"},
      {{{"Audience.member.1", "x"}}, "ValidationError"},
      {{{"Audience.member.1", "x"}, {"SigningAlgorithm", "HS256"}}, "ValidationError"},
      {{{"Audience.member.1", "x"}, {"SigningAlgorithm", "none"}}, "ValidationError"},
      {{{"Audience.member.1", ""}, {"SigningAlgorithm", "ES384"}}, "ValidationError"},
      {{{"Audience.member.1", std::string(1001, 'x')}, {"SigningAlgorithm", "ES384"}},
       "ValidationError"},
      {of(many), "ValidationError"},
      {of({{"DurationSeconds", "59"}}), "ValidationError"},
      {of({{"DurationSeconds", "3601"}}), "ValidationError"},
      {of({{"SubjectMode", "Other"}}), "ValidationError"},
      {of({{"SubjectMode", "OriginIdentity"}}), "ValidationError"},
      {of({{"Scope", "read"}}), "ValidationError"},
      {of({{"Tags.member.1.Key", "aws:x"}, {"Tags.member.1.Value", ""}}), "InvalidParameterValue"},
  };
  int number = 0;
  for (const auto& c : cases) {
    EXPECT_EQ(sts_fail("GetWebIdentityToken", c.parameters, 400).first, c.error) << number++;
  }
}

TEST_F(WebIdentityToken, APayloadHasALimit) {
  enable();
  Parameters tags;
  for (int i = 1; i <= 50; ++i) {
    tags.emplace_back(base::format("Tags.member.{}.Key", i), base::format("key{}", i));
    tags.emplace_back(base::format("Tags.member.{}.Value", i), std::string(256, 'v'));
  }
  EXPECT_EQ(sts_fail("GetWebIdentityToken", of(tags), 400).first,
            "JWTPayloadSizeExceededException");
}

TEST_F(WebIdentityToken, PoliciesDecideByAudienceDurationAndTags) {
  enable();
  Json limited = policy("Allow", "sts:GetWebIdentityToken", "*");
  limited["Statement"][0]["Condition"] = {
      {"ForAllValues:StringEquals", {{"sts:IdentityTokenAudience", "https://api.example.com"}}},
      {"NumericLessThanEquals", {{"sts:DurationSeconds", "300"}}},
      {"StringEquals", {{"sts:SigningAlgorithm", "ES384"}}}};
  seed(seed_user("jane", {{"all", limited}}));
  ask();
  EXPECT_EQ(sts_fail("GetWebIdentityToken", of({}, "RS256"), 403).first, "AccessDenied");
  for (const Parameters& more :
       {Parameters{{"Audience.member.2", "other"}}, Parameters{{"DurationSeconds", "301"}},
        Parameters{{"Tags.member.1.Key", "job"}, {"Tags.member.1.Value", "7"}}}) {
    EXPECT_EQ(sts_fail("GetWebIdentityToken", of(more), 403).first, "AccessDenied")
        << more.front().first;
  }
}

TEST_F(WebIdentityToken, IsNotAtTheGlobalEndpoint) {
  enable();
  host = "sts.amazonaws.com";
  EXPECT_EQ(sts_fail("GetWebIdentityToken", of(), 400).first, "InvalidAction");
}

TEST_F(WebIdentityToken, IsBelievedHereWhereAProviderHasTheIssuer) {
  enable();
  const std::string token = ask();
  const Parameters assume = {{"RoleArn", "arn:aws:iam::111122223333:role/web"},
                             {"RoleSessionName", "build"},
                             {"WebIdentityToken", token}};
  use(Keys{"", ""});
  EXPECT_EQ(sts_fail("AssumeRoleWithWebIdentity", assume, 400).first, "InvalidIdentityToken");
  use(kSeededKeys);
  call_query("iam", "CreateOpenIDConnectProvider",
             {{"Url", "https://localhost:4599/_ecr-local/oidc"},
              {"ClientIDList.member.1", "https://api.example.com"}});
  use(Keys{"", ""});
  const Json output = sts("AssumeRoleWithWebIdentity", assume);
  EXPECT_EQ(output["SubjectFromWebIdentityToken"], "arn:aws:iam::111122223333:user/jane");
  EXPECT_TRUE(output.contains("SessionTokenSize"));
  EXPECT_TRUE(web.asked.empty());
  // Changed on the way.
  Parameters changed = assume;
  changed.back().second = token.substr(0, token.rfind('.') + 1) + std::string(128, 'A');
  EXPECT_EQ(sts_fail("AssumeRoleWithWebIdentity", changed, 400).first, "InvalidIdentityToken");
}

// The host name of a request is the caller's to choose: it does not choose the issuer.
TEST_F(WebIdentityToken, TheIssuerIsTheOneOfTheSwitch) {
  enable();
  host = "issuer.example";
  EXPECT_EQ(claims_of(ask())["iss"], kOwnIssuer);
}

}  // namespace
}  // namespace ecr::api::test
