// The contract of every BlobStore. A backend includes this file and instantiates the suite with a
// factory:
//
//   INSTANTIATE_TEST_SUITE_P(Files, BlobStoreContract, ::testing::Values(make_my_backend));
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/blobs/blob_store.h"
#include "storage/os/error.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage::test {

// Opens the backend over what an earlier call with the same directory left.
using BlobStoreFactory = std::function<std::unique_ptr<BlobStore>(const std::string& directory)>;

class BlobStoreContract : public ::testing::TestWithParam<BlobStoreFactory> {
 protected:
  static constexpr auto kSha256 = model::DigestAlgorithm::kSha256;
  static constexpr auto kSha512 = model::DigestAlgorithm::kSha512;

  void reopen() {
    blobs_.reset();
    blobs_ = GetParam()(directory_.path());
  }
  std::unique_ptr<UploadWriter> upload(const std::string& id, std::string_view bytes) {
    auto writer = blobs_->open_upload(id, kSha256);
    writer->append(bytes);
    return writer;
  }
  model::Digest put(const std::string& id, std::string_view bytes) {
    auto writer = upload(id, bytes);
    const auto digest = writer->digest(kSha256);
    blobs_->commit(id, *writer, digest);
    blobs_->discard_upload(id);
    return digest;
  }
  std::string read(const model::Digest& digest) { return read_blob(*blobs_, digest); }
  struct Listing {
    std::set<std::pair<std::string, std::uint64_t>> blobs;
    std::set<std::string> uploads;
  };
  Listing list() {
    Listing listing;
    blobs_->list(
        [&](const auto& digest, std::uint64_t size) { listing.blobs.emplace(digest.text(), size); },
        [&](const std::string& id) { listing.uploads.insert(id); });
    return listing;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<BlobStore> blobs_ = GetParam()(directory_.path());
};

TEST_P(BlobStoreContract, CommittedBytesAreRead) {
  auto writer = upload(upload_id(1), "first ");
  writer->append("second");
  EXPECT_EQ(writer->size(), 12U);
  const auto digest = model::Digest::of("first second");
  EXPECT_EQ(writer->digest(kSha256), digest);
  EXPECT_FALSE(blobs_->open(digest));
  blobs_->commit(upload_id(1), *writer, digest);
  EXPECT_EQ(read(digest), "first second");
  reopen();
  EXPECT_EQ(read(digest), "first second");
}

TEST_P(BlobStoreContract, EmptyBlobIsABlob) {
  const auto digest = put(upload_id(1), "");
  const auto file = blobs_->open(digest);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->size(), 0U);
}

TEST_P(BlobStoreContract, BothAlgorithmsHaveTheirBlobs) {
  auto writer = upload(upload_id(1), "layer");  // hashed as sha256 along the way
  const auto digest = model::Digest::of("layer", kSha512);
  EXPECT_EQ(writer->digest(kSha512), digest);
  blobs_->commit(upload_id(1), *writer, digest);
  EXPECT_EQ(read(digest), "layer");
  EXPECT_FALSE(blobs_->open(model::Digest::of("layer", kSha256)));
}

TEST_P(BlobStoreContract, DigestCanBeAskedInTheMiddle) {
  auto writer = upload(upload_id(1), "one");
  EXPECT_EQ(writer->digest(kSha256), model::Digest::of("one"));
  EXPECT_EQ(writer->digest(kSha256), model::Digest::of("one"));
  writer->append(" two");
  EXPECT_EQ(writer->digest(kSha256), model::Digest::of("one two"));
}

TEST_P(BlobStoreContract, UploadGoesOnAfterReopening) {
  const std::string big(3u << 20, 'x');
  upload(upload_id(1), big);
  reopen();
  auto writer = blobs_->open_upload(upload_id(1), kSha256);
  EXPECT_EQ(writer->size(), big.size());
  writer->append("end");
  EXPECT_EQ(writer->digest(kSha256), model::Digest::of(big + "end"));
}

TEST_P(BlobStoreContract, CommitKeepsTheUploadUntilItIsDiscarded) {
  auto writer = upload(upload_id(1), "layer");
  const auto digest = writer->digest(kSha256);
  blobs_->commit(upload_id(1), *writer, digest);
  EXPECT_THAT(list().uploads, ::testing::ElementsAre(upload_id(1)));
  blobs_->remove(digest);
  blobs_->commit(upload_id(1), *writer, digest);
  EXPECT_EQ(read(digest), "layer") << "committed again after the blob was collected";
  blobs_->discard_upload(upload_id(1));
  EXPECT_THAT(list().uploads, ::testing::IsEmpty());
  EXPECT_EQ(read(digest), "layer");
}

TEST_P(BlobStoreContract, CommitOfAKnownBlobChangesNothing) {
  const auto digest = put(upload_id(1), "layer");
  EXPECT_EQ(put(upload_id(2), "layer"), digest);
  EXPECT_EQ(read(digest), "layer");
  EXPECT_EQ(list().blobs.size(), 1U);
}

TEST_P(BlobStoreContract, BlobNeverChangesThroughTheUploadItCameFrom) {
  auto writer = upload(upload_id(1), "layer");
  const auto digest = writer->digest(kSha256);
  blobs_->commit(upload_id(1), *writer, digest);
  EXPECT_THROW(writer->append("more"), StorageError);
  writer.reset();
  reopen();
  EXPECT_THROW(blobs_->open_upload(upload_id(1), kSha256)->append("more"), StorageError);
  EXPECT_EQ(read(digest), "layer");
}

TEST_P(BlobStoreContract, BytesNeverGetAnotherDigestsName) {
  auto writer = upload(upload_id(1), "layer");
  const auto other = model::Digest::of("other");
  EXPECT_THROW(blobs_->commit(upload_id(1), *writer, other), StorageError);
  EXPECT_FALSE(blobs_->open(other));
  EXPECT_THROW(blobs_->commit(upload_id(2), *writer, model::Digest::of("layer")), StorageError);
}

TEST_P(BlobStoreContract, RemovedBlobIsGoneAndRemovalCanBeRepeated) {
  const auto digest = put(upload_id(1), "layer");
  const auto open_before = blobs_->open(digest);
  blobs_->remove(digest);
  EXPECT_FALSE(blobs_->open(digest));
  blobs_->remove(digest);
  ASSERT_TRUE(open_before);
  EXPECT_EQ(open_before->size(), 5U) << "who reads it reads on";
}

TEST_P(BlobStoreContract, DiscardedUploadBeginsAnew) {
  upload(upload_id(1), "layer");
  blobs_->discard_upload(upload_id(1));
  blobs_->discard_upload(upload_id(1));
  EXPECT_EQ(blobs_->open_upload(upload_id(1), kSha256)->size(), 0U);
}

TEST_P(BlobStoreContract, ListNamesEveryBlobAndUpload) {
  Listing expected;
  for (int i = 0; i < 60; ++i) {
    const std::string bytes(static_cast<std::size_t>(i), 'x');
    expected.blobs.emplace(put(upload_id(i), bytes).text(), bytes.size());
  }
  upload(upload_id(1001), "a");
  upload(upload_id(1002), "");
  expected.uploads = {upload_id(1001), upload_id(1002)};
  EXPECT_EQ(list().blobs, expected.blobs);
  EXPECT_EQ(list().uploads, expected.uploads);
}

TEST_P(BlobStoreContract, OnlyUuidsAreUploads) {
  for (const char* const id :
       {"", ".", "..", "../../etc/passwd", "a/b", "00000000-0000-4000-8000-00000000000/",
        "../00000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-00000000000G",
        "00000000-0000-4000-8000-00000000000A", "00000000-0000-4000-8000-0000000000000",
        "00000000000040008000000000000000abcd"}) {
    EXPECT_THROW(blobs_->open_upload(id, kSha256), StorageError) << id;
    EXPECT_THROW(blobs_->discard_upload(id), StorageError) << id;
  }
  const std::string with_nul("00000000-0000-4000-8000-00000000000\0", 36);
  EXPECT_THROW(blobs_->open_upload(with_nul, kSha256), StorageError);
}

TEST_P(BlobStoreContract, UploadsOfTheSameBytesAtOnceMakeOneBlob) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 10; ++j) put(upload_id(i), "layer " + std::to_string(j));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(list().blobs.size(), 10U);
  EXPECT_EQ(read(model::Digest::of("layer 3")), "layer 3");
}

}  // namespace ecr::storage::test
