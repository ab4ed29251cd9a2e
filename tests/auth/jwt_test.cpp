#include "auth/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "tests/auth/token_issuer.h"

namespace ecr::auth {
namespace {

using test::TokenIssuer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const base::Json kClaims = {{"iss", "https://issuer.example"},
                            {"sub", "repo:octo/app:ref:refs/heads/main"},
                            {"aud", "sts.amazonaws.com"},
                            {"exp", 2000},
                            {"iat", 1000.5},
                            {"nbf", 900},
                            {"run_id", 42},
                            {"admin", false},
                            {"groups", {"a", "b"}},
                            {"nested", {{"x", 1}}}};

JsonWebKeySet keys_of(const std::string& text) { return JsonWebKeySet::parse(text).value(); }

const TokenIssuer& rsa() {
  static const TokenIssuer issuer("RS256", "k1");
  return issuer;
}

TEST(Jwt, IsTakenApart) {
  const auto token = parse_jwt(rsa().sign(kClaims));
  ASSERT_TRUE(token) << token.error();
  EXPECT_EQ(token->algorithm, "RS256");
  EXPECT_EQ(token->key_id, "k1");
  const JwtClaims& claims = token->claims;
  EXPECT_EQ(claims.issuer, "https://issuer.example");
  EXPECT_EQ(claims.subject, "repo:octo/app:ref:refs/heads/main");
  EXPECT_THAT(claims.audiences, ElementsAre("sts.amazonaws.com"));
  EXPECT_EQ(claims.expires, 2000);
  EXPECT_EQ(claims.issued, 1000);
  EXPECT_EQ(claims.not_before, 900);
  const auto value = [&](const std::string& name) {
    for (const auto& [key, values] : claims.values) {
      if (key == name) return values;
    }
    return std::vector<std::string>();
  };
  EXPECT_THAT(value("run_id"), ElementsAre("42"));
  EXPECT_THAT(value("admin"), ElementsAre("false"));
  EXPECT_THAT(value("groups"), ElementsAre("a", "b"));
  EXPECT_THAT(value("nested"), IsEmpty());
}

TEST(Jwt, SessionTagsAndSourceIdentityAreClaims) {
  base::Json claims = kClaims;
  claims["https://aws.amazon.com/tags"] = {
      {"principal_tags", {{"team", {"a"}}, {"cost", "b"}, {"two", {"x", "y"}}}},
      {"transitive_tag_keys", {"team"}}};
  claims["https://aws.amazon.com/source_identity"] = "jane";
  const auto token = parse_jwt(rsa().sign(claims)).value();
  using Tags = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(token.claims.session_tags, (Tags{{"cost", "b"}, {"team", "a"}}));
  EXPECT_THAT(token.claims.transitive_keys, ElementsAre("team"));
  EXPECT_EQ(token.claims.source_identity, "jane");
}

TEST(Jwt, WhatIsNoSignedTokenIsRefused) {
  const std::string good = rsa().sign(kClaims);
  const std::string text = good.substr(0, good.rfind('.'));
  base::Json critical = rsa().header();
  critical["crit"] = {"b64"};
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  const std::string bad[] = {
      "",
      "x",
      "..",
      "a.b.c",
      text,
      good + ".e30",
      good + "=",
      text + ".!",
      rsa().sign(kClaims, critical),
      rsa().sign(base::Json::array({1})),
      base::base64url_encode(R"({"alg":"RS256","alg":"none"})") + ".e30.AA",
      base::base64url_encode(R"({"alg":"RS256","x":)" + deep + "}") + ".e30.AA",
      std::string(20'001, 'a'),
  };
  for (const std::string& token : bad) EXPECT_FALSE(parse_jwt(token)) << token.substr(0, 80);
}

TEST(Jwt, OddClaimsAreNone) {
  const auto token = parse_jwt(rsa().sign({{"iss", 1},
                                           {"sub", base::Json::array()},
                                           {"aud", base::Json::array({"a", base::Json::object()})},
                                           {"exp", "2000"},
                                           {"iat", -1},
                                           {"nbf", 1e300}}));
  ASSERT_TRUE(token);
  EXPECT_EQ(token->claims.issuer, "");
  EXPECT_EQ(token->claims.subject, "");
  EXPECT_THAT(token->claims.audiences, IsEmpty());
  EXPECT_FALSE(token->claims.expires);
  EXPECT_FALSE(token->claims.issued);
  EXPECT_FALSE(token->claims.not_before);
}

TEST(JsonWebKeys, VerifyEveryAlgorithm) {
  for (const char* algorithm : {"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}) {
    const TokenIssuer issuer(algorithm, "k");
    const TokenIssuer other(algorithm, "k");
    const JsonWebKeySet keys = keys_of(issuer.key_set());
    ASSERT_EQ(keys.size(), 1u);
    EXPECT_TRUE(keys.verifies(parse_jwt(issuer.sign(kClaims)).value())) << algorithm;
    EXPECT_FALSE(keys.verifies(parse_jwt(other.sign(kClaims)).value())) << algorithm;
    // Without "kid" every key that suits is tried.
    EXPECT_TRUE(keys.verifies(parse_jwt(issuer.sign(kClaims, {{"alg", algorithm}})).value()));
  }
}

TEST(JsonWebKeys, ForgedTokensAreRefused) {
  const JsonWebKeySet keys = keys_of(rsa().key_set());
  const TokenIssuer attacker("RS256", "k1");
  const TokenIssuer elliptic("ES256", "k1");
  base::Json embedded = attacker.header();
  embedded["jwk"] = attacker.jwk();
  base::Json url = attacker.header();
  url["jku"] = "https://attacker.example/keys";
  base::Json traversal = attacker.header();
  traversal["kid"] = "../../../../dev/null";
  base::Json unknown = rsa().header();
  unknown["kid"] = "k2";
  const base::Json hmac = {{"alg", "HS256"}, {"kid", "k1"}};
  const std::string hmac_text =
      base::base64url_encode(hmac.dump()) + "." + base::base64url_encode(kClaims.dump());
  base::Json changed = kClaims;
  changed["sub"] = "repo:octo/other";
  const std::string good = rsa().sign(kClaims);
  const std::string bad[] = {
      test::compact_token({{"alg", "none"}}, kClaims, ""),
      test::compact_token({{"alg", "none"}, {"kid", "k1"}}, kClaims, "x"),
      test::compact_token({{"alg", ""}}, kClaims, "x"),
      test::compact_token({{"kid", "k1"}}, kClaims, "x"),
      hmac_text + "." + base::base64url_encode(test::hmac_sha256(rsa().public_pem(), hmac_text)),
      hmac_text + "." + base::base64url_encode(test::hmac_sha256("", hmac_text)),
      attacker.sign(kClaims),
      attacker.sign(kClaims, embedded),
      attacker.sign(kClaims, url),
      attacker.sign(kClaims, traversal),
      rsa().sign(kClaims, unknown),
      elliptic.sign(kClaims),
      test::compact_token(rsa().header(), changed,
                          *base::base64url_decode(good.substr(good.rfind('.') + 1))),
      test::compact_token(rsa().header(), kClaims, ""),
  };
  EXPECT_TRUE(keys.verifies(parse_jwt(good).value()));
  for (const std::string& text : bad) {
    const auto token = parse_jwt(text);
    EXPECT_FALSE(token && keys.verifies(*token)) << text.substr(0, 120);
  }
}

TEST(JsonWebKeys, AKeyIsForItsAlgorithmAlone) {
  base::Json jwk = rsa().jwk();
  jwk["alg"] = "RS512";
  const JsonWebKeySet keys = keys_of(base::Json{{"keys", {jwk}}}.dump());
  EXPECT_FALSE(keys.verifies(parse_jwt(rsa().sign(kClaims)).value()));
}

TEST(JsonWebKeys, WhatCannotVerifyIsLeftOut) {
  const TokenIssuer small("RS256", "small", 1024);
  base::Json encryption = rsa().jwk();
  encryption["use"] = "enc";
  base::Json exponent_one = rsa().jwk();
  exponent_one["e"] = "AQ";
  base::Json off_curve = TokenIssuer("ES256", "e").jwk();
  off_curve["x"] = off_curve["y"];
  const base::Json keys = {{"keys",
                            {small.jwk(),
                             encryption,
                             exponent_one,
                             off_curve,
                             7,
                             {{"kty", "oct"}, {"k", "c2VjcmV0"}},
                             {{"kty", "RSA"}},
                             {{"kty", "OKP"}}}}};
  EXPECT_EQ(keys_of(keys.dump()).size(), 0u);
  for (const char* bad : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[)"}) {
    EXPECT_FALSE(JsonWebKeySet::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace ecr::auth
