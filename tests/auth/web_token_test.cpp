#include "auth/web_token.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "auth/jwt.h"
#include "schemas/base/json.h"

namespace ecr::auth {
namespace {

TEST(WebToken, IsVerifiedWithItsPublicKeyAlone) {
  for (const char* algorithm : {"RS256", "ES384"}) {
    const WebTokenKey key{algorithm, "k1", make_web_token_key(algorithm)};
    const std::string text =
        sign_web_token(key, R"({"iss":"https://a","sub":"b","aud":["c","d"]})");
    const auto token = parse_jwt(text);
    ASSERT_TRUE(token) << algorithm;
    EXPECT_EQ(token->algorithm, algorithm);
    EXPECT_EQ(token->key_id, "k1");
    EXPECT_EQ(token->claims.subject, "b");
    const std::string public_key = public_json_web_key(key);
    EXPECT_TRUE(JsonWebKeySet::parse("{\"keys\":[" + public_key + "]}")->verifies(*token));
    const auto json = base::parse_json(public_key).value();
    for (const char* secret : {"d", "p", "q", "dp", "dq", "qi"}) {
      EXPECT_FALSE(json.contains(secret)) << algorithm << " " << secret;
    }
    const WebTokenKey other{algorithm, "k1", make_web_token_key(algorithm)};
    const auto others = JsonWebKeySet::parse("{\"keys\":[" + public_json_web_key(other) + "]}");
    EXPECT_FALSE(others->verifies(*token)) << algorithm;
  }
}

TEST(WebToken, OtherAlgorithmsAreNotKnown) {
  for (const char* algorithm : {"", "none", "HS256", "ES256", "rs256"}) {
    EXPECT_FALSE(is_web_token_algorithm(algorithm)) << algorithm;
    EXPECT_THROW(make_web_token_key(algorithm), std::runtime_error) << algorithm;
  }
}

}  // namespace
}  // namespace ecr::auth
