#include "schemas/base/text.h"

#include <gtest/gtest.h>

namespace ecr::base {
namespace {

TEST(Wildcard, OnlyTheStarIsOne) {
  EXPECT_TRUE(wildcard_matches("v*", "v1.2"));
  EXPECT_TRUE(wildcard_matches("*-rc*", "1-rc"));
  EXPECT_TRUE(wildcard_matches("**", ""));
  EXPECT_FALSE(wildcard_matches("v*.1", "v1.2"));
  EXPECT_FALSE(wildcard_matches("v?", "v1"));
  EXPECT_FALSE(wildcard_matches("", "v"));
  EXPECT_TRUE(wildcard_matches("", ""));
  EXPECT_TRUE(wildcard_matches("*", ""));
  EXPECT_TRUE(wildcard_matches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(wildcard_matches("ab*ba", "aba"));  // the two ends do not overlap
}

}  // namespace
}  // namespace ecr::base
