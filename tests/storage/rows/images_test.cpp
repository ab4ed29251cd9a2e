#include "storage/rows/images.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/os/error.h"
#include "storage/rows/blobs.h"
#include "storage/rows/image_listing.h"
#include "storage/rows/repositories.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage {
namespace {

using model::Digest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Images : public test::RowsTest {
 protected:
  Digest add(const std::string& manifest) {
    const Image image = test::image_of(manifest);
    insert_image(txn_, repository_, image, manifest);
    return image.digest;
  }
  const std::int64_t repository_ = test::add_repository(txn_, "app");
};

TEST_F(Images, EveryFieldComesBack) {
  Image in = test::image_of("manifest");
  in.artifact_media_type = "application/vnd.oci.image.config.v1+json";
  in.size_bytes = std::int64_t{5} << 32;
  in.pushed_at = test::at(1700000000123);
  in.subject = Digest::of("subject");
  insert_image(txn_, repository_, in, std::string("mani\0fest", 9));
  const auto out = find_image(txn_, repository_, in.digest);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->digest, in.digest);
  EXPECT_EQ(out->media_type, in.media_type);
  EXPECT_EQ(out->artifact_media_type, in.artifact_media_type);
  EXPECT_EQ(out->size_bytes, in.size_bytes);
  EXPECT_EQ(out->pushed_at, in.pushed_at);
  EXPECT_EQ(out->last_pulled_at, std::nullopt);
  EXPECT_EQ(out->subject, in.subject);
  EXPECT_EQ(image_manifest(txn_, repository_, in.digest), std::string("mani\0fest", 9));

  touch_image_pull(txn_, repository_, in.digest, test::at(7));
  EXPECT_EQ(find_image(txn_, repository_, in.digest)->last_pulled_at, test::at(7));
}

// Only damage can make such a row: this program writes digests alone.
TEST_F(Images, ADigestThatIsNoneIsDamage) {
  const auto digest = add("manifest");
  put_tag(txn_, repository_, "v1", digest);
  txn_.exec("UPDATE images SET subject = 'sha256:00'");
  try {
    find_image(txn_, repository_, digest);
    FAIL();
  } catch (const StorageError& error) {
    EXPECT_EQ(error.kind(), StorageError::Kind::kCorrupt);
  }
}

TEST_F(Images, AreOfOneRepository) {
  const auto digest = add("manifest");
  const auto other = test::add_repository(txn_, "other");
  EXPECT_FALSE(find_image(txn_, other, digest));
  EXPECT_FALSE(image_manifest(txn_, other, digest));
  EXPECT_FALSE(has_images(txn_, other));
  EXPECT_TRUE(has_images(txn_, repository_));
}

TEST_F(Images, TagsAreCreatedMovedAndDeleted) {
  const auto first = add("first");
  const auto second = add("second");
  put_tag(txn_, repository_, "v1", first);
  put_tag(txn_, repository_, "latest", first);
  EXPECT_THAT(image_tags(txn_, repository_, first), ElementsAre("latest", "v1"));
  put_tag(txn_, repository_, "latest", second);
  EXPECT_EQ(find_tag(txn_, repository_, "latest"), second);
  EXPECT_THAT(image_tags(txn_, repository_, first), ElementsAre("v1"));
  delete_tag(txn_, repository_, "latest");
  EXPECT_EQ(find_tag(txn_, repository_, "latest"), std::nullopt);
}

TEST_F(Images, TagOfAnAbsentImageIsRefused) {
  EXPECT_THROW(put_tag(txn_, repository_, "v1", Digest::of("absent")), StorageError);
}

TEST_F(Images, DeletionTakesTagsAndLeavesBlobs) {
  const auto layer = Digest::of("layer");
  add_blob(txn_, repository_, layer, 5, test::at(1));
  Image image = test::image_of("manifest");
  image.blobs = {layer, layer};  // two equal layers
  insert_image(txn_, repository_, image, "manifest");
  put_tag(txn_, repository_, "v1", image.digest);
  delete_image(txn_, repository_, image.digest, test::at(9));
  EXPECT_FALSE(find_image(txn_, repository_, image.digest));
  EXPECT_FALSE(image_manifest(txn_, repository_, image.digest));
  EXPECT_FALSE(find_tag(txn_, repository_, "v1"));
  EXPECT_EQ(find_blob(txn_, repository_, layer), 5);
}

TEST_F(Images, ImageOfABlobThatIsNotInTheRepositoryIsRefused) {
  const auto layer = Digest::of("layer");
  add_blob(txn_, test::add_repository(txn_, "other"), layer, 5, test::at(1));
  Image image = test::image_of("manifest");
  image.blobs = {layer};
  EXPECT_THROW(insert_image(txn_, repository_, image, "manifest"), StorageError);
}

TEST_F(Images, ParentsAreTheIndexesOfTheSameRepository) {
  const auto child = add("child");
  std::vector<Digest> expected;
  for (const std::string manifest : {"index one", "index two"}) {
    Image index = test::image_of(manifest);
    index.children = {child};
    insert_image(txn_, repository_, index, manifest);
    expected.push_back(index.digest);
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(image_parents(txn_, repository_, child), expected);
  EXPECT_THAT(expected, testing::Contains(find_parent(txn_, repository_, child).value()));
  EXPECT_FALSE(find_parent(txn_, repository_, child, ImageStatus::kArchived));
  EXPECT_THAT(image_parents(txn_, test::add_repository(txn_, "other"), child), IsEmpty());
}

TEST_F(Images, AtMostAHundredParentsAreShown) {
  const auto child = add("child");
  for (std::int64_t i = 0; i <= kShownParents; ++i) {
    const std::string manifest = "index " + std::to_string(i);
    Image index = test::image_of(manifest);
    index.children = {child};
    insert_image(txn_, repository_, index, manifest);
  }
  EXPECT_EQ(std::ssize(image_parents(txn_, repository_, child)), kShownParents);
  const auto one = find_parent(txn_, repository_, child);
  ASSERT_TRUE(one);
  EXPECT_THAT(image_children(txn_, repository_, *one), ElementsAre(child));
}

TEST_F(Images, ListsFilterByTagStatus) {
  auto tagged = std::vector{add("a"), add("b")};
  auto untagged = std::vector{add("c"), add("d"), add("e")};
  put_tag(txn_, repository_, "one", tagged[0]);
  put_tag(txn_, repository_, "two", tagged[0]);
  put_tag(txn_, repository_, "three", tagged[1]);
  const auto list = [&](TagStatus status) {
    std::vector<Digest> digests;
    for (const auto& image : list_images(txn_, repository_, status, "", 100)) {
      digests.push_back(image.digest);
    }
    return digests;
  };
  std::sort(tagged.begin(), tagged.end());
  std::sort(untagged.begin(), untagged.end());
  EXPECT_EQ(list(TagStatus::kTagged), tagged);
  EXPECT_EQ(list(TagStatus::kUntagged), untagged);
  EXPECT_EQ(list(TagStatus::kAny).size(), 5U);
}

TEST_F(Images, WhetherAnImageIsTaggedFollowsItsTags) {
  const auto first = add("a");
  const auto second = add("b");
  const auto tagged = [&] {
    std::vector<Digest> digests;
    for (const auto& image :
         list_images(txn_, repository_, TagStatus::kTagged, "", 100, ImageStatus::kActive))
      digests.push_back(image.digest);
    return digests;
  };
  EXPECT_THAT(tagged(), IsEmpty());
  put_tag(txn_, repository_, "one", first);
  put_tag(txn_, repository_, "one", first);
  EXPECT_EQ(tagged(), std::vector{first});
  put_tag(txn_, repository_, "one", second);  // moves
  EXPECT_EQ(tagged(), std::vector{second});
  put_tag(txn_, repository_, "two", second);
  delete_tag(txn_, repository_, "one");
  EXPECT_EQ(tagged(), std::vector{second});
  delete_tag(txn_, repository_, "two");
  delete_tag(txn_, repository_, "two");
  EXPECT_THAT(tagged(), IsEmpty());
}

TEST_F(Images, ListingsOfSeveralStatesAreInOneOrder) {
  std::vector<Digest> all;
  for (int i = 0; i < 40; ++i) {
    all.push_back(add("m" + std::to_string(i)));
    if (i % 2 == 0) put_tag(txn_, repository_, "t" + std::to_string(i), all.back());
    if (i % 3 == 0) archive_image(txn_, repository_, all.back(), test::at(5));
  }
  std::vector<Digest> active;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 3 != 0) active.push_back(all[i]);
  }
  std::sort(active.begin(), active.end());
  for (const std::int64_t size : {1, 3, 100}) {
    std::vector<Digest> images;
    std::vector<Digest> ids;
    for (std::string after; auto page = list_images(txn_, repository_, TagStatus::kAny, after, size,
                                                    ImageStatus::kActive)
                                            .size();) {
      for (const auto& image :
           list_images(txn_, repository_, TagStatus::kAny, after, size, ImageStatus::kActive)) {
        images.push_back(image.digest);
      }
      EXPECT_LE(page, static_cast<std::size_t>(size));
      after = images.back().text();
    }
    std::string after_digest;
    std::string after_tag;
    for (;;) {
      const auto page = list_image_ids(txn_, repository_, TagStatus::kAny, after_digest, after_tag,
                                       size, ImageStatus::kActive);
      if (page.empty()) break;
      for (const auto& id : page) ids.push_back(id.digest);
      after_digest = page.back().digest.text();
      after_tag = page.back().tag.value_or("");
    }
    EXPECT_EQ(images, active) << size;
    EXPECT_EQ(ids, active) << size;
  }
}

// 2,500 images: every third has no tag, every fifth two.
class ManyImages : public Images {
 protected:
  using Ids = std::vector<std::pair<Digest, std::string>>;  // untagged: ""

  void SetUp() override {
    for (int i = 0; i < 2500; ++i) {
      const auto digest = add("manifest " + std::to_string(i));
      digests_.push_back(digest);
      if (i % 3 == 0) {
        untagged_.emplace_back(digest, "");
        continue;
      }
      for (int tag = 0; tag < (i % 5 == 0 ? 2 : 1); ++tag) {
        const std::string name = "v" + std::to_string(i) + "-" + std::to_string(tag);
        put_tag(txn_, repository_, name, digest);
        tagged_.emplace_back(digest, name);
        tags_.push_back(name);
      }
    }
    std::sort(digests_.begin(), digests_.end());
    std::sort(tags_.begin(), tags_.end());
    std::sort(tagged_.begin(), tagged_.end());
    std::sort(untagged_.begin(), untagged_.end());
  }

  Ids all_ids(TagStatus status) {
    Ids ids;
    std::string digest;
    std::string tag;
    for (;;) {
      const auto page = list_image_ids(txn_, repository_, status, digest, tag, 99);
      if (page.empty()) return ids;
      for (const auto& id : page) ids.emplace_back(id.digest, id.tag.value_or(""));
      digest = ids.back().first.text();
      tag = ids.back().second;
    }
  }

  std::vector<Digest> digests_;
  std::vector<std::string> tags_;
  Ids tagged_, untagged_;
};

TEST_F(ManyImages, AreListedPageByPage) {
  std::vector<Digest> seen;
  for (std::string after;;) {
    const auto page = list_images(txn_, repository_, TagStatus::kAny, after, 99);
    if (page.empty()) break;
    for (const auto& image : page) seen.push_back(image.digest);
    after = seen.back().text();
  }
  EXPECT_EQ(seen, digests_);
}

TEST_F(ManyImages, IdsAreListedPageByPage) {
  Ids any = tagged_;
  any.insert(any.end(), untagged_.begin(), untagged_.end());
  std::sort(any.begin(), any.end());
  EXPECT_EQ(all_ids(TagStatus::kTagged), tagged_);
  EXPECT_EQ(all_ids(TagStatus::kUntagged), untagged_);
  EXPECT_EQ(all_ids(TagStatus::kAny), any);
}

TEST_F(ManyImages, TagsAreListedPageByPage) {
  std::vector<std::string> seen;
  for (std::string after;;) {
    const auto page = list_tags(txn_, repository_, after, 99);
    if (page.empty()) break;
    seen.insert(seen.end(), page.begin(), page.end());
    after = seen.back();
  }
  EXPECT_EQ(seen, tags_);
}

TEST_F(Images, TagsSortByBytes) {
  const auto digest = add("manifest");
  for (const char* const tag : {"b", "a", "B", "_", "a-b", "a.b", "10", "9"}) {
    put_tag(txn_, repository_, tag, digest);
  }
  EXPECT_THAT(list_tags(txn_, repository_, "", 100),
              ElementsAre("10", "9", "B", "_", "a", "a-b", "a.b", "b"));
}

TEST_F(Images, BlobIsVisibleOnlyWhereItIsAMember) {
  const auto layer = Digest::of("layer");
  const auto other = test::add_repository(txn_, "other");
  EXPECT_FALSE(blob_is_known(txn_, layer));
  add_blob(txn_, repository_, layer, 5, test::at(1));
  EXPECT_EQ(find_blob(txn_, repository_, layer), 5);
  EXPECT_EQ(find_blob(txn_, other, layer), std::nullopt);
  EXPECT_TRUE(blob_is_known(txn_, layer));
  add_blob(txn_, other, layer, 5, test::at(2));
  add_blob(txn_, other, layer, 5, test::at(3));
  EXPECT_EQ(find_blob(txn_, other, layer), 5);
}

TEST_F(Images, OrphansAreDeletedOneByOneUnlessARepositoryHoldsThemAgain) {
  const auto held = Digest::of("held");
  add_blob(txn_, repository_, held, 4, test::at(1));
  const auto other = test::add_repository(txn_, "other");
  for (int i = 0; i < 5; ++i) {
    add_blob(txn_, other, Digest::of(std::to_string(i)), 1, test::at(1));
  }
  add_blob(txn_, other, held, 4, test::at(1));
  EXPECT_THAT(orphan_blobs(txn_, 10), IsEmpty());
  delete_repository(txn_, other);
  EXPECT_EQ(orphan_blobs(txn_, 3).size(), 3U);
  const auto orphans = orphan_blobs(txn_, 10);
  ASSERT_EQ(orphans.size(), 5U);
  add_blob(txn_, repository_, orphans[0], 1, test::at(2));
  EXPECT_FALSE(delete_orphan_blob(txn_, orphans[0]));
  for (std::size_t i = 1; i < orphans.size(); ++i) {
    EXPECT_TRUE(delete_orphan_blob(txn_, orphans[i]));
  }
  EXPECT_THAT(orphan_blobs(txn_, 10), IsEmpty());
  EXPECT_EQ(find_blob(txn_, repository_, held), 4);
}

}  // namespace
}  // namespace ecr::storage
