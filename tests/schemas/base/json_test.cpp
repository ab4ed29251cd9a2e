#include "schemas/base/json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ecr::base {
namespace {

using Kind = JsonError::Kind;

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(ParseJson, ReadsEveryKindOfValue) {
  const char* text =
      R"( {"z": [null, true, false, -1, 18446744073709551615, 1.5, "a\u00e4\n"], "a": {}} )";
  EXPECT_EQ(dump(*parse_json(text)),
            "{\"a\":{},\"z\":[null,true,false,-1,18446744073709551615,1.5,\"a\xC3\xA4\\n\"]}");
  EXPECT_EQ(dump(*parse_ordered_json(text)),
            "{\"z\":[null,true,false,-1,18446744073709551615,1.5,\"a\xC3\xA4\\n\"],\"a\":{}}");
}

TEST(ParseJson, ReadsScalarsAtTheTop) {
  EXPECT_EQ(dump(*parse_json("1")), "1");
  EXPECT_EQ(dump(*parse_json("\"x\"")), "\"x\"");
  EXPECT_EQ(dump(*parse_ordered_json(" null ")), "null");
}

TEST(ParseJson, ValuesFollowNestedOnes) {
  EXPECT_EQ(dump(*parse_ordered_json(R"({"b":{"x":[{"y":1},2]},"a":[[],{}],"c":3})")),
            R"({"b":{"x":[{"y":1},2]},"a":[[],{}],"c":3})");
}

TEST(ParseJson, TellsWhereItFailed) {
  struct Case {
    std::string text;
    Kind kind;
    std::size_t offset;
    std::size_t line;
  };
  const Case cases[] = {
      {"", Kind::kSyntax, 0, 1},
      {"{", Kind::kSyntax, 1, 1},
      {"[1,\n 2,\n x]", Kind::kSyntax, 9, 3},
      {"{\"a\":1,}", Kind::kSyntax, 7, 1},
      {"{'a':1}", Kind::kSyntax, 1, 1},
      {"[1] 2", Kind::kSyntax, 4, 1},
      {"[01]", Kind::kSyntax, 2, 1},
      {"\"\\ud800\"", Kind::kSyntax, 7, 1},
      {"[1e999]", Kind::kSyntax, 5, 1},
      {"{\"a\":1,\n\"a\":2}", Kind::kDuplicateKey, 10, 2},
      {"[\n\"\xFF\"]", Kind::kNotUtf8, 3, 2},
  };
  for (const Case& c : cases) {
    for (const auto& error : {parse_json(c.text).error(), parse_ordered_json(c.text).error()}) {
      EXPECT_EQ(error.kind, c.kind) << c.text;
      EXPECT_EQ(error.offset, c.offset) << c.text;
      EXPECT_EQ(error.line, c.line) << c.text;
      EXPECT_FALSE(error.detail.empty());
    }
  }
}

TEST(ParseJson, AByteOrderMarkIsNoJson) {
  for (const char* text : {"\xEF\xBB\xBF{}", "\xEF\xBB\xBF", "\xEF\xBB\xBF\xEF\xBB\xBF[]"}) {
    const auto parsed = parse_json(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().detail.find("byte order mark"), std::string::npos);
  }
  EXPECT_TRUE(parse_json("\"\xEF\xBB\xBF\""));  // within a string it is a character
}

TEST(ParseJson, DepthIsLimited) {
  EXPECT_TRUE(parse_json(nested(64)));
  const auto deep = parse_json(nested(65));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().kind, Kind::kTooDeep);
  EXPECT_EQ(deep.error().offset, 64u);
  EXPECT_EQ(parse_json(std::string(1'000'000, '[')).error().kind, Kind::kTooDeep);
  EXPECT_EQ(parse_ordered_json("{\"a\":[]}", {.max_depth = 1}).error().kind, Kind::kTooDeep);
}

TEST(ParseJson, SizeIsLimited) {
  EXPECT_TRUE(parse_json("[1]", {.max_bytes = 3}));
  const auto large = parse_json("[1] ", {.max_bytes = 3});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind, Kind::kTooLarge);
}

TEST(ParseJson, TheNumberOfValuesIsLimited) {
  const JsonLimits limits{.max_values = 3};
  EXPECT_TRUE(parse_json(R"({"a":[1]})", limits).has_value());
  for (const char* text : {R"({"a":[1,2]})", "[1,2,3]", "[[[[]]]]", "[{},{},{}]"}) {
    const auto parsed = parse_json(text, limits);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().kind, JsonError::Kind::kTooLarge) << text;
  }
}

TEST(ParseJson, EqualKeysInDifferentObjectsAreNoDuplicates) {
  EXPECT_TRUE(parse_json(R"([{"a":{"a":1}},{"a":2}])"));
  EXPECT_TRUE(parse_ordered_json(R"([{"a":{"a":1}},{"a":2}])"));
  EXPECT_EQ(parse_json(R"({"a":{"b":1},"c":{"d":1,"d":2}})").error().kind, Kind::kDuplicateKey);
  EXPECT_EQ(parse_json(R"({"a":1,"\u0061":2})").error().kind, Kind::kDuplicateKey);
}

TEST(ParseJson, TheLastOfEqualKeysStaysWhereTheyAreAllowed) {
  const JsonLimits lenient{.refuse_duplicate_keys = false};
  const char* text = R"({"a":[1,2],"b":0,"a":{"c":3}})";
  EXPECT_EQ(dump(*parse_json(text, lenient)), R"({"a":{"c":3},"b":0})");
  EXPECT_EQ(dump(*parse_ordered_json(text, lenient)), R"({"a":{"c":3},"b":0})");
}

// A search of all members for each new key would take minutes here.
TEST(ParseJson, AHundredThousandKeysAreRead) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += "\"key" + std::to_string(i) + "\":0,";
  text.back() = '}';
  EXPECT_EQ(parse_json(text)->size(), 100'000u);
  EXPECT_EQ(parse_ordered_json(text)->size(), 100'000u);
}

TEST(ParseJson, TheErrorDoesNotRepeatTheInput) {
  const std::string secret(10'000, 's');
  for (const std::string& text :
       {"\"" + secret, "[\"" + secret + "\"x", "{\"" + secret + "\" 1}"}) {
    const auto result = parse_json(text);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().detail.find("sss"), std::string::npos) << result.error().detail;
    EXPECT_LE(result.error().detail.size(), 160u);
  }
}

TEST(Dump, MakesBadBytesValid) { EXPECT_EQ(dump(Json("a\xFF")), "\"a\xEF\xBF\xBD\""); }

}  // namespace
}  // namespace ecr::base
