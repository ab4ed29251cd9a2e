#include "storage/store.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/os/error.h"
#include "storage/rows/blobs.h"
#include "storage/rows/repositories.h"
#include "tests/storage/faults.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage::test {
namespace {

namespace fs = std::filesystem;
using model::Digest;
using model::DigestAlgorithm;

bool has_row(Store& store, const Digest& digest) {
  auto txn = store.database().begin(sql::Access::kRead);
  return txn.query("SELECT 1 FROM blobs WHERE digest = ?", digest.text()).next();
}

void write_file(const std::string& path, std::string_view bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string file_path(const OpenStore& store, const Digest& digest) {
  const std::string hex(digest.hex());
  return store.path("blobs/sha256/" + hex.substr(0, 2) + "/" + hex);
}

mode_t mode_of(const std::string& path) {
  struct stat st {};
  EXPECT_EQ(::stat(path.c_str(), &st), 0) << path;
  return st.st_mode & 0777;
}

void begin_upload(Store& store, std::int64_t repository, const std::string& id) {
  auto txn = store.database().begin(sql::Access::kWrite);
  insert_upload(txn, {id, repository, "arn:aws:iam::000000000000:root", at(1)});
  txn.commit();
}

TEST(Store, PushedBlobSurvivesReopening) {
  OpenStore store;
  const auto repository = add_repository(*store, "app");
  const auto digest = push_blob(*store, repository, upload_id(1), "layer");
  store.reopen();
  auto txn = store->database().begin(sql::Access::kRead);
  EXPECT_EQ(find_blob(txn, repository, digest), 5);
  EXPECT_EQ(read_blob(store->blobs(), digest), "layer");
}

TEST(Store, FilesAreForTheOwnerAlone) {
  OpenStore store;
  const auto digest = push_blob(*store, add_repository(*store, "app"), upload_id(1), "layer");
  EXPECT_EQ(mode_of(store.path("")), 0700U);
  EXPECT_EQ(mode_of(store.path("key")), 0600U);
  EXPECT_EQ(mode_of(store.path("lock")), 0600U);
  EXPECT_EQ(mode_of(store.path("ecr-local.db")), 0600U);
  EXPECT_EQ(mode_of(store.path("ecr-local.db-wal")), 0600U);
  EXPECT_EQ(mode_of(store.path("blobs/sha256")), 0700U);
  EXPECT_EQ(mode_of(store.path("uploads")), 0700U);
  EXPECT_EQ(mode_of(file_path(store, digest)), 0600U);
}

TEST(Store, KeyIsMadeOnce) {
  OpenStore store;
  const auto key = store->key();
  EXPECT_TRUE(std::any_of(key.begin(), key.end(), [](auto byte) { return byte != 0; }));
  store.reopen();
  EXPECT_EQ(store->key(), key);
}

TEST(Store, KeyOfTheWrongSizeIsCorrupt) {
  OpenStore store;
  store.close();
  write_file(store.path("key"), "short");
  try {
    store.reopen();
    FAIL();
  } catch (const StorageError& error) {
    EXPECT_EQ(error.kind(), StorageError::Kind::kCorrupt);
  }
}

TEST(Store, SecondStoreOnADirectoryIsRefusedAndNamesTheProcess) {
  TemporaryDirectory directory;
  FixedRandom random;
  const auto first = Store::open({.directory = directory.path()}, random);
  try {
    Store::open({.directory = directory.path()}, random);
    FAIL();
  } catch (const StorageError& error) {
    EXPECT_EQ(error.kind(), StorageError::Kind::kUnavailable);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("process " + std::to_string(::getpid())));
  }
}

TEST(Store, SweepRemovesFilesWithoutARow) {
  OpenStore store;
  const auto repository = add_repository(*store, "app");
  const auto kept = push_blob(*store, repository, upload_id(1), "kept");
  begin_upload(*store, repository, upload_id(2));
  store->uploads().acquire(upload_id(2), DigestAlgorithm::kSha256)->writer().append("partly");
  store.close();
  // A crash between file and row leaves these.
  const auto unnamed = Digest::of("unnamed");
  write_file(file_path(store, unnamed), "unnamed");
  write_file(store.path("uploads/" + upload_id(3)), "forgotten");
  store.reopen();
  EXPECT_FALSE(fs::exists(file_path(store, unnamed)));
  EXPECT_FALSE(fs::exists(store.path("uploads/" + upload_id(3))));
  EXPECT_TRUE(fs::exists(file_path(store, kept)));
  EXPECT_TRUE(fs::exists(store.path("uploads/" + upload_id(2))));
}

TEST(Store, UploadGoesOnAfterReopening) {
  OpenStore store;
  const auto repository = add_repository(*store, "app");
  const auto id = upload_id(1);
  begin_upload(*store, repository, id);
  store->uploads().acquire(id, DigestAlgorithm::kSha256)->writer().append("first ");
  store.reopen();
  auto lease = store->uploads().acquire(id, DigestAlgorithm::kSha256).value();
  EXPECT_EQ(lease.writer().size(), 6U);
  lease.writer().append("second");
  const auto digest = Digest::of("first second");
  commit_upload(*store, id, lease.writer(), digest, repository, at(2), [](sql::Txn&) {});
  lease.finish();
  EXPECT_EQ(read_blob(store->blobs(), digest), "first second");
}

TEST(Store, InMemoryDirectoryIsRemovedAtTheEnd) {
  FixedRandom random;
  auto store = Store::open({.directory = "", .in_memory = true}, random);
  const std::string directory = store->directory();
  push_blob(*store, add_repository(*store, "app"), upload_id(1), "layer");
  EXPECT_TRUE(fs::exists(directory));
  store.reset();
  EXPECT_FALSE(fs::exists(directory));
}

TEST(Store, InMemoryOpenSweepsDirectoriesOfDeadProcessesOnly) {
  TemporaryDirectory root;
  ::setenv("TMPDIR", root.path().c_str(), 1);
  FixedRandom random;
  write_file(root / "ecr-local-mem-dead00/lock", "1");
  write_file(root / "ecr-local-mem-dead00/blobs/x", "x");
  fs::create_directories(root / "ecr-local-mem-made00");  // no lock yet: being made
  write_file(root / "something-else/lock", "1");
  const auto living = Store::open({.directory = "", .in_memory = true}, random);
  const auto other = Store::open({.directory = "", .in_memory = true}, random);
  ::unsetenv("TMPDIR");
  EXPECT_FALSE(fs::exists(root / "ecr-local-mem-dead00"));
  EXPECT_TRUE(fs::exists(root / "ecr-local-mem-made00"));
  EXPECT_TRUE(fs::exists(root / "something-else/lock"));
  EXPECT_TRUE(fs::exists(living->directory()));
  EXPECT_NE(living->directory(), other->directory());
}

TEST(CommitUpload, RemovesTheRowOfTheUpload) {
  OpenStore store;
  const auto repository = add_repository(*store, "app");
  begin_upload(*store, repository, upload_id(1));
  push_blob(*store, repository, upload_id(1), "layer");
  auto txn = store->database().begin(sql::Access::kRead);
  EXPECT_FALSE(find_upload(txn, upload_id(1)));
  EXPECT_FALSE(fs::exists(store.path("uploads/" + upload_id(1))));
}

TEST(CommitUpload, AnExceptionOfTheGuardLeavesNothingAndTheUploadGoesOn) {
  OpenStore store;
  const auto repository = add_repository(*store, "app");
  const auto id = upload_id(1);
  begin_upload(*store, repository, id);
  auto lease = store->uploads().acquire(id, DigestAlgorithm::kSha256).value();
  lease.writer().append("layer");
  const auto digest = Digest::of("layer");
  const auto denied = [](sql::Txn&) { throw std::domain_error("denied"); };
  EXPECT_THROW(commit_upload(*store, id, lease.writer(), digest, repository, at(2), denied),
               std::domain_error);
  EXPECT_FALSE(has_row(*store, digest));
  EXPECT_FALSE(store->blobs().open(digest));
  auto txn = store->database().begin(sql::Access::kRead);
  EXPECT_TRUE(find_upload(txn, id));
  lease.writer().append("s");
  EXPECT_EQ(lease.writer().digest(DigestAlgorithm::kSha256), Digest::of("layers"));
}

TEST(CommitUpload, AnExceptionOfTheGuardKeepsABlobThatAnotherRepositoryHolds) {
  OpenStore store;
  const auto holder = add_repository(*store, "holder");
  const auto other = add_repository(*store, "other");
  const auto digest = push_blob(*store, holder, upload_id(1), "layer");
  auto lease = store->uploads().acquire(upload_id(2), DigestAlgorithm::kSha256).value();
  lease.writer().append("layer");
  const auto denied = [](sql::Txn&) { throw std::domain_error("denied"); };
  EXPECT_THROW(commit_upload(*store, upload_id(2), lease.writer(), digest, other, at(2), denied),
               std::domain_error);
  EXPECT_EQ(read_blob(store->blobs(), digest), "layer");
}

// A restore stores files before their rows; a push of the same bytes that is refused meanwhile must
// not take one.
TEST(CommitUpload, AnExceptionOfTheGuardRemovesNothingWhileCollectionIsPaused) {
  OpenStore store;
  const auto repository = add_repository(*store, "app");
  auto lease = store->uploads().acquire(upload_id(1), DigestAlgorithm::kSha256).value();
  lease.writer().append("layer");
  const auto digest = Digest::of("layer");
  const auto denied = [](sql::Txn&) { throw std::domain_error("denied"); };
  {
    const auto pause = store->pause_collection();
    EXPECT_THROW(
        commit_upload(*store, upload_id(1), lease.writer(), digest, repository, at(2), denied),
        std::domain_error);
    store->sweep_if_requested();
    EXPECT_EQ(read_blob(store->blobs(), digest), "layer");
  }
  store->sweep_if_requested();
  EXPECT_FALSE(store->blobs().open(digest));
}

TEST(CommitUpload, RestoresAFileThatWasCollectedMeanwhile) {
  OpenStore store;
  const auto repository = add_repository(*store, "app");
  auto lease = store->uploads().acquire(upload_id(1), DigestAlgorithm::kSha256).value();
  lease.writer().append("layer");
  const auto digest = Digest::of("layer");
  const auto collect = [&](sql::Txn&) { store->blobs().remove(digest); };
  commit_upload(*store, upload_id(1), lease.writer(), digest, repository, at(2), collect);
  lease.finish();
  EXPECT_EQ(read_blob(store->blobs(), digest), "layer");
}

TEST(CollectGarbage, RemovesBlobsThatNoRepositoryHolds) {
  OpenStore store;
  const auto first = add_repository(*store, "first");
  const auto second = add_repository(*store, "second");
  const auto shared = push_blob(*store, first, upload_id(1), "shared");
  push_blob(*store, second, upload_id(2), "shared");
  const auto lone = push_blob(*store, first, upload_id(3), "lone");
  EXPECT_EQ(store->remove_orphan_blobs().blobs, 0);

  auto txn = store->database().begin(sql::Access::kWrite);
  delete_repository(txn, first);
  txn.commit();
  EXPECT_EQ(store->remove_orphan_blobs().blobs, 1);
  EXPECT_FALSE(has_row(*store, lone));
  EXPECT_FALSE(store->blobs().open(lone));
  EXPECT_EQ(read_blob(store->blobs(), shared), "shared");
}

TEST(CollectGarbage, FileGoesWhileOtherWritersAreKeptOut) {
  OpenStore store;
  const auto repository = add_repository(*store, "app");
  push_blob(*store, repository, upload_id(1), "layer");
  {
    auto txn = store->database().begin(sql::Access::kWrite);
    delete_repository(txn, repository);
    txn.commit();
  }
  std::future<void> other;
  const BeforeUnlink unlinking([&] {
    EXPECT_FALSE(has_row(*store, Digest::of("layer"))) << "row gone before file";
    other = std::async(std::launch::async, [&] { store->database().begin(sql::Access::kWrite); });
    EXPECT_EQ(other.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  });
  EXPECT_EQ(store->remove_orphan_blobs().blobs, 1);
  ASSERT_TRUE(other.valid()) << "no file was removed";
  other.get();
}

TEST(CollectGarbage, RemovesNothingWhenItsCommitFails) {
  OpenStore store;
  const auto repository = add_repository(*store, "app");
  const auto digest = push_blob(*store, repository, upload_id(1), "layer");
  {
    auto txn = store->database().begin(sql::Access::kWrite);
    delete_repository(txn, repository);
    txn.commit();
  }
  {
    const FailSyncs fault(EIO);
    EXPECT_THROW(store->remove_orphan_blobs(), StorageError);
  }
  EXPECT_EQ(read_blob(store->blobs(), digest), "layer") << "the row may still be on disk";
}

TEST(CollectGarbage, GoesOnUntilNothingIsLeft) {
  OpenStore store;
  {
    auto txn = store->database().begin(sql::Access::kWrite);
    for (int i = 0; i < 1000; ++i) {
      txn.exec("INSERT INTO blobs (digest, size) VALUES (?, 1)",
               Digest::of(std::to_string(i)).text());
    }
    txn.commit();
  }
  EXPECT_EQ(store->remove_orphan_blobs().blobs, 1000);
}

}  // namespace
}  // namespace ecr::storage::test
