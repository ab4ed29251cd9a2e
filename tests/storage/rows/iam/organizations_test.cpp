#include "storage/rows/iam/organizations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/fixtures.h"

namespace ecr::storage {
namespace {

using Organizations = test::RowsTest;

TEST_F(Organizations, PoliciesComeFromTheRootToTheAccountByKind) {
  insert_organization(txn_, {"o-1", "999999999999"});
  insert_organization_target(txn_, "o-1", "root", std::nullopt);
  insert_organization_target(txn_, "o-1", "ou-1", "root");
  insert_organization_target(txn_, "o-1", "111122223333", "ou-1");
  insert_control_policy(txn_, "o-1", ControlPolicyKind::kService, {"p-b", "b", "{b}"});
  insert_control_policy(txn_, "o-1", ControlPolicyKind::kService, {"p-a", "a", "{a}"});
  insert_control_policy(txn_, "o-1", ControlPolicyKind::kResource, {"p-r", "r", "{r}"});
  for (const char* policy : {"p-b", "p-a", "p-a", "p-r"}) {
    attach_control_policy(txn_, "root", policy);
  }
  attach_control_policy(txn_, "111122223333", "p-a");

  const auto levels = control_policies(txn_, "111122223333", ControlPolicyKind::kService);
  ASSERT_EQ(levels.size(), 3U);
  EXPECT_EQ(levels[0].target, "root");
  ASSERT_EQ(levels[0].policies.size(), 2U);
  EXPECT_EQ(levels[0].policies[0].document, "{a}");
  EXPECT_TRUE(levels[1].policies.empty());
  EXPECT_EQ(levels[2].policies[0].id, "p-a");
  EXPECT_EQ(control_policies(txn_, "root", ControlPolicyKind::kResource)[0].policies.size(), 1U);
  EXPECT_EQ(organization_of(txn_, "111122223333")->management_account, "999999999999");
  EXPECT_EQ(organization_path(txn_, "111122223333"), "root/ou-1/");
}

TEST_F(Organizations, AnAccountOutsideHasNone) {
  EXPECT_FALSE(organization_of(txn_, "111122223333"));
  EXPECT_EQ(organization_path(txn_, "111122223333"), "");
  EXPECT_TRUE(control_policies(txn_, "111122223333", ControlPolicyKind::kService).empty());
}

TEST_F(Organizations, AreListedById) {
  insert_organization(txn_, {"o-2", "222222222222"});
  insert_organization(txn_, {"o-1", "999999999999", "aws-cn"});
  const auto list = organizations(txn_);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].id, "o-1");
  EXPECT_EQ(list[0].management_account, "999999999999");
  EXPECT_EQ(list[0].partition, "aws-cn");
  EXPECT_EQ(list[1].id, "o-2");
}

TEST_F(Organizations, DeletingTakesEverything) {
  insert_organization(txn_, {"o-1", "999999999999"});
  insert_organization_target(txn_, "o-1", "root", std::nullopt);
  insert_control_policy(txn_, "o-1", ControlPolicyKind::kService, {"p", "p", "{}"});
  attach_control_policy(txn_, "root", "p");
  delete_organizations(txn_);
  EXPECT_FALSE(has_control_policy(txn_, "p"));
  EXPECT_FALSE(has_organization_target(txn_, "root"));
}

}  // namespace
}  // namespace ecr::storage
