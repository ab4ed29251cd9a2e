#include "storage/rows/repository_listing.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/rows/images.h"
#include "tests/schemas/model/names.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RepositoryListing : public test::RowsTest {
 protected:
  void add(const model::RegistryId& registry, const std::string& name) {
    ASSERT_TRUE(insert_repository(txn_, {registry, model::test::name_of(name)}));
  }
  std::vector<std::string> found(const RepositoryFilter& filter, const RepositoryPlace& after = {},
                                 std::int64_t limit = 10) {
    std::vector<std::string> names;
    for (const Repository& one : find_repositories(txn_, filter, after, limit)) {
      names.push_back(one.registry.account + " " + one.registry.region + " " + one.name.text());
    }
    return names;
  }
};

TEST_F(RepositoryListing, IsByAccountRegionAndName) {
  add({"2", "a"}, "xx");
  add({"1", "b"}, "xx");
  add({"1", "a"}, "yy");
  add({"1", "a"}, "xx");
  EXPECT_THAT(found({}), ElementsAre("1 a xx", "1 a yy", "1 b xx", "2 a xx"));
  EXPECT_THAT(found({.account = "1"}), ElementsAre("1 a xx", "1 a yy", "1 b xx"));
  EXPECT_THAT(found({.account = "3"}), IsEmpty());
}

TEST_F(RepositoryListing, APageBeginsAfterAPlaceThatNeedNotBeThere) {
  add({"1", "a"}, "ww");
  add({"1", "a"}, "yy");
  add({"1", "b"}, "aa");
  const RepositoryPlace place{{"1", "a"}, "x"};
  EXPECT_THAT(found({}, place), ElementsAre("1 a yy", "1 b aa"));
  EXPECT_THAT(found({}, place, 1), ElementsAre("1 a yy"));
}

TEST_F(RepositoryListing, FiltersTakeSignsOfPatternsAsTheyAre) {
  add({"1", "a"}, "team_a/web");
  add({"1", "a"}, "teamxa/web");
  add({"1", "a"}, "other");
  EXPECT_THAT(found({.prefix = "team_a/"}), ElementsAre("1 a team_a/web"));
  EXPECT_THAT(found({.search = "_a"}), ElementsAre("1 a team_a/web"));
  EXPECT_THAT(found({.search = "web"}), ElementsAre("1 a team_a/web", "1 a teamxa/web"));
  EXPECT_THAT(found({.prefix = "team", .search = "other"}), IsEmpty());
}

TEST_F(RepositoryListing, ContentsAreCounted) {
  const auto id = test::add_repository(txn_, "app");
  const auto empty = test::add_repository(txn_, "empty");
  for (const char* manifest : {"one", "two"}) {
    Image image = test::image_of(manifest);
    image.size_bytes = std::int64_t{3} << 32;
    insert_image(txn_, id, image, manifest);
    put_tag(txn_, id, manifest, image.digest);
  }
  put_tag(txn_, id, "latest", model::Digest::of("two"));
  const RepositoryContents contents = contents_of(txn_, id);
  EXPECT_EQ(contents.images, 2);
  EXPECT_EQ(contents.tags, 3);
  EXPECT_EQ(contents.bytes, std::int64_t{6} << 32);
  const RepositoryContents none = contents_of(txn_, empty);
  EXPECT_EQ(none.images + none.tags + none.bytes, 0);
}

}  // namespace
}  // namespace ecr::storage
