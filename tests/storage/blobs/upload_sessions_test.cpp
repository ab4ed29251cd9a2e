#include "storage/blobs/upload_sessions.h"

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "storage/blobs/file_blob_store.h"
#include "storage/os/error.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage {
namespace {

using model::Digest;
using model::DigestAlgorithm;
using test::upload_id;
constexpr auto kSha256 = DigestAlgorithm::kSha256;

// Counts how often an upload is opened, that is, read again.
class CountingStore : public BlobStore {
 public:
  explicit CountingStore(const std::string& directory)
      : blobs_(std::make_unique<FileBlobStore>(directory, false)) {}
  std::unique_ptr<UploadWriter> open_upload(const std::string& id,
                                            DigestAlgorithm algorithm) override {
    ++opened;
    return blobs_->open_upload(id, algorithm);
  }
  void commit(const std::string& id, UploadWriter& writer, const Digest& digest) override {
    blobs_->commit(id, writer, digest);
  }
  void discard_upload(const std::string& id) override { blobs_->discard_upload(id); }
  std::optional<BlobFile> open(const Digest& digest) override { return blobs_->open(digest); }
  void remove(const Digest& digest) override { blobs_->remove(digest); }
  void list(const std::function<void(const Digest&, std::uint64_t)>& on_blob,
            const std::function<void(const std::string&)>& on_upload) override {
    blobs_->list(on_blob, on_upload);
  }

  std::atomic<int> opened{0};

 private:
  std::unique_ptr<BlobStore> blobs_;
};

class Sessions : public ::testing::Test {
 protected:
  void append(UploadSessions& sessions, int number, std::string_view bytes) {
    sessions.acquire(upload_id(number), kSha256)->writer().append(bytes);
  }
  bool has_file(int number) const {
    return std::filesystem::exists(directory_ / ("uploads/" + upload_id(number)));
  }
  test::TemporaryDirectory directory_;
  CountingStore blobs_{directory_.path()};
};

TEST_F(Sessions, WriterIsKeptBetweenRequests) {
  UploadSessions sessions(blobs_);
  append(sessions, 1, "one");
  append(sessions, 1, " two");
  auto lease = sessions.acquire(upload_id(1), kSha256).value();
  EXPECT_EQ(lease.id(), upload_id(1));
  EXPECT_EQ(lease.writer().digest(kSha256), Digest::of("one two"));
  EXPECT_EQ(blobs_.opened, 1);
}

TEST_F(Sessions, UploadIsUsedByOneRequestAtATime) {
  UploadSessions sessions(blobs_);
  auto first = sessions.acquire(upload_id(1), kSha256);
  ASSERT_TRUE(first);
  EXPECT_FALSE(sessions.acquire(upload_id(1), kSha256));
  EXPECT_FALSE(sessions.discard(upload_id(1)));
  EXPECT_TRUE(sessions.acquire(upload_id(2), kSha256)) << "another upload";
  auto moved = std::move(*first);
  first.reset();
  EXPECT_FALSE(sessions.acquire(upload_id(1), kSha256)) << "the lease was moved, not ended";
}

TEST_F(Sessions, FinishDiscardsTheBytes) {
  UploadSessions sessions(blobs_);
  {
    auto lease = sessions.acquire(upload_id(1), kSha256).value();
    lease.writer().append("bytes");
    lease.finish();
    EXPECT_FALSE(has_file(1));
    EXPECT_TRUE(sessions.acquire(upload_id(1), kSha256)) << "free at once";
  }
  EXPECT_EQ(sessions.acquire(upload_id(1), kSha256)->writer().size(), 0U);
}

TEST_F(Sessions, DiscardOfAnIdleUploadRemovesIt) {
  UploadSessions sessions(blobs_);
  append(sessions, 1, "bytes");
  EXPECT_TRUE(sessions.discard(upload_id(1)));
  EXPECT_FALSE(has_file(1));
  EXPECT_TRUE(sessions.discard(upload_id(1))) << "nothing there is fine";
}

TEST_F(Sessions, LeastRecentlyUsedIdleWriterIsClosedAndReadAgain) {
  UploadSessions sessions(blobs_, 2);
  append(sessions, 1, "one");
  append(sessions, 2, "two");
  append(sessions, 1, "+");
  append(sessions, 3, "three");  // closes 2
  EXPECT_EQ(blobs_.opened, 3);
  append(sessions, 1, "+");
  EXPECT_EQ(blobs_.opened, 3);
  auto lease = sessions.acquire(upload_id(2), kSha256).value();
  EXPECT_EQ(blobs_.opened, 4);
  EXPECT_EQ(lease.writer().digest(kSha256), Digest::of("two"));
}

TEST_F(Sessions, UploadThatCannotBeOpenedIsNotLeftInUse) {
  UploadSessions sessions(blobs_);
  std::filesystem::create_directory(directory_ / ("uploads/" + upload_id(1)));
  EXPECT_THROW(sessions.acquire(upload_id(1), kSha256), StorageError);
  std::filesystem::remove(directory_ / ("uploads/" + upload_id(1)));
  EXPECT_TRUE(sessions.acquire(upload_id(1), kSha256));
}

TEST_F(Sessions, ManyThreadsNeverShareAWriter) {
  UploadSessions sessions(blobs_, 3);
  std::atomic<int> appended[4] = {};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 200; ++j) {
        const int number = (i + j) % 4;
        if (auto lease = sessions.acquire(upload_id(number), kSha256)) {
          lease->writer().append("x");
          ++appended[number];
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (int number = 0; number < 4; ++number) {
    auto lease = sessions.acquire(upload_id(number), kSha256).value();
    const auto size = static_cast<std::size_t>(appended[number]);
    EXPECT_EQ(lease.writer().size(), size);
    EXPECT_EQ(lease.writer().digest(kSha256), Digest::of(std::string(size, 'x')));
  }
}

}  // namespace
}  // namespace ecr::storage
