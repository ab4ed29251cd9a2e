#include "storage/rows/registry_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/fixtures.h"

namespace ecr::storage {
namespace {

using RegistrySettings = test::RowsTest;
using test::at;

TEST_F(RegistrySettings, ASettingIsKeptForItsRegistryAlone) {
  EXPECT_EQ(registry_setting(txn_, {"1", "r"}, "NAME"), std::nullopt);
  set_registry_setting(txn_, {"1", "r"}, "NAME", "a");
  set_registry_setting(txn_, {"1", "r"}, "NAME", "b");
  EXPECT_EQ(registry_setting(txn_, {"1", "r"}, "NAME"), "b");
  EXPECT_EQ(registry_setting(txn_, {"1", "other"}, "NAME"), std::nullopt);
  EXPECT_EQ(registry_setting(txn_, {"2", "r"}, "NAME"), std::nullopt);
}

TEST_F(RegistrySettings, ExclusionsAreASetListedInPages) {
  for (const char* arn : {"c", "a", "b"}) {
    EXPECT_TRUE(add_pull_exclusion(txn_, {"1", "r"}, arn, at(1)));
    EXPECT_FALSE(add_pull_exclusion(txn_, {"1", "r"}, arn, at(2)));
  }
  EXPECT_TRUE(has_pull_exclusion(txn_, {"1", "r"}, "a"));
  EXPECT_FALSE(has_pull_exclusion(txn_, {"2", "r"}, "a"));
  EXPECT_EQ(list_pull_exclusions(txn_, {"1", "r"}, "", 2), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(list_pull_exclusions(txn_, {"1", "r"}, "b", 2), (std::vector<std::string>{"c"}));
  EXPECT_TRUE(remove_pull_exclusion(txn_, {"1", "r"}, "a"));
  EXPECT_FALSE(remove_pull_exclusion(txn_, {"1", "r"}, "a"));
}

TEST_F(RegistrySettings, PoliciesOfAnAccountAreByRegion) {
  set_registry_policy(txn_, {"1", "us-east-1"}, "{us}");
  set_registry_policy(txn_, {"1", "eu-west-1"}, "{eu}");
  set_registry_policy(txn_, {"2", "eu-west-1"}, "{other}");
  EXPECT_THAT(registry_policies(txn_, "1"),
              ::testing::ElementsAre(::testing::Pair("eu-west-1", "{eu}"),
                                     ::testing::Pair("us-east-1", "{us}")));
}

TEST_F(RegistrySettings, APolicyIsKeptForItsRegistryAlone) {
  set_registry_policy(txn_, {"1", "us-east-1"}, "{1}");
  set_registry_policy(txn_, {"1", "us-east-1"}, "{2}");
  EXPECT_EQ(registry_policy(txn_, {"1", "us-east-1"}), "{2}");
  EXPECT_FALSE(registry_policy(txn_, {"1", "eu-west-1"}));
  set_registry_policy(txn_, {"1", "us-east-1"}, std::nullopt);
  EXPECT_FALSE(registry_policy(txn_, {"1", "us-east-1"}));
}

}  // namespace
}  // namespace ecr::storage
