#include "storage/sql/group_sync.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "storage/os/error.h"

namespace ecr::storage::sql {
namespace {

void expect_read_only(GroupSync& group, std::uint64_t ticket) {
  try {
    group.wait(ticket);
    FAIL() << "the wait should have failed";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.kind(), StorageError::Kind::kReadOnly);
  }
}

TEST(GroupSync, WaitReturnsAfterASyncThatBeganAfterTheNote) {
  std::atomic<int> written{0};
  std::atomic<int> durable{0};
  GroupSync group([&] { durable = written.load(); });
  std::vector<std::thread> threads;
  std::mutex writer;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 200; ++j) {
        std::unique_lock lock(writer);
        const int mine = ++written;
        const auto ticket = group.note_commit();
        lock.unlock();
        group.wait(ticket);
        ASSERT_GE(durable.load(), mine);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(GroupSync, OneSyncServesAllThatWait) {
  constexpr int kFollowers = 7;
  std::atomic<int> noted{0};
  std::atomic<int> calls{0};
  GroupSync group([&] {
    if (calls.fetch_add(1) > 0) return;
    while (noted.load() < kFollowers) std::this_thread::yield();
  });
  std::thread leader([&] { group.wait(group.note_commit()); });
  while (calls.load() == 0) std::this_thread::yield();
  std::vector<std::thread> followers;
  for (int i = 0; i < kFollowers; ++i) {
    followers.emplace_back([&] {
      const auto ticket = group.note_commit();
      ++noted;
      group.wait(ticket);
    });
  }
  leader.join();
  for (auto& thread : followers) thread.join();
  EXPECT_EQ(calls.load(), 2);
}

TEST(GroupSync, NothingSucceedsAfterAFailedSync) {
  int calls = 0;
  GroupSync group([&] {
    if (++calls == 2) throw StorageError(StorageError::Kind::kIo, "disk");
  });
  group.wait(group.note_commit());
  EXPECT_FALSE(group.failed());
  expect_read_only(group, group.note_commit());
  EXPECT_TRUE(group.failed());
  expect_read_only(group, group.note_commit());
  EXPECT_EQ(calls, 2) << "a failed sync must not be tried again";
}

TEST(GroupSync, FailureElsewhereStopsWaits) {
  GroupSync group([] {});
  const auto ticket = group.note_commit();
  group.fail();
  expect_read_only(group, ticket);
}

}  // namespace
}  // namespace ecr::storage::sql
