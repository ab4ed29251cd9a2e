// The budget of memory for callers who are not authenticated yet.
#include "server/runtime/memory_budget.h"

#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace ecr::server {
namespace {

using Claim = MemoryBudget::Claim;
constexpr std::size_t kMebibyte = 1u << 20;

TEST(MemoryBudget, ClaimsGrowUpToTheLimitAndGoBack) {
  MemoryBudget budget(8 * kMebibyte);
  {
    Claim first(budget);
    Claim second(budget);
    EXPECT_TRUE(first.grow_to(3 * kMebibyte));
    EXPECT_TRUE(first.grow_to(kMebibyte));  // smaller: it stays as it is
    EXPECT_EQ(budget.used(), 3 * kMebibyte);
    EXPECT_FALSE(second.grow_to(2 * kMebibyte));
    EXPECT_EQ(second.bytes(), 0u);
    EXPECT_TRUE(second.grow_to(kMebibyte));
    first.release();
    EXPECT_TRUE(second.grow_to(4 * kMebibyte));
    EXPECT_EQ(budget.used(), 4 * kMebibyte);
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(MemoryBudget, LargeClaimsLeaveRoomForSmallOnes) {
  MemoryBudget budget(kReservedForSmall + kMebibyte);
  Claim large(budget);
  EXPECT_FALSE(large.grow_to(kMebibyte + 1));
  EXPECT_TRUE(large.grow_to(kMebibyte));
  std::vector<std::unique_ptr<Claim>> small;
  for (std::size_t i = 0; i < kReservedForSmall / kSmallClaim; ++i) {
    small.push_back(std::make_unique<Claim>(budget));
    EXPECT_TRUE(small.back()->grow_to(kSmallClaim));
  }
  Claim further(budget);
  EXPECT_FALSE(further.grow_to(1));
}

TEST(MemoryBudget, IsCountedByManyThreads) {
  MemoryBudget budget(kReservedForSmall + kMebibyte);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&budget] {
      for (int n = 0; n < 10'000; ++n) {
        Claim claim(budget);
        claim.grow_to(1000);
        EXPECT_LE(budget.used(), budget.limit());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(budget.used(), 0u);
}

}  // namespace
}  // namespace ecr::server
