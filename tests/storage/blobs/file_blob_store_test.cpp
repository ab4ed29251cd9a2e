#include "storage/blobs/file_blob_store.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/resource.h>
#include <thread>

#include "storage/blobs/background_sync.h"
#include "tests/storage/blobs/blob_store_contract.h"
#include "tests/storage/faults.h"

namespace ecr::storage::test {
namespace {

std::unique_ptr<BlobStore> synced(const std::string& directory) {
  return std::make_unique<FileBlobStore>(directory, true);
}
std::unique_ptr<BlobStore> unsynced(const std::string& directory) {
  return std::make_unique<FileBlobStore>(directory, false);
}

INSTANTIATE_TEST_SUITE_P(Files, BlobStoreContract, ::testing::Values(synced, unsynced));

constexpr auto kSha256 = model::DigestAlgorithm::kSha256;

class FileBlobs : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::unique_ptr<BlobStore> blobs_ = synced(directory_.path());
};

template <typename Action>
void expect_error(StorageError::Kind kind, Action action) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
  }
}

TEST_F(FileBlobs, FullDiskLeavesTheUploadAsItWas) {
  auto writer = blobs_->open_upload(upload_id(1), kSha256);
  writer->append("before ");
  {
    const FailWritesAfter fault(3, ENOSPC);
    expect_error(StorageError::Kind::kNoSpace, [&] { writer->append("does not fit"); });
  }
  EXPECT_EQ(writer->size(), 7U);
  EXPECT_EQ(std::filesystem::file_size(directory_ / ("uploads/" + upload_id(1))), 7U);
  writer->append("after");
  const auto digest = model::Digest::of("before after");
  EXPECT_EQ(writer->digest(kSha256), digest);
  blobs_->commit(upload_id(1), *writer, digest);
  EXPECT_EQ(read_blob(*blobs_, digest), "before after");
}

TEST_F(FileBlobs, FileSizeLimitIsAFullDisk) {
  auto writer = blobs_->open_upload(upload_id(1), kSha256);
  writer->append("1234567");
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit tiny { 10, before.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tiny), 0);
  expect_error(StorageError::Kind::kNoSpace, [&] { writer->append("89abcdef"); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(writer->size(), 7U);
  writer->append("8");
  EXPECT_EQ(writer->digest(kSha256), model::Digest::of("12345678"));
}

TEST_F(FileBlobs, FailedSyncOfTheDataEndsTheUpload) {
  auto writer = blobs_->open_upload(upload_id(1), kSha256);
  writer->append("layer");
  const auto digest = model::Digest::of("layer");
  {
    const FailSyncs fault(EIO);
    expect_error(StorageError::Kind::kIo, [&] { blobs_->commit(upload_id(1), *writer, digest); });
  }
  EXPECT_FALSE(blobs_->open(digest));
  expect_error(StorageError::Kind::kIo, [&] { blobs_->commit(upload_id(1), *writer, digest); });
  expect_error(StorageError::Kind::kIo, [&] { writer->append("more"); });
  EXPECT_FALSE(blobs_->open(digest));
  EXPECT_EQ(blobs_->open_upload(upload_id(1), kSha256)->size(), 0U) << "nothing to resume";
}

// Appends MiB after MiB, then little, until `done` says so.
template <typename Done>
void fill(UploadWriter& writer, Done done) {
  const std::string mebibyte(1u << 20, 'x');
  for (int i = 0; i < 70; ++i) writer.append(mebibyte);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    writer.append("x");
  }
}

TEST_F(FileBlobs, LargeUploadIsSyncedWhileItGrows) {
  auto writer = blobs_->open_upload(upload_id(1), kSha256);
  const auto before = syncs_so_far();
  fill(*writer, [&] { return syncs_so_far() > before; });
  EXPECT_GT(syncs_so_far(), before);
  const auto digest = writer->digest(kSha256);
  blobs_->commit(upload_id(1), *writer, digest);
  EXPECT_EQ(blobs_->open(digest)->size(), writer->size());
}

// The kernel tells a failure once: the sync at the end would find nothing wrong.
TEST_F(FileBlobs, FailedSyncOfALayerThatComesInStopsCommitsForGood) {
  auto writer = blobs_->open_upload(upload_id(1), kSha256);
  {
    const FailSyncs fault(EIO);
    expect_error(StorageError::Kind::kReadOnly, [&] { fill(*writer, [] { return false; }); });
  }
  expect_error(StorageError::Kind::kReadOnly,
               [&] { blobs_->commit(upload_id(1), *writer, writer->digest(kSha256)); });
  EXPECT_FALSE(blobs_->open(writer->digest(kSha256)).has_value());
}

TEST(BackgroundSyncs, EveryWaitReportsTheFailure) {
  const TemporaryDirectory directory;
  const Fd file = open_file(AT_FDCWD, (directory.path() + "/file").c_str(), O_RDWR | O_CREAT, "it");
  const auto failures = std::make_shared<SyncFailures>();
  BackgroundSync sync(failures);
  const auto good = sync.begin(file.get(), "good");
  sync.wait(*good);
  EXPECT_TRUE(sync.done(*good));
  EXPECT_FALSE(failures->any());
  const FailSyncs fault(EIO);
  const auto bad = sync.begin(file.get(), "bad");
  for (int i = 0; i < 2; ++i) {
    expect_error(StorageError::Kind::kIo, [&] { sync.wait(*bad); });
  }
  EXPECT_NE(failures->first().find("bad"), std::string::npos);
}

TEST_F(FileBlobs, FailedSyncOfANameStopsCommitsForGood) {
  const auto commit = [&](int number, std::string_view bytes) {
    auto writer = blobs_->open_upload(upload_id(number), kSha256);
    writer->append(bytes);
    const auto digest = writer->digest(kSha256);
    blobs_->commit(upload_id(number), *writer, digest);
  };
  commit(1, "layer");
  {
    const FailSyncs fault(EIO);  // the data is not synced again: only the name is
    expect_error(StorageError::Kind::kIo, [&] { commit(2, "layer"); });
  }
  expect_error(StorageError::Kind::kReadOnly, [&] { commit(3, "layer"); });
  expect_error(StorageError::Kind::kReadOnly, [&] { commit(4, "another"); });
  EXPECT_EQ(read_blob(*blobs_, model::Digest::of("layer")), "layer");
}

TEST_F(FileBlobs, CommitSyncsDataShardAndItsParent) {
  auto writer = blobs_->open_upload(upload_id(1), kSha256);
  writer->append("layer");
  const auto before = syncs_so_far();
  blobs_->commit(upload_id(1), *writer, model::Digest::of("layer"));
  EXPECT_EQ(syncs_so_far() - before, 3U);
}

TEST(FileBlobsWithoutSync, NeverSync) {
  TemporaryDirectory directory;
  const auto before = syncs_so_far();
  const auto blobs = unsynced(directory.path());
  auto writer = blobs->open_upload(upload_id(1), kSha256);
  writer->append("layer");
  blobs->commit(upload_id(1), *writer, model::Digest::of("layer"));
  EXPECT_EQ(syncs_so_far(), before);
}

TEST_F(FileBlobs, ForeignFilesAreNotListed) {
  for (const char* const name : {"blobs/sha256/zz", "blobs/sha256/ab", "blobs/notes"}) {
    std::filesystem::create_directories(directory_ / name);
  }
  for (const char* const name : {"blobs/sha256/ab/abcd", "uploads/notes.txt", "uploads/.hidden"}) {
    std::fclose(std::fopen((directory_ / name).c_str(), "w"));
  }
  blobs_->list([](const auto& digest, std::uint64_t) { ADD_FAILURE() << digest.text(); },
               [](const std::string& id) { ADD_FAILURE() << id; });
}

TEST_F(FileBlobs, SymbolicLinkIsNoUploadAndNoBlob) {
  const auto secret = directory_ / "secret";
  std::fclose(std::fopen(secret.c_str(), "w"));
  std::filesystem::create_symlink(secret, directory_ / ("uploads/" + upload_id(1)));
  EXPECT_THROW(blobs_->open_upload(upload_id(1), kSha256), StorageError);
}

}  // namespace
}  // namespace ecr::storage::test
