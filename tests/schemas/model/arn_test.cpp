#include "schemas/model/arn.h"

#include <string>

#include <gtest/gtest.h>

namespace ecr::model {
namespace {

TEST(Arn, KeepsColonsAndSlashesOfTheResource) {
  const auto arn = Arn::parse("arn:aws:ecr:us-east-1:123456789012:repository/a/b:c");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->partition, "aws");
  EXPECT_EQ(arn->service, "ecr");
  EXPECT_EQ(arn->region, "us-east-1");
  EXPECT_EQ(arn->account, "123456789012");
  EXPECT_EQ(arn->resource, "repository/a/b:c");
  EXPECT_EQ(arn->text(), "arn:aws:ecr:us-east-1:123456789012:repository/a/b:c");
}

TEST(Arn, AllowsEmptyParts) {
  ASSERT_TRUE(Arn::parse("arn:::::"));
  EXPECT_EQ(Arn::parse("arn:aws:iam::123456789012:user/x")->region, "");
}

TEST(Arn, RefusesWhatHasFewerPartsOrAnotherPrefix) {
  for (const char* text : {"", "arn", "arn:aws:ecr:us-east-1:123456789012", "ARN:a:b:c:d:e",
                           "xarn:a:b:c:d:e", "::::::"}) {
    EXPECT_FALSE(Arn::parse(text)) << text;
  }
}

TEST(Arn, OfARepositoryHasThePartitionOfItsRegion) {
  EXPECT_EQ(repository_arn("us-east-1", "123456789012", "a/b"),
            "arn:aws:ecr:us-east-1:123456789012:repository/a/b");
  EXPECT_EQ(repository_arn("cn-north-1", "123456789012", "ab"),
            "arn:aws-cn:ecr:cn-north-1:123456789012:repository/ab");
}

TEST(AccountId, IsTwelveDigits) {
  EXPECT_TRUE(is_account_id("000000000000"));
  for (const char* text : {"", "12345678901", "1234567890123", "12345678901a", " 23456789012"}) {
    EXPECT_FALSE(is_account_id(text)) << text;
  }
}

TEST(Region, IsTheModelsPattern) {
  EXPECT_TRUE(is_region("us-east-1"));
  for (const char* text : {"", "u", "US-EAST-1", "us_east_1", "us-east-1-and-a-good-deal-more"}) {
    EXPECT_FALSE(is_region(text)) << text;
  }
}

TEST(Tag, IsTheDistributionSpecs) {
  for (const std::string tag : {"latest", "v1.2.3", "_x", "A-b.C", "1"}) {
    EXPECT_TRUE(is_tag(tag)) << tag;
  }
  EXPECT_TRUE(is_tag(std::string(128, 'a')));
  for (const std::string tag : {"", ".a", "-a", "a/b", "a:b", "a b", "\xC3\xA4"}) {
    EXPECT_FALSE(is_tag(tag)) << tag;
  }
  EXPECT_FALSE(is_tag(std::string(129, 'a')));
}

}  // namespace
}  // namespace ecr::model
