// The checks that keep upstreams away from credentials: realms, challenges.
#include <gtest/gtest.h>

#include "api/pull_through/registry_auth.h"
#include "api/pull_through/registry_client.h"
#include "schemas/base/url.h"

namespace ecr::api::pull_through {
namespace {

TEST(Realms, AreBoundToTheRegistry) {
  const auto bound = [](const char* base_url, const char* realm) {
    return is_bound_realm({*base::parse_url(base_url)}, *base::parse_url(realm));
  };
  EXPECT_TRUE(bound("https://ghcr.io/", "https://ghcr.io/token"));
  EXPECT_TRUE(bound("https://registry-1.docker.io/", "https://auth.docker.io/token"));
  EXPECT_TRUE(bound("https://registry.gitlab.com/", "https://gitlab.com/jwt/auth"));
  EXPECT_TRUE(bound("http://127.0.0.1:5000/", "http://127.0.0.1:5001/token"));
  EXPECT_FALSE(bound("https://ghcr.io/", "http://ghcr.io/token"));
  EXPECT_FALSE(bound("https://ghcr.io/", "https://evil.example/token"));
  EXPECT_FALSE(bound("https://ghcr.io/", "https://ghcr.io.evil.example/token"));
  EXPECT_FALSE(bound("https://quay.io/", "https://auth.docker.io/token"));
  EXPECT_FALSE(bound("https://registry-1.docker.io/", "https://auth.docker.io.evil/token"));
}

TEST(Challenges, AreRead) {
  const auto two = parse_challenges(
      R"(Bearer realm="https://a/token",service="a b",scope="repository:x:pull,push", Basic realm="x\"y")");
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].scheme, "bearer");
  EXPECT_EQ(two[0].parameter("realm"), "https://a/token");
  EXPECT_EQ(two[0].parameter("scope"), "repository:x:pull,push");
  EXPECT_EQ(two[1].scheme, "basic");
  EXPECT_EQ(two[1].parameter("realm"), "x\"y");
  EXPECT_EQ(parse_challenges("Basic").size(), 1u);
  EXPECT_EQ(parse_challenges("").size(), 0u);
  EXPECT_EQ(parse_challenges(R"(Bearer realm="open)").at(0).parameter("realm"), "");
  EXPECT_EQ(parse_challenges("=, ,=\"").size(), 0u);
}

}  // namespace
}  // namespace ecr::api::pull_through
