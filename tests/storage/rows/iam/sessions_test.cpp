#include "storage/rows/iam/sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/managed_policies.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TemporaryCredentials : public test::RowsTest {
 protected:
  std::int64_t add(const std::string& name, EntityKind kind) {
    Entity entity;
    entity.account = "111122223333";
    entity.kind = kind;
    entity.name = name;
    return insert_entity(txn_, entity).value();
  }
};

TEST_F(TemporaryCredentials, ASessionComesBackWhole) {
  Session session;
  session.access_key = "ASIA1";
  session.secret = "secret";
  session.token = "token";
  session.kind = SessionKind::kFederatedUser;
  session.account = "111122223333";
  session.entity = add("jane", EntityKind::kUser);
  session.name = "fed";
  session.source_identity = "me";
  session.mfa = true;
  session.policies = R"(["{}"])";
  session.scope_down = R"(["{\"a\":1}"])";
  session.tags = R"({"a":"b"})";
  session.transitive_keys = R"(["a"])";
  session.created_at = test::at(1);
  session.expires_at = test::at(2);
  put_session(txn_, session);
  session.name = "fed2";
  put_session(txn_, session);
  const auto found = find_session(txn_, "ASIA1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, SessionKind::kFederatedUser);
  EXPECT_EQ(found->name, "fed2");
  EXPECT_EQ(found->entity, session.entity);
  EXPECT_EQ(found->source_identity, "me");
  EXPECT_FALSE(found->provider);
  EXPECT_TRUE(found->mfa);
  EXPECT_EQ(found->policies, session.policies);
  EXPECT_EQ(found->scope_down, session.scope_down);
  EXPECT_EQ(found->transitive_keys, session.transitive_keys);
  EXPECT_EQ(found->expires_at, test::at(2));
}

TEST_F(TemporaryCredentials, GoWithTheirRoleAndTheirTime) {
  const auto role = add("ci", EntityKind::kRole);
  for (const char* key : {"ASIA1", "ASIA2"}) {
    Session session;
    session.access_key = key;
    session.entity = role;
    session.expires_at = test::at(key[4] - '0');
    put_session(txn_, session);
  }
  delete_expired_sessions(txn_, test::at(2) + kExpiredSessionsKept);
  EXPECT_FALSE(find_session(txn_, "ASIA1"));
  EXPECT_TRUE(find_session(txn_, "ASIA2"));
  delete_entity(txn_, role);
  EXPECT_FALSE(find_session(txn_, "ASIA2"));
}

TEST_F(TemporaryCredentials, ManagedPoliciesAreAttachedByArn) {
  const auto user = add("jane", EntityKind::kUser);
  const ManagedPolicy policy{.arn = "arn:b", .account = "1", .name = "b"};
  const auto id = insert_managed_policy(txn_, policy, "{1}");
  ASSERT_TRUE(id);
  EXPECT_FALSE(insert_managed_policy(txn_, policy, "{2}"));
  EXPECT_EQ(managed_policy_document(txn_, "arn:b"), "{1}");
  set_managed_policy_document(txn_, *id, "{3}");
  EXPECT_EQ(managed_policy_document(txn_, "arn:b"), "{3}");
  EXPECT_FALSE(managed_policy_document(txn_, "arn:c"));
  for (const char* arn : {"arn:b", "arn:aws:iam::aws:policy/A", "arn:b"}) {
    attach_policy(txn_, user, arn);
  }
  EXPECT_THAT(attached_policies(txn_, user), ElementsAre("arn:aws:iam::aws:policy/A", "arn:b"));
  detach_all_policies(txn_, user);
  EXPECT_THAT(attached_policies(txn_, user), IsEmpty());
}

TEST_F(TemporaryCredentials, GroupsOfAUserByName) {
  const auto user = add("jane", EntityKind::kUser);
  for (const char* name : {"b", "a"}) add_to_group(txn_, user, add(name, EntityKind::kGroup));
  const auto groups = groups_of(txn_, user);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].name, "a");
  remove_from_groups(txn_, user);
  EXPECT_THAT(groups_of(txn_, user), IsEmpty());
}

}  // namespace
}  // namespace ecr::storage
