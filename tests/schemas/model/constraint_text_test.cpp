// The texts marked "captured" were published by people who got them from Amazon ECR.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/model/validator.h"

namespace ecr::model {
namespace {

// "path: text" of each violation.
std::vector<std::string> texts(const ServiceModel& model, const char* operation,
                               const std::string& request) {
  std::vector<std::string> result;
  for (const Violation& v : validate(*base::parse_json(request), *model.find(operation)->input)) {
    result.push_back(v.path + ": " + constraint_text(v));
  }
  return result;
}

std::vector<std::string> ecr(const char* operation, const std::string& request) {
  return texts(ServiceModel::ecr(), operation, request);
}

using Texts = std::vector<std::string>;

constexpr const char* kNamePattern =
    R"(repositoryName: must satisfy regular expression '[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*')";

TEST(ConstraintText, RepositoryName) {  // captured
  EXPECT_EQ(ecr("CreateRepository", R"({"repositoryName": "Bad_Name!"})"), Texts{kNamePattern});
  EXPECT_EQ(ecr("CreateRepository", R"({"repositoryName": "a"})"),
            Texts{"repositoryName: must have length greater than or equal to 2"});
  EXPECT_EQ(ecr("CreateRepository", R"({"repositoryName": ")" + std::string(257, 'a') + "\"}"),
            Texts{"repositoryName: must have length less than or equal to 256"});
  EXPECT_EQ(ecr("CreateRepository", "{}"), Texts{"repositoryName: must not be null"});
}

TEST(ConstraintText, LengthComesBeforePattern) {
  EXPECT_EQ(ecr("CreateRepository", R"({"repositoryName": "A"})"),
            (Texts{"repositoryName: must have length greater than or equal to 2", kNamePattern}));
}

TEST(ConstraintText, RepositoryNameInAListLosesItsPlace) {  // captured
  EXPECT_EQ(ecr("DescribeRepositories", R"({"repositoryNames": ["ab", "B@D"]})"),
            Texts{kNamePattern});
}

TEST(ConstraintText, RegistryId) {  // captured, the two of them
  EXPECT_EQ(ecr("DescribeRepositories", R"({"registryId": "1"})"),
            Texts{"registryId: must satisfy regular expression [0-9]{12}"});
  EXPECT_EQ(ecr("GetAuthorizationToken", R"({"registryIds": ["1", "2"]})"),
            Texts{"registryIds: Member must satisfy constraint: [Member must satisfy regular "
                  "expression pattern: [0-9]{12}]"});
}

TEST(ConstraintText, Enumeration) {  // captured
  EXPECT_EQ(ecr("CreateRepository", R"({"repositoryName": "ab", "imageTagMutability": "x"})"),
            Texts{"imageTagMutability: Member must satisfy enum value set: [IMMUTABLE, MUTABLE, "
                  "MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]"});
}

TEST(ConstraintText, ListLength) {  // captured
  base::Json ids = base::Json::array();
  EXPECT_EQ(ecr("BatchGetImage", R"({"repositoryName": "ab", "imageIds": []})"),
            Texts{"imageIds: Member must have length greater than or equal to 1"});
  for (int i = 0; i < 101; ++i) ids.push_back({{"imageTag", "x"}});
  EXPECT_EQ(
      ecr("BatchGetImage", R"({"repositoryName": "ab", "imageIds": )" + base::dump(ids) + "}"),
      Texts{"imageIds: Member must have length less than or equal to 100"});
}

TEST(ConstraintText, StringLengthOfTheFramework) {  // captured
  EXPECT_EQ(ecr("PutLifecyclePolicy", R"({"repositoryName": "ab", "lifecyclePolicyText": ""})"),
            Texts{"lifecyclePolicyText: Member must have length greater than or equal to 100"});
}

TEST(ConstraintText, Number) {  // the first captured
  EXPECT_EQ(ecr("DescribeRepositories", R"({"maxResults": 1001})"),
            Texts{"maxResults: Member must have value less than or equal to 1000"});
  EXPECT_EQ(ecr("DescribeRepositories", R"({"maxResults": 0})"),
            Texts{"maxResults: Member must have value greater than or equal to 1"});
}

TEST(ConstraintText, PatternOfTheFramework) {
  const auto found = ecr("CreatePullThroughCacheRule",
                         R"({"ecrRepositoryPrefix": "Bad", "upstreamRegistryUrl": "quay.io"})");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with(
      "ecrRepositoryPrefix: Member must satisfy regular expression pattern: ^("))
      << found[0];
}

TEST(ConstraintText, NullMembers) {  // captured
  EXPECT_EQ(
      ecr("CreateRepository",
          R"({"repositoryName": "ab", "tags": [{"Key": "k", "Value": "v"}, {"Value": "v"}]})"),
      Texts{"tags.2.member.key: Member must not be null"});
  EXPECT_EQ(ecr("PutImage", R"({"repositoryName": "ab"})"),
            Texts{"imageManifest: Member must not be null"});
}

TEST(ConstraintText, IamSpeaksTheFrameworksForm) {
  EXPECT_EQ(texts(ServiceModel::iam(), "CreateUser", R"({"UserName": "a b"})"),
            Texts{"userName: Member must satisfy regular expression pattern: [\\w+=,.@-]+"});
}

TEST(ConstraintText, TagKeysOfIam) {  // captured
  EXPECT_EQ(
      texts(ServiceModel::iam(), "UntagPolicy",
            R"({"PolicyArn": "arn:aws:iam::111111111111:policy/p", "TagKeys": ["?"]})"),
      Texts{"tagKeys: Member must satisfy constraint: [Member must have length less than or "
            "equal to 128, Member must have length greater than or equal to 1, Member must "
            "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+, Member must "
            "not be null]"});
}

}  // namespace
}  // namespace ecr::model
