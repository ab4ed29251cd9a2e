// Pushes, deletions and the collector at once: whatever happens, a row has its file.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/fixtures.h"

namespace ecr::storage::test {
namespace {

constexpr int kPushers = 4;
constexpr int kRounds = 60;
constexpr int kDistinctBlobs = 3;

// Pushes one of a few blobs to a fresh repository, looks that it can be read, deletes the
// repository: the blobs go back and forth between held and orphaned all the time.
void push_and_delete(Store& store, int pusher) {
  for (int round = 0; round < kRounds; ++round) {
    const auto repository =
        add_repository(store, "r" + std::to_string(pusher) + "-" + std::to_string(round));
    const std::string bytes = "layer " + std::to_string(round % kDistinctBlobs);
    const auto digest = push_blob(store, repository, upload_id(pusher), bytes);
    ASSERT_EQ(read_blob(store.blobs(), digest), bytes) << "acknowledged, and held";
    if (round + 1 == kRounds) return;
    auto txn = store.database().begin(sql::Access::kWrite);
    delete_repository(txn, repository);
    txn.commit(sql::Durability::kRelaxed);
  }
}

TEST(CollectGarbage, BesidePushesLeavesNoRowWithoutAFile) {
  FixedRandom random;
  const auto store = Store::open({.directory = "", .in_memory = true}, random);
  std::atomic<bool> stop = false;
  std::thread collector([&] {
    while (!stop) store->collect_garbage();
  });
  std::vector<std::thread> pushers;
  for (int i = 0; i < kPushers; ++i) {
    pushers.emplace_back([&, i] { push_and_delete(*store, i); });
  }
  for (auto& pusher : pushers) pusher.join();
  stop = true;
  collector.join();
  store->collect_garbage();
  const auto report = check_store(*store, {});
  EXPECT_THAT(report.problems, ::testing::IsEmpty());
  EXPECT_EQ(report.blobs, 1) << "the last round's, held four times";
}

TEST(CollectGarbage, BesideMountsLeavesNoRowWithoutAFile) {
  FixedRandom random;
  const auto store = Store::open({.directory = "", .in_memory = true}, random);
  std::atomic<bool> stop = false;
  std::thread collector([&] {
    while (!stop) store->collect_garbage();
  });
  const auto target = add_repository(*store, "target");
  for (int round = 0; round < kRounds; ++round) {
    const auto source = add_repository(*store, "source" + std::to_string(round));
    const std::string bytes = "layer " + std::to_string(round);
    const auto digest = push_blob(*store, source, upload_id(1), bytes);
    std::thread remover([&] {
      auto txn = store->database().begin(sql::Access::kWrite);
      delete_repository(txn, source);
      txn.commit();
    });
    bool mounted = false;
    {
      auto txn = store->database().begin(sql::Access::kWrite);
      if (const auto size = find_blob(txn, source, digest.text())) {
        add_blob(txn, target, digest, *size, at(3));
        txn.commit();
        mounted = true;
      }
    }
    remover.join();
    if (mounted) {
      EXPECT_EQ(read_blob(store->blobs(), digest), bytes);
    }
  }
  stop = true;
  collector.join();
  EXPECT_THAT(check_store(*store, {}).problems, ::testing::IsEmpty());
}

}  // namespace
}  // namespace ecr::storage::test
