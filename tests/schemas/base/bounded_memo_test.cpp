#include "schemas/base/bounded_memo.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace ecr::base {
namespace {

TEST(BoundedMemo, GivesBackWhatWasPut) {
  BoundedMemo<std::string, int, StringHash> memo(10);
  EXPECT_EQ(memo.find(std::string_view("a")), nullptr);
  EXPECT_EQ(memo.put("a", 1), 1);
  EXPECT_EQ(memo.put(std::string("b"), 2), 2);
  EXPECT_EQ(*memo.find(std::string_view("a")), 1);
  EXPECT_EQ(memo.put("a", 3), 3);
  EXPECT_EQ(*memo.find(std::string("a")), 3);
  EXPECT_EQ(memo.size(), 2u);
  memo.clear();
  EXPECT_EQ(memo.find(std::string_view("a")), nullptr);
  EXPECT_EQ(memo.size(), 0u);
}

TEST(BoundedMemo, NeverHoldsMoreThanItsCapacity) {
  for (const std::size_t capacity : {2u, 3u, 4u, 100u}) {
    BoundedMemo<int, int> memo(capacity);
    for (int i = 0; i < 1000; ++i) {
      memo.put(i, i);
      EXPECT_LE(memo.size(), capacity);
      EXPECT_EQ(*memo.find(i), i);
    }
  }
  BoundedMemo<int, int> least(0);
  least.put(1, 1);
  EXPECT_EQ(*least.find(1), 1);
}

TEST(BoundedMemo, KeepsWhatIsAskedForAndDropsTheRest) {
  BoundedMemo<int, int> memo(10);
  memo.put(-1, 7);
  memo.put(-2, 8);
  for (int i = 0; i < 1000; ++i) {
    memo.put(i, i);
    ASSERT_TRUE(memo.find(-1)) << i;
    EXPECT_EQ(*memo.find(-1), 7);
  }
  EXPECT_FALSE(memo.find(-2));
}

TEST(BoundedMemo, DestroysWhatItDrops) {
  const auto value = std::make_shared<int>(1);
  BoundedMemo<int, std::shared_ptr<int>> memo(4);
  memo.put(0, value);
  EXPECT_EQ(value.use_count(), 2);
  for (int i = 1; i <= 4; ++i) memo.put(i, nullptr);
  EXPECT_EQ(value.use_count(), 1);
}

// A key that is replaced stays one key, in whichever generation it was.
TEST(BoundedMemo, ReplacesAValueOfTheOldGeneration) {
  BoundedMemo<int, int> memo(4);
  memo.put(1, 1);
  memo.put(2, 2);
  memo.put(3, 3);  // 1 and 2 are old now
  memo.put(1, 4);
  EXPECT_EQ(*memo.find(1), 4);
  EXPECT_EQ(memo.size(), 3u);
}

}  // namespace
}  // namespace ecr::base
