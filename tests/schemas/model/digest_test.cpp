#include "schemas/model/digest.h"

#include <utility>

#include <gtest/gtest.h>

#include "schemas/base/encoding.h"

namespace ecr::model {
namespace {

// FIPS 180-4's examples.
constexpr std::string_view kAbc256 =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kEmpty256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kAbc512 =
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

TEST(Digest, KnownAnswers) {
  EXPECT_EQ(Digest::of("abc").text(), "sha256:" + std::string(kAbc256));
  EXPECT_EQ(Digest::of("").hex(), kEmpty256);
  const Digest wide = Digest::of("abc", DigestAlgorithm::kSha512);
  EXPECT_EQ(wide.text(), "sha512:" + std::string(kAbc512));
  EXPECT_EQ(wide.algorithm_name(), "sha512");
}

TEST(Digest, ParsesBothForms) {
  const auto narrow = Digest::parse("sha256:" + std::string(kAbc256));
  ASSERT_TRUE(narrow);
  EXPECT_EQ(narrow->algorithm(), DigestAlgorithm::kSha256);
  EXPECT_EQ(*narrow, Digest::of("abc"));
  const auto wide = Digest::parse("sha512:" + std::string(kAbc512));
  ASSERT_TRUE(wide);
  EXPECT_EQ(wide->hex(), kAbc512);
}

TEST(Digest, RefusesTheRest) {
  const std::string hex(kAbc256);
  const std::string refused[] = {"",
                                 hex,
                                 "sha256:",
                                 "sha256:" + hex.substr(1),
                                 "sha256:" + hex + "0",
                                 "SHA256:" + hex,
                                 "sha256-" + hex,
                                 "sha256:" + hex.substr(1) + "G",
                                 "sha256:BA" + hex.substr(2),
                                 "sha512:" + hex,
                                 "sha256:" + std::string(kAbc512),
                                 "md5:900150983cd24fb0d6963f7d28e17f72",
                                 " sha256:" + hex,
                                 "sha256:" + hex + "\n"};
  for (const std::string& text : refused) {
    EXPECT_FALSE(Digest::parse(text)) << text;
  }
}

TEST(Hasher, PiecesMakeTheWhole) {
  for (const auto algorithm : {DigestAlgorithm::kSha256, DigestAlgorithm::kSha512}) {
    Hasher hasher(algorithm);
    for (const char* piece : {"", "a", "b", "", "c"}) hasher.update(piece);
    EXPECT_EQ(hasher.finish(), Digest::of("abc", algorithm));
  }
}

TEST(Hasher, ACopyGoesItsOwnWay) {
  Hasher hasher(DigestAlgorithm::kSha256);
  hasher.update("ab");
  Hasher fork = hasher.copy();
  fork.update("x");
  hasher.update("c");
  EXPECT_EQ(hasher.finish(), Digest::of("abc"));
  EXPECT_EQ(fork.finish(), Digest::of("abx"));
}

TEST(Hasher, Moves) {
  Hasher first(DigestAlgorithm::kSha256);
  first.update("ab");
  Hasher second = std::move(first);
  second.update("c");
  EXPECT_EQ(second.finish(), Digest::of("abc"));
}

TEST(Sha256, IsTheDigestsBytes) {
  EXPECT_EQ(base::to_hex(sha256("abc")), kAbc256);
  EXPECT_EQ(base::to_hex(sha256("")), kEmpty256);
}

// RFC 4231, test cases 1, 2, 3 and 6, and the empty key.
TEST(HmacSha256, KnownAnswers) {
  struct Case {
    std::string key;
    std::string data;
    const char* mac;
  };
  const Case cases[] = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"}};
  for (const Case& c : cases) {
    EXPECT_EQ(base::to_hex(hmac_sha256(base::as_bytes(c.key), c.data)), c.mac) << c.data;
  }
  EXPECT_EQ(base::to_hex(hmac_sha256({}, "")), cases[4].mac);
}

TEST(ConstantTimeEqual, Compares) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  for (const char* other : {"", "ab", "abd", "abcd", "Abc"}) {
    EXPECT_FALSE(constant_time_equal("abc", other)) << other;
  }
}

}  // namespace
}  // namespace ecr::model
