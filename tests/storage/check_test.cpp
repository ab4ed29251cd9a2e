#include "storage/check.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/rows/blobs.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage::test {
namespace {

using model::Digest;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CheckStore : public ::testing::Test {
 protected:
  void SetUp() override {
    repository_ = add_repository(*store_, "app");
    const Digest layer = push_blob(*store_, repository_, upload_id(1), "the layer");
    layer_ = layer.text();
    push_blob(*store_, repository_, upload_id(2), std::string(3u << 20, 'x'));
    auto txn = store_->database().begin(sql::Access::kWrite);
    Image image = image_of("image manifest");
    image.blobs = {layer};
    insert_image(txn, repository_, image, "image manifest");
    Image index = image_of("index manifest");
    index.children = {image.digest};
    index.subject = Digest::of("need not exist");
    insert_image(txn, repository_, index, "index manifest");
    txn.commit();
    image_ = image.digest.text();
  }

  std::string layer_path() const {
    const std::string hex = layer_.substr(7);
    return store_.path("blobs/sha256/" + hex.substr(0, 2) + "/" + hex);
  }
  std::vector<std::string> problems() { return check_store(*store_, {}).problems; }

  OpenStore store_;
  std::int64_t repository_ = 0;
  std::string layer_;
  std::string image_;
};

TEST_F(CheckStore, SoundStoreHasNoProblems) {
  std::vector<std::pair<std::int64_t, std::int64_t>> progress;
  const auto report = check_store(
      *store_, [&](std::int64_t done, std::int64_t total) { progress.emplace_back(done, total); });
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.blobs, 2);
  EXPECT_EQ(report.images, 2);
  const std::int64_t bytes = (3 << 20) + 9;
  EXPECT_EQ(report.bytes, bytes);
  ASSERT_FALSE(progress.empty());
  EXPECT_EQ(progress.back(), std::pair(bytes, bytes));
}

TEST_F(CheckStore, FindsAFlippedByte) {
  std::fstream(layer_path(), std::ios::in | std::ios::out | std::ios::binary).put('T');
  EXPECT_THAT(problems(),
              ElementsAre(AllOf(HasSubstr(layer_), HasSubstr("bytes hash to sha256:"))));
}

TEST_F(CheckStore, FindsATruncatedBlob) {
  std::filesystem::resize_file(layer_path(), 4);
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr(layer_), HasSubstr("4 bytes"))));
}

TEST_F(CheckStore, FindsAMissingFile) {
  std::filesystem::remove(layer_path());
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr(layer_), HasSubstr("no file"))));
}

TEST_F(CheckStore, FindsAMissingChild) {
  auto txn = store_->database().begin(sql::Access::kWrite);
  delete_image(txn, repository_, *Digest::parse(image_), at(3));
  txn.commit();
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("app@"), HasSubstr("child " + image_))));
}

TEST_F(CheckStore, FindsAManifestThatIsNotItsDigest) {
  auto txn = store_->database().begin(sql::Access::kWrite);
  txn.exec("UPDATE image_manifests SET manifest = ? WHERE manifest = ?", sql::Blob{"forged"},
           sql::Blob{"image manifest"});
  txn.commit();
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr(image_), HasSubstr("another digest"))));
}

TEST_F(CheckStore, FindsAnImageWithoutItsManifest) {
  auto txn = store_->database().begin(sql::Access::kWrite);
  txn.exec("DELETE FROM image_manifests WHERE manifest = ?", sql::Blob{"image manifest"});
  txn.commit();
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr(image_), HasSubstr("no manifest"))));
}

TEST_F(CheckStore, FindsManyPagesOfProblems) {
  {
    auto txn = store_->database().begin(sql::Access::kWrite);
    for (int i = 0; i < 1200; ++i) {
      add_blob(txn, repository_, Digest::of(std::to_string(i)), 1, at(1));
    }
    txn.commit();
  }
  EXPECT_EQ(problems().size(), 1200U);
}

}  // namespace
}  // namespace ecr::storage::test
