#include "schemas/base/clock.h"

#include <numeric>

#include <gtest/gtest.h>

namespace ecr::base {
namespace {

using std::chrono::milliseconds;

TimePoint at(std::int64_t ms) { return TimePoint{milliseconds{ms}}; }

class CountingRandom : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    std::iota(out.begin(), out.end(), std::uint8_t{0xF0});
  }
};

TEST(Uuid, HasVersionAndVariant) {
  CountingRandom random;
  EXPECT_EQ(make_uuid(random), "f0f1f2f3-f4f5-46f7-b8f9-fafbfcfdfeff");
}

TEST(BasicDate, Formats) {
  EXPECT_EQ(format_basic(at(1440938160000)), "20150830T123600Z");
  EXPECT_EQ(format_basic(at(1440938160999)), "20150830T123600Z");
  EXPECT_EQ(format_basic(at(-1)), "19691231T235959Z");
}

TEST(BasicDate, FormatsYearsThatDoNotHaveFourDigits) {
  EXPECT_EQ(format_basic(at(253402300800000)), "100000101T000000Z");
  EXPECT_EQ(format_iso8601(at(253402300800000)), "10000-01-01T00:00:00Z");
  EXPECT_EQ(format_iso8601(at(-62135596800000)), "0001-01-01T00:00:00Z");
  EXPECT_EQ(format_iso8601(at(-62198755200000)), "-001-01-01T00:00:00Z");
}

TEST(BasicDate, ParsesWhatItFormats) {
  for (const std::int64_t seconds : {0LL, 1440938160LL, 951782399LL, 4102444800LL}) {
    EXPECT_EQ(parse_basic(format_basic(at(seconds * 1000))), at(seconds * 1000));
  }
}

TEST(BasicDate, IsStrict) {
  for (const char* text :
       {"", "20150830", "20150830T123600", "20150830T123600z", "20150830 123600Z",
        "20150830T123600ZZ", "20150229T000000Z", "20151301T000000Z", "20150001T000000Z",
        "20150832T000000Z", "20150830T240000Z", "20150830T126000Z", "20150830T123660Z",
        "2015-08-30T12:36:00Z", "+0150830T123600Z", "2015083 T123600Z"}) {
    EXPECT_FALSE(parse_basic(text)) << text;
  }
  EXPECT_TRUE(parse_basic("20160229T235959Z"));
}

TEST(Iso8601, Formats) { EXPECT_EQ(format_iso8601(at(1440938160123)), "2015-08-30T12:36:00Z"); }

TEST(Iso8601, ParsesEveryPrecision) {
  struct Case {
    const char* text;
    std::int64_t ms;
  };
  for (const auto& [text, ms] :
       {Case{"1970", 0}, Case{"1970-02", 2678400000}, Case{"2015-08-30", 1440892800000},
        Case{"2015-08-30T12:36Z", 1440938160000}, Case{"2015-08-30T12:36:00Z", 1440938160000},
        Case{"2015-08-30T12:36:00.5Z", 1440938160500},
        Case{"2015-08-30T12:36:00.1239999Z", 1440938160123},
        Case{"2015-08-30T12:36:00.04Z", 1440938160040},
        Case{"2015-08-30T14:36:00+02:00", 1440938160000},
        Case{"2015-08-30T07:06:00-05:30", 1440938160000},
        Case{"2015-08-30T12:36+00:00", 1440938160000}}) {
    EXPECT_EQ(parse_iso8601(text), at(ms)) << text;
  }
}

TEST(Iso8601, RefusesTheRest) {
  for (const char* text : {"",
                           "15",
                           "2015-",
                           "2015-8",
                           "2015-08-",
                           "2015-02-29",
                           "2015-08-30T",
                           "2015-08-30T12Z",
                           "2015-08-30T12:36",
                           "2015-08-30T12:36:00",
                           "2015-08-30 12:36:00Z",
                           "2015-08-30T12:36:00.Z",
                           "2015-08-30T12:36.5Z",
                           "2015-08-30T12:36:00+0200",
                           "2015-08-30T12:36:00+24:00",
                           "2015-08-30T12:36:00+02:60",
                           "2015-08-30T12:36:00ZZ",
                           "2015-08-30T25:00:00Z",
                           "2015-08-30T12:36:60Z",
                           "20150830T123600Z",
                           "2015-08-30T12:36:00.5",
                           "2015-08Z"}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
}

// The example of RFC 9110, section 5.6.7.
TEST(HttpDate, IsImfFixdate) {
  EXPECT_EQ(format_http_date(at(784111777000)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), at(784111777000));
}

TEST(HttpDate, IsStrict) {
  for (const char* text : {"", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 GMT ",
                           "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                           "Sun, 31 Feb 1993 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

TEST(EpochSeconds, CarryMilliseconds) {
  EXPECT_DOUBLE_EQ(to_epoch_seconds(at(1448875853241)), 1448875853.241);
}

}  // namespace
}  // namespace ecr::base
