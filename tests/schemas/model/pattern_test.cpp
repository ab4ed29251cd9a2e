#include "schemas/model/pattern.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace ecr::model {
namespace {

struct Case {
  const char* expression;
  std::vector<std::string> accepted;
  std::vector<std::string> refused;
};

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const auto pattern = Pattern::compile(c.expression);
    ASSERT_TRUE(pattern) << c.expression << ": " << pattern.error();
    for (const auto& text : c.accepted) {
      EXPECT_TRUE(pattern->matches(text)) << c.expression << " should match '" << text << "'";
    }
    for (const auto& text : c.refused) {
      EXPECT_FALSE(pattern->matches(text)) << c.expression << " should not match '" << text << "'";
    }
  }
}

TEST(Pattern, Operators) {
  check({
      {"", {""}, {"a"}},
      {"abc", {"abc"}, {"", "ab", "abcd", "xabc"}},
      {"a|b|", {"a", "b", ""}, {"ab", "c"}},
      {"a*", {"", "a", "aaaa"}, {"b", "aab"}},
      {"a+", {"a", "aaaa"}, {"", "ab"}},
      {"ab?c", {"ac", "abc"}, {"abbc"}},
      {"(ab)*c", {"c", "ababc"}, {"aba", "abac"}},
      {"(?:a|b)+", {"a", "bab"}, {""}},
      {"a{3}", {"aaa"}, {"aa", "aaaa"}},
      {"a{2,}", {"aa", "aaaaa"}, {"a", ""}},
      {"a{1,3}", {"a", "aaa"}, {"", "aaaa"}},
      {"(a|bc){2}", {"aa", "abc", "bcbc"}, {"a", "bc", "aaa"}},
      {"a{0}b", {"b"}, {"ab"}},
      {"(a*)*b", {"b", "aaab"}, {"aaa"}},
      {"(a?|b*)*", {"", "abba"}, {"c"}},
  });
}

TEST(Pattern, Classes) {
  check({
      {"[a-c]", {"a", "b", "c"}, {"d", "", "-"}},
      {"[^a-c]", {"d", "\xC3\xA4", "\n"}, {"a", ""}},
      {"[a-c-e]", {"a", "-", "e"}, {"d"}},
      {"[-a]", {"-", "a"}, {"b"}},
      {"[a-]", {"-", "a"}, {"b"}},
      {"[\\w-]", {"a", "_", "9", "-"}, {"."}},
      {"[a\\]b]", {"a", "]", "b"}, {"\\"}},
      {"[ -~]", {" ", "z", "~"}, {"\x7F", "\n"}},
      {"[.*$^]+", {"..*$^"}, {"a"}},
      {"[0-9a-z-\\/]", {"-", "/", "z"}, {".", "\\"}},
      {"[\xC3\xA4-\xC3\xB6]", {"\xC3\xA5"}, {"a", "\xC3\xA3", "\xC3\xB7"}},
  });
}

TEST(Pattern, Escapes) {
  check({
      {"\\.\\/\\-\\\\", {"./-\\"}, {"a/-\\"}},
      {"\\d\\w\\s", {"1a ", "0_\t"}, {"aa ", "1- ", "1aa"}},
      {"\\D\\W\\S", {"a-x", "\xC3\xA4\xC3\xA4\xC3\xA4"}, {"1-x", "aax", "a- "}},
      {"\\S+", {"abc", "\xE2\x82\xAC"}, {"a b", ""}},
      {"\\u002Fa", {"/a"}, {"a"}},
      {"\\x2f", {"/"}, {"2f"}},
      {"\\t\\n\\r", {"\t\n\r"}, {"tnr"}},
      {"[\\u0020-\\u00FF]+", {"a\xC3\xBF"}, {"\xC4\x80", "\n"}},
  });
}

TEST(Pattern, PropertiesAreExactInAsciiAndGenerousBeyond) {
  check({
      {"\\p{L}", {"a", "Z", "\xC3\xA4", "\xE4\xB8\xAD"}, {"1", " ", "_"}},
      {"\\p{N}", {"1", "\xC2\xB2"}, {"a", " "}},
      {"\\p{Z}", {" ", "\xC2\xA0"}, {"\t", "a"}},
      {"[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
       {"", "Cost Center-1", "a@b:c/d=e+f", "\xF0\x9F\x98\x80"},
       {"a*b", "a\nb"}},
  });
}

TEST(Pattern, ReadsCodePointsNotBytes) {
  check({
      {".", {"a", "\xC3\xA4", "\xF0\x9F\x98\x80"}, {"", "ab", "\n"}},
      {".{2}", {"\xC3\xA4\xC3\xA4"}, {"\xC3\xA4"}},
      {".*", {"abc"}, {"\xFF", "a\xC3", "\xED\xA0\x80"}},
  });
}

TEST(Pattern, AnchorsHoldAtTheEndsOnly) {
  check({
      {"^abc$", {"abc"}, {"abcd", "abc\n"}},
      {"^$|ab", {"", "ab"}, {"a", "b"}},
      {"(^a|b)*", {"a", "b", "abb", ""}, {"ba", "aa"}},
      {"a$b", {}, {"ab", "a"}},
      {"a^b", {}, {"ab"}},
      {"(a$|b)*", {"a", "bba"}, {"ab"}},
  });
}

TEST(Pattern, NoHyphenFollowsAHyphen) {
  check({
      {"-(?!-)a?-?", {"-", "-a", "-a-"}, {"--", "--a"}},
      {"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$",
       {"abc", "a-b", "a-b-c", "a1-2b"},
       {"ab", "a--b", "-ab", "ab-", "a---b"}},
  });
}

TEST(Pattern, RefusesWhatItDoesNotSupport) {
  for (const char* expression : {"(",
                                 ")",
                                 "a)",
                                 "(a",
                                 "[a",
                                 "[]",
                                 "a**",
                                 "*a",
                                 "a|*",
                                 "a{2,1}",
                                 "a{1001}",
                                 "(?=a)",
                                 "(?<=a)",
                                 "(?!ab)",
                                 "(?!-)",
                                 "(?i)a",
                                 "(?P<n>a)",
                                 "(?!(a))",
                                 "\\",
                                 "\\q",
                                 "\\1",
                                 "\\b",
                                 "\\u12",
                                 "\\x1",
                                 "\\p{Lu}",
                                 "\\p{X}",
                                 "\\pL",
                                 "[b-a]",
                                 "[a-\\d]",
                                 "[a[b]]",
                                 "[a&&b]",
                                 "a*+",
                                 "\xFF",
                                 "((a{100}){100}){100}",
                                 "((){1000}){1000}"}) {
    const auto pattern = Pattern::compile(expression);
    ASSERT_FALSE(pattern) << expression;
    EXPECT_FALSE(pattern.error().empty());
  }
  EXPECT_FALSE(Pattern::compile(std::string(100'000, '(')));
}

// A backtracking matcher does not come back from any of these, or overflows its stack.
TEST(Pattern, HostileInputTakesLinearTime) {
  const std::string input(100'000, 'a');
  for (const char* expression : {"(a*)*b", "(a|a)*b", "(a|aa)+b", "(a*a*)*b", "(a?){100}b|(.*)*x",
                                 "^(?:[a-z0-9]+(?:[._-]?[a-z0-9]+)*/)*B$"}) {
    EXPECT_FALSE(Pattern::compile(expression)->matches(input)) << expression;
    EXPECT_FALSE(Pattern::compile(expression)->matches(input + '\n')) << expression;
  }
  EXPECT_TRUE(Pattern::compile("(a*)*b")->matches(input + "b"));
}

// RE2 remembers what it has seen in at most a megabyte, and then begins anew or simulates.
TEST(Pattern, IsRightWhereItsMemoryIsFull) {
  const auto pattern = Pattern::compile("(?:a|b)*a(?:a|b){14}");
  std::string input;
  for (unsigned i = 0; i < 300'000; ++i) input += (i * 2654435761u >> 16 & 1u) != 0 ? 'a' : 'b';
  for (const char decides : {'a', 'b'}) {
    input[input.size() - 15] = decides;
    EXPECT_EQ(pattern->matches(input), decides == 'a');
  }
}

TEST(Pattern, CompilesAtTheFirstMatch) {
  const auto pattern = Pattern::compile_at_first_match("[a-z]+");
  ASSERT_TRUE(pattern);
  const Pattern copy = *pattern;
  std::vector<std::thread> threads;
  std::atomic<int> matched = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { matched += copy.matches("abc") && !pattern->matches("1") ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(matched, 4);
  EXPECT_FALSE(Pattern::compile_at_first_match("(?<=a)b"));
  EXPECT_FALSE(Pattern::compile_at_first_match("(")->matches("("));
}

TEST(Pattern, CopiesShareAndMatchersDoNotDisturbEachOther) {
  const Pattern small = *Pattern::compile("ab");
  const Pattern copy = small;
  const Pattern large = *Pattern::compile("[a-z]{1,128}");
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(copy.matches("ab"));
    EXPECT_TRUE(large.matches(std::string(128, 'x')));
    EXPECT_FALSE(small.matches(""));
    EXPECT_FALSE(large.matches(std::string(129, 'x')));
  }
}

}  // namespace
}  // namespace ecr::model
