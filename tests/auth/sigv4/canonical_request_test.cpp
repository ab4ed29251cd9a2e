#include "auth/sigv4/canonical_request.h"

#include <array>

#include <gtest/gtest.h>

#include "schemas/base/encoding.h"

namespace ecr::auth {
namespace {

TEST(SigV4Canonical, PathIsNormalizedAndEncodedAgain) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "/"},
      {"/", "/"},
      {"//", "/"},
      {"/./", "/"},
      {"/..", "/"},
      {"/a/..", "/"},
      {"/a/../..//b/", "/b/"},
      {"/a/.", "/a"},
      {"//a//b//", "/a/b/"},
      {"/a b", "/a%20b"},
      {"/a%20b", "/a%2520b"},
      {"/a%2Fb", "/a%252Fb"},
      {"/%2e%2e/a", "/%252e%252e/a"},
      {"/~a-b_c.d", "/~a-b_c.d"},
      {"/\xe1\x88\xb4+", "/%E1%88%B4%2B"},
  };
  for (const auto& [path, expected] : cases)
    EXPECT_EQ(canonical_path(path, true), expected) << path;
}

TEST(SigV4Canonical, PathByTheRuleOfS3IsEncodedOnceAndKept) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "/"},
      {"//a/./b/../c", "//a/./b/../c"},
      {"/a b", "/a%20b"},
      {"/a%20b", "/a%20b"},
      {"/a%2fb%7e", "/a%2Fb~"},
      {"/a%zz", "/a%25zz"},
  };
  for (const auto& [path, expected] : cases) {
    EXPECT_EQ(canonical_path(path, false), expected) << path;
  }
}

TEST(SigV4Canonical, QueryIsDecodedEncodedAndSorted) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"b=2&a=1", "a=1&b=2"},
      {"a=2&a=1&a", "a=&a=1&a=2"},
      {"a-b=1&a=2", "a=2&a-b=1"},
      {"&&a=1&", "a=1"},
      {"a=b=c", "a=b%3Dc"},
      {"a=%7e%2f/", "a=~%2F%2F"},
      {"\xe1\x88\xb4=bar", "%E1%88%B4=bar"},
      {"a=%zz%", "a=%25zz%25"},
      {"a=1&X-Amz-Signature=f00", "a=1"},
      // A literal '+' is neither "%2B" nor "%20": it may not stand in for either.
      {"a=+&b=%2B&c=%20", "a=+&b=%2B&c=%20"},
  };
  for (const auto& [query, expected] : cases) {
    EXPECT_EQ(canonical_query(query, QueryForm::kNormalized), expected) << query;
  }
}

TEST(SigV4Canonical, QueryAsWrittenIsOnlySorted) {
  EXPECT_EQ(canonical_query("b=%7e&a=b=c&a=/", QueryForm::kAsWritten), "a=/&a=b=c&b=%7e");
}

TEST(SigV4Canonical, HeadersAreFoldedTrimmedAndJoined) {
  const std::array<HeaderView, 4> headers{
      {{"B", "  x \t  y\r\n  z "}, {"HOST", "h"}, {"b", "2"}, {"A", ""}}};
  const HeaderIndex index(headers);
  const std::array<std::string_view, 3> names{"a", "b", "host"};
  EXPECT_EQ(canonical_request({"GET", "/", "", index, names, "hash"}),
            "GET\n/\n\na:\nb:x y z,2\nhost:h\n\na;b;host\nhash");
}

TEST(SigV4Canonical, SignedHeadersMustBeLowerCaseAscendingAndPresent) {
  const std::array<HeaderView, 2> headers{{{"a", "1"}, {"host", "h"}}};
  const HeaderIndex index(headers);
  for (const std::vector<std::string_view>& names :
       std::vector<std::vector<std::string_view>>{{"host", "a"},
                                                  {"a", "a", "host"},
                                                  {"A", "host"},
                                                  {"a", "b", "host"},
                                                  {"", "host"},
                                                  {""}}) {
    EXPECT_FALSE(canonical_request({"GET", "/", "", index, names, "hash"}).has_value());
  }
}

// The example in the AWS General Reference, "Deriving a signing key".
TEST(SigV4Canonical, SigningKeyIsTheDocumentedOne) {
  EXPECT_EQ(base::to_hex(derive_signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20120215",
                                            "us-east-1", "iam")),
            "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
}

}  // namespace
}  // namespace ecr::auth
