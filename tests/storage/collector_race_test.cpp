// Pushes by every way that a registry knows (upload, mount, "it is there already"), deletions and
// the collector with a short grace, all at once: what a push counted on is there when it ends.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/check.h"
#include "storage/collector.h"
#include "storage/rows/blobs.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage::test {
namespace {

using model::Digest;
using sql::Access;

constexpr int kRacePushers = 4;
constexpr int kRaceRounds = 200;
constexpr int kLayers = 40;  // so many that some are not needed for a while
constexpr std::int64_t kRaceGrace = 8;

// Time that passes as fast as the pushes let it: no push lasts half of the grace, however slow the
// machine is.
class PatientClock {
 public:
  std::int64_t now() {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  void begin(int pusher) {
    const std::lock_guard lock(mutex_);
    begun_[pusher] = now_;
  }
  void end(int pusher) {
    const std::lock_guard lock(mutex_);
    begun_[pusher] = kIdle;
  }
  void tick() {
    const std::lock_guard lock(mutex_);
    const auto oldest = *std::min_element(std::begin(begun_), std::end(begun_));
    if (oldest == kIdle || now_ + 1 - oldest < kRaceGrace / 2) ++now_;
  }

 private:
  static constexpr std::int64_t kIdle = std::numeric_limits<std::int64_t>::max();
  std::mutex mutex_;
  std::int64_t now_ = 1000;
  std::int64_t begun_[kRacePushers] = {kIdle, kIdle, kIdle, kIdle};
};

struct Counts {
  std::atomic<int> claimed{0};
  std::atomic<int> mounted{0};
  std::atomic<int> uploaded{0};
};

class Pusher {
 public:
  Pusher(Store& store, PatientClock& clock, Counts& counts, std::vector<std::int64_t> repositories,
         int number)
      : store_(store),
        clock_(clock),
        counts_(counts),
        repositories_(std::move(repositories)),
        number_(number) {}

  void run() {
    for (int round = 0; round < kRaceRounds; ++round) {
      clock_.begin(number_);
      const auto image = push(round);
      clock_.end(number_);
      if (::testing::Test::HasFatalFailure()) return;
      if (round + 1 == kRaceRounds) return;  // the last one stays
      clock_.begin(number_);
      auto txn = store_.database().begin(Access::kWrite);
      delete_image(txn, repository(round), image.digest, at(clock_.now()));
      txn.commit(sql::Durability::kRelaxed);
      clock_.end(number_);
    }
  }

 private:
  std::int64_t repository(int round) const {
    return repositories_[static_cast<std::size_t>(round + number_) % repositories_.size()];
  }
  std::int64_t neighbour(int round) const { return repository(round + 1); }

  Image push(int round) {
    const std::string manifest = std::to_string(number_) + " " + std::to_string(round);
    Image image = image_of(manifest);
    for (const int layer : {(5 * round + 3 * number_) % kLayers, (11 * round) % kLayers}) {
      image.blobs.emplace_back(provide(round, "layer " + std::to_string(layer)));
    }
    if (image.blobs[0].digest == image.blobs[1].digest) image.blobs.pop_back();
    put(round, image, manifest);
    return image;
  }

  // As a client does: is it there? can it be mounted? else it is sent.
  Digest provide(int round, const std::string& bytes) {
    const auto digest = Digest::of(bytes);
    if (claim(round, digest)) {
      ++counts_.claimed;
    } else if (mount(round, digest)) {
      ++counts_.mounted;
    } else {
      push_blob(store_, repository(round), upload_id(number_), bytes, at(clock_.now()));
      ++counts_.uploaded;
    }
    return digest;
  }

  bool claim(int round, const Digest& digest) {
    auto txn = store_.database().begin(Access::kRead);
    return claim_blob(store_, txn, repository(round), digest, at(clock_.now()),
                      std::chrono::milliseconds(kRaceGrace))
        .has_value();
  }

  bool mount(int round, const Digest& digest) {
    auto txn = store_.database().begin(Access::kWrite);
    const auto size = find_blob(txn, neighbour(round), digest);
    if (!size) return false;
    add_blob(txn, repository(round), digest, *size, at(clock_.now()));
    txn.commit(sql::Durability::kRelaxed);
    return true;
  }

  void put(int round, const Image& image, const std::string& manifest) {
    auto txn = store_.database().begin(Access::kWrite);
    for (const auto& blob : image.blobs) {
      ASSERT_TRUE(find_blob(txn, repository(round), blob.digest)) << "blob unknown";
      ASSERT_TRUE(store_.blobs().open(blob.digest)) << "a row without its file";
    }
    insert_image(txn, repository(round), image, manifest);
    txn.commit(sql::Durability::kRelaxed);
  }

  Store& store_;
  PatientClock& clock_;
  Counts& counts_;
  const std::vector<std::int64_t> repositories_;
  const int number_;
};

TEST(Collect, NothingThatARunningPushNeedsIsRemoved) {
  FixedRandom random;
  const auto store = Store::open({.directory = "", .in_memory = true}, random);
  const std::vector<std::int64_t> repositories = {add_repository(*store, "first"),
                                                  add_repository(*store, "second")};
  PatientClock clock;
  Counts counts;
  Collected all;
  std::atomic<bool> stop = false;
  std::thread collector([&] {
    while (!stop) {
      const auto some = collect_garbage(*store, at(clock.now() - kRaceGrace));
      all.unreferenced += some.unreferenced;
      all.blobs += some.blobs;
    }
  });
  std::thread ticker([&] {
    while (!stop) {
      clock.tick();
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  });
  std::vector<std::thread> pushers;
  for (int i = 0; i < kRacePushers; ++i) {
    pushers.emplace_back([&, i] { Pusher(*store, clock, counts, repositories, i).run(); });
  }
  for (auto& pusher : pushers) pusher.join();
  stop = true;
  collector.join();
  ticker.join();
  EXPECT_THAT(check_store(*store, {}).problems, ::testing::IsEmpty());
  EXPECT_GT(counts.claimed, 0);
  EXPECT_GT(counts.uploaded, 0);
  EXPECT_GT(all.blobs, 0);
  EXPECT_GT(all.unreferenced, 0);
  std::printf("claimed %d, mounted %d, uploaded %d; collected %d, files %d\n",
              counts.claimed.load(), counts.mounted.load(), counts.uploaded.load(),
              static_cast<int>(all.unreferenced), static_cast<int>(all.blobs));
}

// Orphan blobs alone, without a grace: each row of a blob has its file at any moment.

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
    while (!stop) store->remove_orphan_blobs();
  });
  std::vector<std::thread> pushers;
  for (int i = 0; i < kPushers; ++i) {
    pushers.emplace_back([&, i] { push_and_delete(*store, i); });
  }
  for (auto& pusher : pushers) pusher.join();
  stop = true;
  collector.join();
  store->remove_orphan_blobs();
  const auto report = check_store(*store, {});
  EXPECT_THAT(report.problems, ::testing::IsEmpty());
  EXPECT_EQ(report.blobs, 1) << "the last round's, held four times";
}

TEST(CollectGarbage, BesideMountsLeavesNoRowWithoutAFile) {
  FixedRandom random;
  const auto store = Store::open({.directory = "", .in_memory = true}, random);
  std::atomic<bool> stop = false;
  std::thread collector([&] {
    while (!stop) store->remove_orphan_blobs();
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
      if (const auto size = find_blob(txn, source, digest)) {
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
