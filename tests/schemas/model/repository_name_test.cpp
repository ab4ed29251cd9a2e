#include "schemas/model/repository_name.h"

#include <string>
#include <unordered_set>

#include <gtest/gtest.h>

#include "schemas/model/model.h"
#include "schemas/model/pattern.h"

namespace ecr::model {
namespace {

TEST(RepositoryName, Accepts) {
  for (const std::string text : {"ab", "a__b", "a--b", "a---b", "a/b__c", "a.b", "a_b", "a-b",
                                 "0/1/2", "team/app-1.2_x", "a/b"}) {
    const auto name = RepositoryName::parse(text);
    ASSERT_TRUE(name) << text;
    EXPECT_EQ(name->text(), text);
  }
  EXPECT_TRUE(RepositoryName::parse(std::string(256, 'a')));
}

TEST(RepositoryName, Refuses) {
  for (const std::string text :
       {"",   "a",    "A",    "aB",  "a___b", "a_-b", "a..b",
        "-a", "a-",   "_a",   "a_",  ".a",    "a.",   "/a",
        "a/", "a//b", "a/-b", "a b", "a:b",   "ab\n", "\xC3\xA4\xC3\xA4"}) {
    EXPECT_FALSE(RepositoryName::parse(text)) << text;
  }
  EXPECT_FALSE(RepositoryName::parse(std::string(257, 'a')));
  EXPECT_FALSE(RepositoryName::parse(std::string("a\0b", 3)));
}

// The parser has its own copy of the expression: it must not load the model.
TEST(RepositoryName, IsTheModelsShape) {
  const Shape& shape = *ServiceModel::ecr().shape("RepositoryName");
  EXPECT_EQ(shape.min, 2);
  EXPECT_EQ(shape.max, 256);
  EXPECT_EQ(shape.pattern_text,
            R"([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*)");
}

// Every text of 2 to 7 characters of each kind that the expression knows, and of one that it does
// not.
TEST(RepositoryName, ParsesWhatTheExpressionMatches) {
  const Pattern& pattern = *ServiceModel::ecr().shape("RepositoryName")->pattern;
  constexpr std::string_view kCharacters = "a.-_/A";
  int names = 0;
  for (int length = 2; length <= 7; ++length) {
    int texts = 1;
    for (int i = 0; i < length; ++i) texts *= static_cast<int>(kCharacters.size());
    for (int number = 0; number < texts; ++number) {
      std::string text;
      for (int rest = number; std::ssize(text) < length;
           rest /= static_cast<int>(kCharacters.size())) {
        text += kCharacters[static_cast<std::size_t>(rest) % kCharacters.size()];
      }
      const bool is_name = RepositoryName::parse(text).has_value();
      ASSERT_EQ(is_name, pattern.matches(text)) << text;
      names += is_name ? 1 : 0;
    }
  }
  EXPECT_GT(names, 100);
}

TEST(RepositoryName, IsComparedByItsText) {
  const auto one = *RepositoryName::parse("team/a");
  const auto other = *RepositoryName::parse("team/b");
  EXPECT_EQ(one, *RepositoryName::parse("team/a"));
  EXPECT_LT(one, other);
  const std::unordered_set<RepositoryName, RepositoryNameHash> names = {one, other, one};
  EXPECT_EQ(names.size(), 2u);
}

TEST(RepositoryName, HasAnArnInTheRegistrysPartition) {
  EXPECT_EQ(repository_arn({"123456789012", "us-gov-west-1"}, *RepositoryName::parse("a/b")),
            "arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/a/b");
}

}  // namespace
}  // namespace ecr::model
