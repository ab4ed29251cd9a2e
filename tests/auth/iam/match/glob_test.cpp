#include "auth/iam/match/glob.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace ecr::auth::iam {
namespace {

// The definition, and nothing else.
bool reference(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return reference(pattern.substr(1), text) ||
           (!text.empty() && reference(pattern, text.substr(1)));
  }
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         reference(pattern.substr(1), text.substr(1));
}

struct GlobCase {
  const char* pattern;
  const char* text;
  bool matches;
};

TEST(IamGlob, Table) {
  const GlobCase cases[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "a/b:c", true},
      {"**", "x", true},
      {"?", "", false},
      {"?", "a", true},
      {"?", "ab", false},
      {"a*", "a", true},
      {"a*", "ba", false},
      {"*a", "ba", true},
      {"*a", "ab", false},
      {"a*b", "ab", true},
      {"a*b", "axxb", true},
      {"a*b", "a", false},
      {"a*a", "a", false},
      {"ab*ba", "aba", false},
      {"*b*", "abc", true},
      {"a?c", "abc", true},
      {"a?c", "ac", false},
      {"*?", "", false},
      {"?*", "a", true},
      {"*?b?*", "abc", true},
      {"*?b?*", "bc", false},
      {"App", "app", false},
      {"a*?", "a", false},
      {"a*?", "ab", true},
      {"*ab?ab", "abcabdab", true},
      {"?", "\xC3\xA9", true},  // one character of two bytes
      {"a??", "a\xC3\xA9", false},
      {"\xC3\xA9?*", "\xC3\xA9x\xE2\x82\xAC", true},
      {"*\xE2\x82\xAC?", "\xC3\xA9\xE2\x82\xAC\xC3\xA9", true},
  };
  for (const GlobCase& c : cases) {
    EXPECT_EQ(Glob(c.pattern).matches(c.text), c.matches) << c.pattern << " on " << c.text;
  }
}

TEST(IamGlob, AgreesWithTheDefinitionOnRandomText) {
  std::mt19937_64 random(7);
  const auto text = [&](std::string_view letters, std::size_t most) {
    std::string out;
    for (std::size_t n = random() % (most + 1); n > 0; --n)
      out += letters[random() % letters.size()];
    return out;
  };
  for (int i = 0; i < 50'000; ++i) {
    const std::string pattern = text("ab*?", 8);
    const std::string subject = text("ab", 12);
    ASSERT_EQ(Glob(pattern).matches(subject), reference(pattern, subject))
        << pattern << " on " << subject;
  }
}

TEST(IamGlob, LongPiecesWithQuestionMarksAgreeWithTheDefinition) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 200; ++i) {
    // Pieces beyond one machine word, in texts that are too long for the plain search.
    std::string text(400, 'a');
    for (char& c : text) c = "ab"[random() % 2];
    const std::size_t at = random() % 200;
    std::string piece = text.substr(at, 60 + random() % 100);
    for (char& c : piece) {
      if (random() % 10 == 0) c = '?';
    }
    EXPECT_TRUE(Glob("*" + piece + "*").matches(text));
    piece[piece.size() / 2] = 'c';
    EXPECT_FALSE(Glob("*" + piece + "*").matches(text));
  }
}

TEST(IamGlob, WithoutCase) {
  EXPECT_TRUE(glob_match_ignore_case("ECR:put*", "ecr:PutImage"));
  EXPECT_FALSE(glob_match_ignore_case("ECR:put", "ecr:PutImage"));
}

TEST(IamGlob, MarkedTextIsLiteralWhereItIsNotWild) {
  GlobText text;
  text.add_literal("a*");
  text.add_pattern("?*");
  const Glob glob(text.text, text.wild);
  EXPECT_TRUE(glob.matches("a*bcd"));
  EXPECT_FALSE(glob.matches("axbcd"));
}

// Each of these is minutes or worse for a matcher that backtracks.
TEST(IamGlob, LinearOnHostilePatterns) {
  constexpr std::size_t kLength = 100'000;
  const std::string text(kLength, 'a');
  std::string stars;
  for (std::size_t i = 0; i < kLength / 2; ++i) stars += "*a";
  EXPECT_FALSE(Glob(stars + "b").matches(text));
  EXPECT_FALSE(Glob("*" + std::string(kLength / 2, 'a') + "b*").matches(text));
  std::string any;
  for (std::size_t i = 0; i < 2'500; ++i) any += "?a";
  EXPECT_FALSE(Glob("*" + any + "b*").matches(text));
  EXPECT_FALSE(Glob("*" + any + "b*" + any + "b").matches(text + "b"));
}

}  // namespace
}  // namespace ecr::auth::iam
