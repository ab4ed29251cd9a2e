#include "schemas/model/partition.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "schemas/model/arn.h"

namespace ecr::model {
namespace {

TEST(Partition, IsFoundByTheRegionsPrefix) {
  struct Case {
    const char* region;
    const char* partition;
  };
  for (const auto& [region, partition] :
       {Case{"eu-central-1", "aws"}, Case{"us-east-1", "aws"}, Case{"cn-northwest-1", "aws-cn"},
        Case{"us-gov-west-1", "aws-us-gov"}, Case{"us-iso-east-1", "aws-iso"},
        Case{"us-isob-east-1", "aws-iso-b"}, Case{"eu-isoe-west-1", "aws-iso-e"},
        Case{"us-isof-south-1", "aws-iso-f"}, Case{"eusc-de-east-1", "aws-eusc"}, Case{"", "aws"},
        Case{"us-gov", "aws"}, Case{"xx-new-1", "aws"}}) {
    EXPECT_EQ(partition_of_region(region).name, partition) << region;
    EXPECT_EQ(partition_of(region), partition) << region;
  }
}

TEST(Partition, IsFoundByName) {
  EXPECT_EQ(find_partition("aws-us-gov")->dns_suffix, "amazonaws.com");
  EXPECT_EQ(find_partition("aws-cn")->dns_suffix, "amazonaws.com.cn");
  for (const char* name : {"", "AWS", "aws-", "aws-moon", "*"}) {
    EXPECT_EQ(find_partition(name), nullptr) << name;
  }
}

TEST(Partition, RowsAgreeWithThemselves) {
  std::set<std::string_view> names;
  for (const Partition& partition : partitions()) {
    EXPECT_TRUE(names.insert(partition.name).second) << partition.name;
    EXPECT_EQ(find_partition(partition.name), &partition);
    for (const std::string_view region :
         {partition.global_region, partition.organizations_region}) {
      EXPECT_EQ(&partition_of_region(region), &partition) << region;
    }
    EXPECT_TRUE(partition.iam_host.ends_with(partition.dns_suffix)) << partition.name;
    EXPECT_TRUE(partition.iam_dual_stack_host.ends_with(partition.dual_stack_suffix))
        << partition.name;
  }
  EXPECT_EQ(partitions().front().name, "aws");
}

}  // namespace
}  // namespace ecr::model
