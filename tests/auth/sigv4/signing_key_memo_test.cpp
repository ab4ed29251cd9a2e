#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "auth/sigv4/canonical_request.h"
#include "auth/sigv4/sigv4.h"

namespace ecr::auth {
namespace {

TEST(SigV4KeyMemo, GivesTheDerivedKeyHoweverFullItIs) {
  SigningKeyMemo memo(4);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) {
      const std::string secret = "secret" + std::to_string(i);
      EXPECT_EQ(memo.get(secret, "20260101", "us-east-1", "ecr"),
                derive_signing_key(secret, "20260101", "us-east-1", "ecr"));
    }
  }
}

TEST(SigV4KeyMemo, EveryPartCounts) {
  SigningKeyMemo memo;
  const auto key = memo.get("secret", "20260101", "us-east-1", "ecr");
  EXPECT_NE(key, memo.get("Secret", "20260101", "us-east-1", "ecr"));
  EXPECT_NE(key, memo.get("secret", "20260102", "us-east-1", "ecr"));
  EXPECT_NE(key, memo.get("secret", "20260101", "us-east-2", "ecr"));
  EXPECT_NE(key, memo.get("secret", "20260101", "us-east-1", "iam"));
  EXPECT_NE(memo.get("ab", "c", "r", "s"), memo.get("a", "bc", "r", "s"));
}

TEST(SigV4KeyMemo, ThreadsShareIt) {
  SigningKeyMemo memo(8);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&memo] {
      for (int i = 0; i < 500; ++i) {
        const std::string secret = std::to_string(i % 12);
        EXPECT_EQ(memo.get(secret, "d", "r", "s"), derive_signing_key(secret, "d", "r", "s"));
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace ecr::auth
