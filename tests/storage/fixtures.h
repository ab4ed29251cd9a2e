// Shared by the storage tests: a temporary directory, a fixed Random, a Store over both, short ways
// to put blobs and images into it, and a write transaction for tests of the functions on rows.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>

#include <gtest/gtest.h>

#include "schemas/base/clock.h"
#include "schemas/model/digest.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"
#include "storage/rows/uploads.h"
#include "storage/store.h"
#include "tests/schemas/model/names.h"

namespace ecr::storage::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string path = (std::filesystem::temp_directory_path() / "ecr-test-XXXXXX").string();
    if (!::mkdtemp(path.data())) throw std::runtime_error("mkdtemp");
    path_ = path;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class FixedRandom : public base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    const std::lock_guard lock(mutex_);
    for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mutex mutex_;
  std::mt19937 engine_{42};
};

inline base::TimePoint at(std::int64_t milliseconds) {
  return base::TimePoint(std::chrono::milliseconds(milliseconds));
}

// A well-formed upload id, different for each number.
inline std::string upload_id(int number) {
  char text[37];
  std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012d", number);
  return text;
}

inline std::int64_t add_repository(sql::Txn& txn, std::string_view name) {
  Repository repository({"000000000000", "us-east-1"}, model::test::name_of(name));
  repository.created_at = at(1);
  return insert_repository(txn, repository).value();
}

inline std::int64_t add_repository(Store& store, std::string_view name) {
  auto txn = store.database().begin(sql::Access::kWrite);
  const auto id = add_repository(txn, name);
  txn.commit();
  return id;
}

// Pushes the bytes as a blob the way the registry does.
inline model::Digest push_blob(Store& store, std::int64_t repository, const std::string& id,
                               std::string_view bytes, base::TimePoint when = at(2)) {
  const auto digest = model::Digest::of(bytes);
  auto lease = store.uploads().acquire(id, model::DigestAlgorithm::kSha256).value();
  lease.writer().append(bytes);
  commit_upload(store, id, lease.writer(), digest, repository, when, [](sql::Txn&) {});
  lease.finish();
  return digest;
}

inline std::string read_blob(BlobStore& blobs, const model::Digest& digest) {
  const auto file = blobs.open(digest);
  if (!file) return "(none)";
  std::string bytes(file->size(), '\0');
  if (::pread(file->fd(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("pread");
  }
  return bytes;
}

class OpenStore {
 public:
  OpenStore() { reopen(); }
  void reopen() {
    store_.reset();
    store_ = Store::open({.directory = directory_ / "data"}, random_);
  }
  void close() { store_.reset(); }
  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }
  std::string path(const std::string& name) const { return directory_ / ("data/" + name); }

 private:
  TemporaryDirectory directory_;
  FixedRandom random_;
  std::unique_ptr<Store> store_;
};

// A database with one write transaction that is never committed.
class RowsTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::unique_ptr<sql::Database> database_ =
      sql::Database::open(directory_ / "test.db", {.sync = false});
  sql::Txn txn_ = database_->begin(sql::Access::kWrite);
};

inline Image image_of(std::string_view manifest) {
  Image image(model::Digest::of(manifest));
  image.media_type = "application/vnd.oci.image.manifest.v1+json";
  image.pushed_at = at(1);
  return image;
}

}  // namespace ecr::storage::test
