#include "storage/rows/iam/account_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/organizations.h"
#include "storage/rows/registry_settings.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage {
namespace {

using AccountAccess = test::RowsTest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(AccountAccess, AnAccountIsKnownByAnythingThatIsStoredOfIt) {
  EXPECT_THAT(known_accounts(txn_), IsEmpty());
  test::add_repository(txn_, "app");  // of 000000000000
  ASSERT_TRUE(insert_entity(txn_, {.account = "333333333333", .name = "jane", .unique_id = "A"}));
  ASSERT_TRUE(insert_entity(txn_, {.account = "333333333333", .name = "lena", .unique_id = "B"}));
  set_registry_policy(txn_, {"222222222222", "us-east-1"}, "{}");
  insert_organization(txn_, {"o-1", "999999999999"});
  insert_organization_target(txn_, "o-1", "r-root", std::nullopt);
  insert_organization_target(txn_, "o-1", "ou-root-12345", "r-root");
  insert_organization_target(txn_, "o-1", "444444444444", "ou-root-12345");
  EXPECT_THAT(known_accounts(txn_), ElementsAre("000000000000", "222222222222", "333333333333",
                                                "444444444444", "999999999999"));
}

}  // namespace
}  // namespace ecr::storage
