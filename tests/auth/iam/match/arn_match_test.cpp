#include "auth/iam/match/arn_match.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/auth/iam/naive_conditions.h"

namespace ecr::auth::iam {
namespace {

struct ResourceCase {
  const char* pattern;
  const char* resource;
  bool matches;
};

bool matches(const char* pattern, const char* resource, bool complete_short) {
  StepBudget budget;
  return ResourcePattern(pattern, true).matches(ArnParts(resource), {}, complete_short, budget);
}

constexpr const char* kApp = "arn:aws:ecr:us-east-1:111111111111:repository/app";

TEST(IamArn, ResourceTable) {
  const ResourceCase cases[] = {
      {"*", kApp, true},
      {"*", "*", true},
      {kApp, kApp, true},
      {kApp, "arn:aws:ecr:us-east-1:111111111111:repository/app2", false},
      {"arn:aws:ecr:us-east-1:111111111111:repository/App", kApp, false},
      {"arn:aws:ecr:*:*:repository/*", kApp, true},
      {"arn:*:ecr:us-*-1:11111111111?:repository/a?p", kApp, true},
      // '*' spans '/' and ':' in the resource, and nothing before it.
      {"arn:aws:ecr:*:111111111111:repository/*", "arn:aws:ecr:r:111111111111:repository/a/b:c",
       true},
      {"arn:aws:ecr:*:repository/app", kApp, false},
      {"arn:aws:ecr:us-east-1*:repository/app:x", kApp, false},
      // The service knows no wildcards.
      {"arn:aws:e*:us-east-1:111111111111:repository/app", kApp, false},
      {"arn:aws:*:us-east-1:111111111111:repository/app", kApp, false},
      // An action without resources is matched by "*" alone.
      {"arn:aws:ecr:*:*:*", "*", false},
      {"arn:*:*:*:*:*", "*", false},
      {"repository/app", kApp, false},
      {"", kApp, false},
  };
  for (const ResourceCase& c : cases) {
    EXPECT_EQ(matches(c.pattern, c.resource, false), c.matches)
        << c.pattern << " on " << c.resource;
  }
}

TEST(IamArn, ShortArnIsCompletedOnlyWhereAsked) {
  for (const char* pattern : {"arn:aws:ecr", "arn:aws:ecr:*", "arn:aws:ecr:us-east-1", "arn:aws"}) {
    EXPECT_TRUE(matches(pattern, kApp, true)) << pattern;
    EXPECT_FALSE(matches(pattern, kApp, false)) << pattern;
  }
  EXPECT_FALSE(matches("arn:aws:s3", kApp, true));
}

TEST(IamArn, ConditionTable) {
  const ResourceCase cases[] = {
      {kApp, kApp, true},
      {"arn:*:*:*:*:*", kApp, true},
      {"arn:aws:e?r:*:*:repository/*", kApp, true},
      {"arn:aws:*:repository/app", kApp, false},  // '*' does not cross a ':'
      {"*", kApp, false},
      {"arn:aws:ecr:*:*:REPOSITORY/*", kApp, false},
      {"arn:aws:iam::111111111111:user/*", "arn:aws:iam::111111111111:user/a:b/c", true},
      {"arn:aws:ecr:*:*:*", "not an arn", false},
  };
  for (const ResourceCase& c : cases) {
    GlobText text;
    text.add_pattern(c.pattern);
    StepBudget budget;
    EXPECT_EQ(ArnGlob(text).matches(ArnParts(c.resource), budget), c.matches)
        << c.pattern << " on " << c.resource;
  }
}

TEST(IamArn, AgreesWithTheNaiveMatcherOnRandomText) {
  std::mt19937_64 random(9);
  const auto text = [&](std::string_view letters, std::size_t least, std::size_t most) {
    std::string out;
    for (std::size_t n = least + random() % (most - least); n > 0; --n) {
      out += letters[random() % letters.size()];
    }
    return out;
  };
  for (int i = 0; i < 50'000; ++i) {
    const std::string pattern = "arn:" + text("ab*?::::", 4, 14);
    const std::string arn = "arn:" + text("ab::", 4, 14);
    GlobText glob;
    glob.add_pattern(pattern);
    StepBudget budget;
    ASSERT_EQ(ArnGlob(glob).matches(ArnParts(arn), budget),
              test::naive_arn(test::naive_tokens(pattern), arn))
        << pattern << " on " << arn;
  }
}

}  // namespace
}  // namespace ecr::auth::iam
