#include "storage/rows/repositories.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/rows/blobs.h"
#include "storage/rows/images.h"
#include "storage/rows/tags.h"
#include "storage/rows/uploads.h"
#include "tests/schemas/model/names.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class Repositories : public test::RowsTest {};

Repository full_repository() {
  Repository repository({"123456789012", "eu-west-1"}, model::test::name_of("team/app"));
  repository.created_at = test::at(1700000000123);
  repository.tag_mutability = TagMutability::kImmutableWithExclusion;
  repository.mutability_exclusions = {"dev-*", "latest"};
  repository.scan_on_push = true;
  repository.encryption_type = EncryptionType::kKms;
  repository.kms_key = "arn:aws:kms:eu-west-1:123456789012:key/1";
  repository.policy = R"({"Version":"2012-10-17","Statement":[]})";
  return repository;
}

TEST_F(Repositories, EveryFieldComesBack) {
  const Repository in = full_repository();
  const auto id = insert_repository(txn_, in);
  ASSERT_TRUE(id);
  const auto out = find_repository(txn_, in.registry, in.name);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->id, *id);
  EXPECT_EQ(out->registry, in.registry);
  EXPECT_EQ(out->name, in.name);
  EXPECT_EQ(out->created_at, in.created_at);
  EXPECT_EQ(out->tag_mutability, in.tag_mutability);
  EXPECT_EQ(out->mutability_exclusions, in.mutability_exclusions);
  EXPECT_TRUE(out->scan_on_push);
  EXPECT_EQ(out->encryption_type, in.encryption_type);
  EXPECT_EQ(out->kms_key, in.kms_key);
  EXPECT_EQ(out->policy, in.policy);
}

TEST_F(Repositories, ANameThatIsNoneIsDamage) {
  const auto id = test::add_repository(txn_, "app");
  txn_.exec("UPDATE repositories SET name = 'App' WHERE id = ?", id);
  try {
    find_repository(txn_, id);
    FAIL() << "a repository with such a name was read";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.kind(), StorageError::Kind::kCorrupt);
  }
}

TEST_F(Repositories, TakenNameIsNulloptAndChangesNothing) {
  Repository repository = full_repository();
  ASSERT_TRUE(insert_repository(txn_, repository));
  repository.policy.reset();
  EXPECT_EQ(insert_repository(txn_, repository), std::nullopt);
  EXPECT_TRUE(find_repository(txn_, repository.registry, repository.name)->policy.has_value());
  repository.registry.region = "us-east-1";
  EXPECT_TRUE(insert_repository(txn_, repository)) << "the same name in another region";
}

TEST_F(Repositories, PolicyIsSetAndRemoved) {
  const auto id = test::add_repository(txn_, "app");
  const auto policy = [&] {
    return find_repository(txn_, {"000000000000", "us-east-1"}, model::test::name_of("app"))
        ->policy;
  };
  EXPECT_EQ(policy(), std::nullopt);
  set_repository_policy(txn_, id, "{}");
  EXPECT_EQ(policy(), "{}");
  set_repository_policy(txn_, id, std::nullopt);
  EXPECT_EQ(policy(), std::nullopt);
}

TEST_F(Repositories, SettingsAreReplacedAndNothingElse) {
  Repository repository = full_repository();
  const auto id = insert_repository(txn_, repository).value();
  RepositorySettings settings;
  settings.mutability_exclusions = {"v*"};
  set_repository_settings(txn_, id, settings);
  const auto out = find_repository(txn_, repository.registry, repository.name).value();
  EXPECT_EQ(out.tag_mutability, TagMutability::kMutable);
  EXPECT_THAT(out.mutability_exclusions, ElementsAre("v*"));
  EXPECT_FALSE(out.scan_on_push);
  EXPECT_EQ(out.policy, repository.policy);
  EXPECT_EQ(out.encryption_type, EncryptionType::kKms);
}

TEST_F(Repositories, TagsAreSortedAndReplaced) {
  const auto id = test::add_repository(txn_, "app");
  put_repository_tag(txn_, id, "team", "a");
  put_repository_tag(txn_, id, "env", "dev");
  put_repository_tag(txn_, id, "team", "b");
  EXPECT_THAT(repository_tags(txn_, id), ElementsAre(Pair("env", "dev"), Pair("team", "b")));
  remove_repository_tag(txn_, id, "env");
  remove_repository_tag(txn_, id, "absent");
  EXPECT_THAT(repository_tags(txn_, id), ElementsAre(Pair("team", "b")));
}

TEST_F(Repositories, ListGoesPageByPageThroughOneAccountAndRegion) {
  std::vector<std::string> expected;
  for (int i = 0; i < 2500; ++i) {
    expected.push_back("repository-" + std::to_string(i));
    test::add_repository(txn_, expected.back());
  }
  std::sort(expected.begin(), expected.end());
  Repository elsewhere = full_repository();
  insert_repository(txn_, elsewhere);

  std::vector<std::string> seen;
  for (std::string after;;) {
    const auto page = list_repositories(txn_, {"000000000000", "us-east-1"}, after, 100);
    if (page.empty()) break;
    EXPECT_LE(page.size(), 100U);
    for (const auto& repository : page) seen.push_back(repository.name.text());
    after = seen.back();
  }
  EXPECT_EQ(seen, expected);
}

TEST_F(Repositories, ANameIsFoundInEveryAccountAndRegion) {
  const auto add = [&](const char* account, const char* region, const char* name) {
    Repository repository = full_repository();
    repository.registry = {account, region};
    repository.name = model::test::name_of(name);
    insert_repository(txn_, repository);
  };
  add("222222222222", "us-east-1", "app");
  add("111111111111", "us-east-1", "app");
  add("111111111111", "eu-west-1", "app");
  add("111111111111", "eu-west-1", "other");
  add("000000000000", "us-east-1", "apps");
  const auto places = [&](std::size_t limit) {
    std::vector<std::string> found;
    for (const auto& one : find_repositories_named(txn_, model::test::name_of("app"), limit)) {
      EXPECT_EQ(one.name.text(), "app");
      found.push_back(one.registry.account + " " + one.registry.region);
    }
    return found;
  };
  EXPECT_THAT(places(10), ElementsAre("111111111111 eu-west-1", "111111111111 us-east-1",
                                      "222222222222 us-east-1"));
  EXPECT_THAT(places(1), ElementsAre("111111111111 eu-west-1"));
  EXPECT_THAT(find_repositories_named(txn_, model::test::name_of("none"), 10), IsEmpty());
}

TEST_F(Repositories, DeletionTakesEverythingInIt) {
  const auto id = test::add_repository(txn_, "app");
  const auto other = test::add_repository(txn_, "other");
  for (const auto repository : {id, other}) {
    put_repository_tag(txn_, repository, "k", "v");
    const auto layer = model::Digest::of("layer");
    add_blob(txn_, repository, layer, 5, test::at(1));
    Image image = test::image_of("manifest");
    image.blobs = {layer};
    image.children = {model::Digest::of("child")};
    insert_image(txn_, repository, image, "manifest");
    put_tag(txn_, repository, "latest", image.digest);
    insert_upload(txn_,
                  {test::upload_id(static_cast<int>(repository)), repository, "arn", test::at(1)});
  }
  delete_repository(txn_, id);
  EXPECT_FALSE(find_repository(txn_, {"000000000000", "us-east-1"}, model::test::name_of("app")));
  constexpr sql::Sql kCounts[] = {
      "SELECT COUNT(*) FROM repository_tags", "SELECT COUNT(*) FROM repository_blobs",
      "SELECT COUNT(*) FROM images",          "SELECT COUNT(*) FROM image_manifests",
      "SELECT COUNT(*) FROM image_blobs",     "SELECT COUNT(*) FROM image_children",
      "SELECT COUNT(*) FROM image_tags",      "SELECT COUNT(*) FROM uploads"};
  for (const sql::Sql count : kCounts) {
    auto row = txn_.query(count);
    ASSERT_TRUE(row.next());
    EXPECT_EQ(row.integer(0), 1) << count.text() << ": the other repository's alone";
  }
}

}  // namespace
}  // namespace ecr::storage
