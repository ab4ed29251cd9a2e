#include "storage/rows/iam/identities.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/rows/tags.h"
#include "storage/rows/uploads.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class Identities : public test::RowsTest {
 protected:
  std::int64_t add(const std::string& name, EntityKind kind = EntityKind::kUser) {
    return insert_entity(txn_, {.account = "000000000000",
                                .kind = kind,
                                .name = name,
                                .path = "/team/",
                                .unique_id = "AIDA" + name,
                                .created_at = test::at(5)})
        .value_or(0);
  }
};

TEST_F(Identities, EntityComesBackByNameAndById) {
  for (const auto kind : {EntityKind::kUser, EntityKind::kGroup, EntityKind::kRole}) {
    const auto id = add("Jane", kind);
    ASSERT_NE(id, 0) << "one name in each kind";
    const auto by_name = find_entity(txn_, "000000000000", kind, "Jane");
    ASSERT_TRUE(by_name);
    EXPECT_EQ(by_name->id, id);
    EXPECT_EQ(by_name->kind, kind);
    EXPECT_EQ(by_name->path, "/team/");
    EXPECT_EQ(by_name->unique_id, "AIDAJane");
    EXPECT_EQ(by_name->created_at, test::at(5));
    EXPECT_EQ(find_entity(txn_, id)->name, "Jane");
  }
}

TEST_F(Identities, NamesAreUniqueWithoutRegardToCase) {
  const auto id = add("Jane");
  EXPECT_EQ(add("JANE"), 0);
  EXPECT_EQ(find_entity(txn_, "000000000000", EntityKind::kUser, "jAnE")->id, id);
  EXPECT_FALSE(find_entity(txn_, "123456789012", EntityKind::kUser, "Jane"));
}

TEST_F(Identities, TagsAreSortedReplacedAndRemoved) {
  const auto id = add("jane");
  put_entity_tag(txn_, id, "team", "a");
  put_entity_tag(txn_, id, "env", "dev");
  put_entity_tag(txn_, id, "team", "b");
  EXPECT_THAT(entity_tags(txn_, id), ElementsAre(Pair("env", "dev"), Pair("team", "b")));
  remove_entity_tags(txn_, id);
  EXPECT_THAT(entity_tags(txn_, id), IsEmpty());
}

TEST_F(Identities, AccessKeysAreFoundByIdAndByEntity) {
  const auto id = add("jane");
  EXPECT_TRUE(insert_access_key(txn_, {"AKIA2", "secret", id, false, test::at(2)}));
  EXPECT_TRUE(insert_access_key(txn_, {"AKIA1", "other", id, true, test::at(1)}));
  EXPECT_FALSE(insert_access_key(txn_, {"AKIA1", "stolen", id, true, test::at(3)}));
  const auto key = find_access_key(txn_, "AKIA2");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->secret, "secret");
  EXPECT_EQ(key->entity, id);
  EXPECT_FALSE(key->active);
  EXPECT_EQ(key->created_at, test::at(2));
  EXPECT_EQ(find_access_key(txn_, "AKIA1")->secret, "other");
  EXPECT_FALSE(find_access_key(txn_, "akia1"));
  const auto keys = entity_access_keys(txn_, id);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].id, "AKIA1") << "the oldest first";
  delete_access_key(txn_, "AKIA1");
  EXPECT_EQ(entity_access_keys(txn_, id).size(), 1U);
}

TEST_F(Identities, InlinePoliciesAreSortedReplacedAndDeleted) {
  const auto id = add("jane");
  put_inline_policy(txn_, id, "b", "{}");
  put_inline_policy(txn_, id, "a", "{}");
  put_inline_policy(txn_, id, "b", R"({"Statement":[]})");
  const auto policies = inline_policies(txn_, id);
  ASSERT_EQ(policies.size(), 2U);
  EXPECT_EQ(policies[0].name, "a");
  EXPECT_EQ(policies[1].document, R"({"Statement":[]})");
  delete_inline_policy(txn_, id, "a");
  EXPECT_EQ(inline_policies(txn_, id).size(), 1U);
}

TEST_F(Identities, DeletionTakesKeysPoliciesAndTags) {
  const auto id = add("jane");
  put_entity_tag(txn_, id, "k", "v");
  put_inline_policy(txn_, id, "p", "{}");
  insert_access_key(txn_, {"AKIA1", "secret", id, true, test::at(1)});
  delete_entity(txn_, id);
  EXPECT_FALSE(find_entity(txn_, id));
  EXPECT_FALSE(find_access_key(txn_, "AKIA1"));
  EXPECT_THAT(inline_policies(txn_, id), IsEmpty());
  EXPECT_THAT(entity_tags(txn_, id), IsEmpty());
}

class Uploads : public test::RowsTest {};

TEST_F(Uploads, AreFoundByIdRepositoryAndAge) {
  const auto app = test::add_repository(txn_, "app");
  const auto other = test::add_repository(txn_, "other");
  insert_upload(txn_, {test::upload_id(1), app, "arn:aws:iam::1:user/a", test::at(30)});
  insert_upload(txn_, {test::upload_id(2), other, "arn:aws:iam::1:user/b", test::at(10)});
  insert_upload(txn_, {test::upload_id(3), app, "arn:aws:iam::1:user/a", test::at(20)});
  const auto upload = find_upload(txn_, test::upload_id(1));
  ASSERT_TRUE(upload);
  EXPECT_EQ(upload->repository, app);
  EXPECT_EQ(upload->principal, "arn:aws:iam::1:user/a");
  EXPECT_EQ(upload->active_at, test::at(30));
  const auto ids_after = [&](const Upload& after) {
    std::vector<std::string> ids;
    for (auto& each : abandoned_uploads(txn_, test::at(30), after, 10)) ids.push_back(each.id);
    return ids;
  };
  EXPECT_THAT(ids_after({}), ElementsAre(test::upload_id(2), test::upload_id(3)));
  EXPECT_THAT(ids_after({test::upload_id(2), 0, "", test::at(10)}),
              ElementsAre(test::upload_id(3)));
  EXPECT_THAT(repository_uploads(txn_, app), ElementsAre(test::upload_id(1), test::upload_id(3)));
  delete_upload(txn_, test::upload_id(1));
  EXPECT_FALSE(find_upload(txn_, test::upload_id(1)));
}

}  // namespace
}  // namespace ecr::storage
