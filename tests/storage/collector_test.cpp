#include "storage/collector.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/os/error.h"
#include "storage/rows/blobs.h"
#include "tests/storage/faults.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage::test {
namespace {

namespace fs = std::filesystem;
using model::Digest;
using model::DigestAlgorithm;
using sql::Access;
using std::chrono::milliseconds;

constexpr milliseconds kGrace{100};

class CollectorTest : public ::testing::Test {
 protected:
  Collected collect_at(std::int64_t now) { return collect_garbage(*store_, at(now) - kGrace); }
  Digest push(std::int64_t repository, std::string_view bytes, std::int64_t when) {
    return push_blob(*store_, repository, upload_id(++uploads_), bytes, at(when));
  }
  template <typename Work>
  auto write(Work work) {
    auto txn = store_->database().begin(Access::kWrite);
    if constexpr (std::is_void_v<decltype(work(txn))>) {
      work(txn);
      txn.commit();
    } else {
      auto result = work(txn);
      txn.commit();
      return result;
    }
  }
  bool has(std::int64_t repository, const Digest& digest) {
    auto txn = store_->database().begin(Access::kRead);
    return find_blob(txn, repository, digest).has_value();
  }
  auto claim(std::int64_t repository, const Digest& digest, std::int64_t now,
             Access access = Access::kRead) {
    auto txn = store_->database().begin(access);
    auto size = claim_blob(*store_, txn, repository, digest, at(now), kGrace);
    txn.commit();
    return size;
  }
  // An image of the manifest "image" that names these blobs.
  Digest put_image(std::int64_t repository, const std::vector<Digest>& blobs) {
    Image image = image_of("image");
    for (const auto& blob : blobs) image.blobs.emplace_back(blob);
    write([&](sql::Txn& txn) { insert_image(txn, repository, image, "image"); });
    return image.digest;
  }
  void begin_upload(const std::string& id, std::int64_t when) {
    write([&](sql::Txn& txn) { insert_upload(txn, {id, app_, "arn", at(when)}); });
    store_->uploads().acquire(id, DigestAlgorithm::kSha256)->writer().append("partly");
  }
  bool has_upload(const std::string& id) {
    auto txn = store_->database().begin(Access::kRead);
    return find_upload(txn, id).has_value();
  }
  bool has_upload_file(const std::string& id) { return fs::exists(store_.path("uploads/" + id)); }

  OpenStore store_;
  std::int64_t app_ = add_repository(*store_, "app");
  std::int64_t other_ = add_repository(*store_, "other");
  int uploads_ = 0;
};

TEST_F(CollectorTest, ABlobThatNoImageNamesGoesAfterTheGraceWithItsFile) {
  const auto digest = push(app_, "layer", 1000);
  const auto early = collect_at(1100);
  EXPECT_EQ(early.unreferenced + early.blobs + early.bytes, 0);
  EXPECT_TRUE(has(app_, digest));
  const auto late = collect_at(1101);
  EXPECT_EQ(late.unreferenced, 1);
  EXPECT_EQ(late.blobs, 1);
  EXPECT_EQ(late.bytes, 5);
  EXPECT_FALSE(has(app_, digest));
  EXPECT_FALSE(store_->blobs().open(digest));
}

TEST_F(CollectorTest, ABlobThatAnImageNamesStays) {
  const auto named = push(app_, "named", 1000);
  put_image(app_, {named});
  push(other_, "named", 1000);
  EXPECT_EQ(collect_at(9000).unreferenced, 1) << "of the repository without the image";
  EXPECT_TRUE(has(app_, named));
  EXPECT_EQ(read_blob(store_->blobs(), named), "named");
}

TEST_F(CollectorTest, TheEndOfItsLastImageBeginsTheGraceAnew) {
  const auto digest = push(app_, "layer", 1000);
  const auto image = put_image(app_, {digest});
  write([&](sql::Txn& txn) { delete_image(txn, app_, image, at(5000)); });
  EXPECT_EQ(collect_at(5100).unreferenced, 0);
  EXPECT_EQ(collect_at(5101).unreferenced, 1);
}

TEST_F(CollectorTest, APushOrMountOfTheSameBytesBeginsTheGraceAnew) {
  const auto pushed = push(app_, "pushed", 1000);
  const auto mounted = push(app_, "mounted", 1000);
  push(app_, "pushed", 1050);
  write([&](sql::Txn& txn) { add_blob(txn, app_, mounted, 7, at(1050)); });
  EXPECT_EQ(collect_at(1101).unreferenced, 0);
  EXPECT_EQ(collect_at(1151).blobs, 2);
}

TEST_F(CollectorTest, AClientThatWasToldOfABlobFindsItForHalfTheGrace) {
  for (const Access access : {Access::kRead, Access::kWrite}) {
    const auto digest = push(app_, "layer", 1000);
    EXPECT_EQ(claim(app_, digest, 1050, access), 5) << "nothing to write yet";
    EXPECT_EQ(claim(app_, digest, 1090, access), 5);
    EXPECT_EQ(collect_at(1190).unreferenced, 0);
    EXPECT_EQ(collect_at(1191).unreferenced, 1);
    EXPECT_FALSE(claim(app_, digest, 1191, access).has_value());
  }
}

TEST_F(CollectorTest, AClaimSeesACollectionAfterItsSnapshot) {
  const auto digest = push(app_, "layer", 1000);
  auto txn = store_->database().begin(Access::kRead);
  ASSERT_TRUE(find_blob(txn, app_, digest));
  collect_at(2000);
  ASSERT_TRUE(find_blob(txn, app_, digest)) << "the snapshot still has it";
  EXPECT_FALSE(claim_blob(*store_, txn, app_, digest, at(2000), kGrace));
}

TEST_F(CollectorTest, ClaimsOfNamedBlobsWriteNothing) {
  const auto digest = push(app_, "layer", 1000);
  put_image(app_, {digest});
  const auto writing = store_->database().begin(Access::kWrite);  // a write would never end
  EXPECT_EQ(claim(app_, digest, 9000), 5);
}

TEST_F(CollectorTest, ReadsGoOnWhereNothingCanBeWritten) {
  const auto digest = push(app_, "layer", 1000);
  store_->sync_failures().record("syncing something");
  EXPECT_EQ(claim(app_, digest, 9000), 5);
  EXPECT_THROW(collect_at(9000), StorageError);
  EXPECT_EQ(read_blob(store_->blobs(), digest), "layer");
}

TEST_F(CollectorTest, AnAbandonedUploadGoesWithItsFile) {
  begin_upload(upload_id(101), 1000);
  begin_upload(upload_id(102), 1050);
  EXPECT_EQ(collect_at(1101).uploads, 1);
  EXPECT_FALSE(has_upload(upload_id(101)));
  EXPECT_FALSE(has_upload_file(upload_id(101)));
  EXPECT_TRUE(has_upload(upload_id(102)));
  EXPECT_TRUE(has_upload_file(upload_id(102)));
}

TEST_F(CollectorTest, AnUploadThatARequestIsUsingStays) {
  const auto id = upload_id(101);
  begin_upload(id, 1000);
  {
    auto lease = store_->uploads().acquire(id, DigestAlgorithm::kSha256).value();
    EXPECT_EQ(collect_at(9000).uploads, 0);
    EXPECT_TRUE(keep_upload(*store_, lease, at(1000), at(9000), kGrace));
  }
  EXPECT_EQ(collect_at(9100).uploads, 0);
  EXPECT_TRUE(has_upload_file(id));
  EXPECT_EQ(collect_at(9101).uploads, 1);
}

TEST_F(CollectorTest, AnUploadThatWasCollectedBetweenLookUpAndLeaseIsNotKept) {
  const auto id = upload_id(101);
  begin_upload(id, 1000);
  collect_at(9000);
  auto lease = store_->uploads().acquire(id, DigestAlgorithm::kSha256).value();
  EXPECT_FALSE(keep_upload(*store_, lease, at(8999), at(9000), kGrace));
  EXPECT_FALSE(keep_upload(*store_, lease, at(1000), at(9000), kGrace));
  lease.finish();
  EXPECT_FALSE(has_upload_file(id));
}

TEST_F(CollectorTest, TenThousandAbandonedUploadsGoInManyShortTransactions) {
  constexpr int kUploads = 10'000;
  write([&](sql::Txn& txn) {
    for (int i = 0; i < kUploads; ++i) insert_upload(txn, {upload_id(i), app_, "arn", at(i % 3)});
  });
  for (int i = 0; i < kUploads; ++i) std::ofstream(store_.path("uploads/" + upload_id(i))) << "x";
  const auto syncs = syncs_so_far();
  EXPECT_EQ(collect_at(9000).uploads, kUploads);
  EXPECT_GE(syncs_so_far() - syncs, 50u) << "one a durable transaction";
  EXPECT_TRUE(fs::is_empty(store_.path("uploads")));
}

TEST_F(CollectorTest, FilesStayWhileCollectionIsPaused) {
  const auto digest = push(app_, "layer", 1000);
  {
    const auto pause = store_->pause_collection();
    EXPECT_EQ(collect_at(9000).blobs, 0);
    EXPECT_EQ(read_blob(store_->blobs(), digest), "layer");
  }
  EXPECT_EQ(collect_at(9000).blobs, 1);
}

// The state that a full disk leaves.
TEST_F(CollectorTest, AFileWhoseRowCannotBeWrittenIsRemovedAgain) {
  const auto id = upload_id(101);
  begin_upload(id, 1000);
  auto lease = store_->uploads().acquire(id, DigestAlgorithm::kSha256).value();
  const auto digest = Digest::of("partly");
  {
    const FailWritesAfter fault(0, ENOSPC);
    EXPECT_THROW(
        commit_upload(*store_, id, lease.writer(), digest, app_, at(1001), [](sql::Txn&) {}),
        StorageError);
  }
  EXPECT_FALSE(store_->blobs().open(digest));
  commit_upload(*store_, id, lease.writer(), digest, app_, at(1002), [](sql::Txn&) {});
  EXPECT_EQ(read_blob(store_->blobs(), digest), "partly") << "there is space again";
}

}  // namespace
}  // namespace ecr::storage::test
