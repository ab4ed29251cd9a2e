#include "schemas/base/duration.h"

#include <gtest/gtest.h>

namespace ecr::base {
namespace {

using std::chrono::seconds;

TEST(Duration, ParsesUnitsFromTheLargestToTheSmallest) {
  const std::pair<const char*, std::int64_t> kGood[] = {
      {"90d", 90 * 86400}, {"1d12h", 36 * 3600},          {"45s", 45}, {"1w2d3h4m5s", 788'645},
      {"0s", 0},           {"3660000d", 316'224'000'000},
  };
  for (const auto& [text, expected] : kGood) {
    EXPECT_EQ(parse_duration(text), seconds(expected)) << text;
  }
  EXPECT_EQ(parse_duration("100ms"), std::chrono::milliseconds(100));
  EXPECT_EQ(parse_duration("1m2s3ms"), std::chrono::milliseconds(62'003));
  for (const char* text : {"", "d", "90", "90 d", "-1d", "1h1d", "1d1d", "1.5d", "1D", "+1d", "1ds",
                           "3660001d", "99999999999999999999d", "1d "}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace ecr::base
