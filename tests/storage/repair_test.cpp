#include "storage/repair.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/blobs/quarantine.h"
#include "storage/rows/blobs.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Repository "app": an image of two layers, an index above it, and an image of the second layer.
class RepairStore : public ::testing::Test {
 protected:
  void SetUp() override {
    repository_ = add_repository(*store_, "app");
    broken_ = push_blob(*store_, repository_, upload_id(1), "the layer").text();
    sound_ = push_blob(*store_, repository_, upload_id(2), "another layer").text();
    auto txn = store_->database().begin(sql::Access::kWrite);
    insert(txn, "image", {broken_, sound_}, {}, "v1");
    insert(txn, "index", {}, {image_of("image").digest}, "multi");
    insert(txn, "bystander", {sound_}, {}, "v2");
    txn.commit();
  }

  void insert(sql::Txn& txn, const std::string& manifest, std::vector<std::string> blobs,
              std::vector<Digest> children, const std::string& tag) {
    Image image = image_of(manifest);
    for (const std::string& blob : blobs) image.blobs.emplace_back(*Digest::parse(blob));
    image.children = std::move(children);
    insert_image(txn, repository_, image, manifest);
    put_tag(txn, repository_, tag, image.digest);
  }
  std::string path_of(const std::string& digest) const {
    const std::string hex = digest.substr(7);
    return store_.path("blobs/sha256/" + hex.substr(0, 2) + "/" + hex);
  }
  void damage(const std::string& digest) {
    std::fstream(path_of(digest), std::ios::in | std::ios::out | std::ios::binary).put('T');
  }
  std::optional<std::string> tag(const std::string& name) {
    auto txn = store_->database().begin(sql::Access::kRead);
    const auto digest = find_tag(txn, repository_, name);
    return digest ? std::optional(digest->text()) : std::nullopt;
  }
  bool has_blob(const std::string& digest) {
    auto txn = store_->database().begin(sql::Access::kRead);
    return find_blob(txn, repository_, *Digest::parse(digest)).has_value();
  }
  void expect_sound() {
    EXPECT_THAT(check_store(*store_, {}).problems, IsEmpty());
    const auto again = repair_store(*store_, {});
    EXPECT_THAT(again.done, IsEmpty());
    EXPECT_THAT(again.left, IsEmpty());
  }

  OpenStore store_;
  std::int64_t repository_ = 0;
  std::string broken_;
  std::string sound_;
};

TEST_F(RepairStore, LeavesASoundStoreAlone) {
  const auto report = repair_store(*store_, {});
  EXPECT_EQ(report.found.images, 3);
  EXPECT_THAT(report.found.problems, IsEmpty());
  EXPECT_THAT(report.done, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(store_.path("quarantine")));
}

TEST_F(RepairStore, ABrokenBlobGoesWithTheImagesThatNameIt) {
  damage(broken_);
  const auto report = repair_store(*store_, {});
  EXPECT_THAT(report.left, IsEmpty());
  EXPECT_THAT(
      report.done,
      ElementsAre(AllOf(HasSubstr("app@" + image_of("image").digest.text()), HasSubstr("tags v1")),
                  AllOf(HasSubstr("app@" + image_of("index").digest.text()), HasSubstr("multi")),
                  AllOf(HasSubstr(broken_), HasSubstr("kept as quarantine/"))));
  EXPECT_FALSE(has_blob(broken_));
  EXPECT_FALSE(std::filesystem::exists(path_of(broken_)));
  EXPECT_EQ(tag("v1"), std::nullopt);
  EXPECT_EQ(tag("multi"), std::nullopt);
  EXPECT_EQ(tag("v2"), image_of("bystander").digest.text());
  EXPECT_TRUE(has_blob(sound_));
  expect_sound();
}

TEST_F(RepairStore, RemovedBytesAreKept) {
  damage(broken_);
  repair_store(*store_, {});
  EXPECT_EQ(contents(store_.path("quarantine/sha256-" + broken_.substr(7) + ".blob")), "The layer");
  EXPECT_EQ(contents(store_.path("quarantine/sha256-" + image_of("image").digest.text().substr(7) +
                                 ".manifest")),
            "image");
  EXPECT_THAT(contents(store_.path("quarantine/report.txt")), HasSubstr("tags v1"));
}

TEST_F(RepairStore, APushHeals) {
  damage(broken_);
  repair_store(*store_, {});
  EXPECT_EQ(push_blob(*store_, repository_, upload_id(3), "the layer").text(), broken_);
  auto txn = store_->database().begin(sql::Access::kWrite);
  insert(txn, "image", {broken_, sound_}, {}, "v1");
  txn.commit();
  EXPECT_EQ(contents(path_of(broken_)), "the layer");
  expect_sound();
}

TEST_F(RepairStore, TheRowOfABlobWithoutAFileIsRemoved) {
  std::filesystem::remove(path_of(broken_));
  EXPECT_THAT(repair_store(*store_, {}).done, SizeIs(3));
  EXPECT_FALSE(has_blob(broken_));
  expect_sound();
}

TEST_F(RepairStore, AForgedManifestIsRemovedAndKept) {
  {
    auto txn = store_->database().begin(sql::Access::kWrite);
    txn.exec("UPDATE image_manifests SET manifest = ? WHERE manifest = ?", sql::Blob{"forged"},
             sql::Blob{"image"});
    txn.commit();
  }
  EXPECT_THAT(repair_store(*store_, {}).done, SizeIs(2));  // the image and the index above it
  EXPECT_EQ(tag("v1"), std::nullopt);
  EXPECT_EQ(contents(store_.path("quarantine/sha256-" + image_of("image").digest.text().substr(7) +
                                 ".manifest")),
            "forged");
  expect_sound();
}

TEST_F(RepairStore, AnIndexThatLostItsChildIsRemovedAndKept) {
  {
    auto txn = store_->database().begin(sql::Access::kWrite);
    delete_image(txn, repository_, image_of("image").digest, at(3));
    txn.commit();
  }
  EXPECT_THAT(repair_store(*store_, {}).done,
              ElementsAre(HasSubstr(image_of("index").digest.text())));
  EXPECT_EQ(tag("multi"), std::nullopt);
  expect_sound();
}

TEST_F(RepairStore, AnotherRepositoryLosesTheBrokenBlobToo) {
  const auto other = add_repository(*store_, "other");
  push_blob(*store_, other, upload_id(3), "the layer");
  damage(broken_);
  repair_store(*store_, {});
  auto txn = store_->database().begin(sql::Access::kRead);
  EXPECT_EQ(find_blob(txn, other, *Digest::parse(broken_)), std::nullopt);
}

// A name in a damaged row is no path.
TEST(QuarantineDirectory, KeepsFilesOfAnyNameInside) {
  const TemporaryDirectory directory;
  Quarantine quarantine(directory.path());
  EXPECT_EQ(quarantine.keep("../../up", "manifest", "bytes"), "quarantine/..-..-up.manifest");
  EXPECT_EQ(contents(directory / "quarantine/..-..-up.manifest"), "bytes");
}

}  // namespace
}  // namespace ecr::storage::test
