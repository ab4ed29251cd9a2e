#include "schemas/base/yaml.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ecr::base {
namespace {

std::string json_of(std::string_view text, const JsonLimits& limits = {}) {
  const auto value = parse_yaml(text, limits);
  if (!value) return "line " + std::to_string(value.error().line) + ": " + value.error().detail;
  return dump(*value);
}

TEST(Yaml, IsReadAsJson) {
  EXPECT_EQ(json_of("b: [1, -2.5, x]\na:\n  - {k: v}\n  - null\n  - ~\n"),
            R"({"b":[1,-2.5,"x"],"a":[{"k":"v"},null,null]})");
  EXPECT_EQ(json_of("# nothing\n"), "null");
  EXPECT_EQ(json_of("{\"a\": [true, \"true\"]}"), R"({"a":[true,"true"]})");
  EXPECT_EQ(json_of("text: |\n  one\n  two\n"), R"({"text":"one\ntwo\n"})");
  EXPECT_EQ(json_of("say: \"null\"\n"), R"({"say":"null"})");
}

// What other readers take for a date, an octal number or a switch is what people wrote.
TEST(Yaml, TakesForANumberOnlyWhatJsonDoes) {
  EXPECT_EQ(json_of("Version: 2012-10-17\nid: 000000000000\non: yes\nhex: 0x1F\nn: 1_000\n"),
            R"({"Version":"2012-10-17","id":"000000000000","on":"yes","hex":"0x1F","n":"1_000"})");
  EXPECT_EQ(json_of("111122223333: 7\n"), R"({"111122223333":7})");
  EXPECT_EQ(json_of("a: !!str 7\n"), R"({"a":"7"})");
}

TEST(Yaml, FollowsAliases) {
  EXPECT_EQ(json_of("a: &x [1, 2]\nb: *x\n"), R"({"a":[1,2],"b":[1,2]})");
  EXPECT_EQ(json_of("a: *x\n"), "line 1: there is no anchor x");
}

TEST(Yaml, NamesWhatItDoesNotTake) {
  EXPECT_EQ(json_of("a: 1\na: 2\n"), "line 2: the key a is there twice");
  EXPECT_EQ(json_of("? [1]\n: 2\n"), "line 1: a key must be a text");
  EXPECT_EQ(json_of("a: &x {k: 1}\nb:\n  <<: *x\n"), "line 3: merge keys are not known here");
  EXPECT_EQ(json_of("a: !!binary aGk=\n"),
            "line 1: the tag tag:yaml.org,2002:binary is not known here");
  EXPECT_EQ(json_of("a: 1\n---\nb: 2\n"), "line 2: only one document may be here");
  EXPECT_EQ(json_of("a: [1\n").substr(0, 5), "line ");
  EXPECT_EQ(json_of("a: \xff\n"), "line 1: is not UTF-8");
}

TEST(Yaml, HasLimits) {
  EXPECT_EQ(json_of("[[[1]]]", {.max_depth = 4}), "[[[1]]]");
  EXPECT_EQ(json_of("[[[1]]]", {.max_depth = 3}), "line 1: is nested too deeply");
  EXPECT_EQ(json_of("a: &x [[1]]\nb: [[*x]]\n", {.max_depth = 6}), R"({"a":[[1]],"b":[[[[1]]]]})");
  EXPECT_EQ(json_of("a: &x [[1]]\nb: [[*x]]\n", {.max_depth = 5}), "line 2: is nested too deeply");
  EXPECT_EQ(json_of("[1, 2]", {.max_values = 2}), "line 1: has too many values");
  EXPECT_EQ(json_of("[1]", {.max_bytes = 2}), "line 1: is larger than 2 bytes");
  // Ten times ten times ...: a billion values.
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
    for (int j = 1; j < 10; ++j) laughs += ", " + below;
    laughs += "]\n";
  }
  EXPECT_EQ(json_of(laughs).substr(8), "has too many values");
}

}  // namespace
}  // namespace ecr::base
