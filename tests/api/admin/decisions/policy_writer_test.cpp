// The least-privilege policy allows what was recorded and nothing else.
#include "api/admin/decisions/policy_writer.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "auth/iam/evaluate.h"
#include "auth/iam/policy/authorization_data.h"

namespace ecr::api::admin {
namespace {

using auth::iam::PolicySet;
using auth::iam::PolicyType;
using Json = nlohmann::json;

constexpr const char* kApp = "arn:aws:ecr:us-east-1:111111111111:repository/app";
constexpr const char* kBase = "arn:aws:ecr:us-east-1:111111111111:repository/base";

// For requests that fit into one policy.
std::string write_one(const std::vector<RequestedAccess>& requests) {
  const auto policies = write_least_privilege_policies(requests);
  EXPECT_EQ(policies.size(), 1u);
  return policies.front();
}

// An identity policy as AWS would store it.
PolicySet only(const std::string& document) {
  const auto policy = auth::iam::Policy::parse(document, PolicyType::kIdentity);
  EXPECT_TRUE(policy.has_value()) << document;
  PolicySet set;
  set.identity.push_back({policy.value(), "generated"});
  return set;
}

bool allows(const PolicySet& set, const std::string& action, const std::string& resource) {
  auth::iam::Request request;
  request.principal = *auth::iam::make_principal("arn:aws:iam::111111111111:user/jane", "");
  request.action = action;
  request.resource = resource;
  request.resource_account = "111111111111";
  return evaluate(request, set).allowed();
}

TEST(PolicyWriter, GroupsActionsByTheirResources) {
  const std::vector<RequestedAccess> requests = {{"ecr:PutImage", kApp},
                                                 {"ecr:BatchGetImage", kApp},
                                                 {"ecr:BatchGetImage", kBase},
                                                 {"ecr:GetDownloadUrlForLayer", kBase},
                                                 {"ecr:GetDownloadUrlForLayer", kApp},
                                                 {"ecr:GetAuthorizationToken", "*"}};
  const Json expected = Json::parse(R"({"Version":"2012-10-17","Statement":[
    {"Sid":"Statement1","Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"},
    {"Sid":"Statement2","Effect":"Allow","Action":"ecr:PutImage",
     "Resource":"arn:aws:ecr:us-east-1:111111111111:repository/app"},
    {"Sid":"Statement3","Effect":"Allow",
     "Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"],
     "Resource":["arn:aws:ecr:us-east-1:111111111111:repository/app",
                 "arn:aws:ecr:us-east-1:111111111111:repository/base"]}]})");
  EXPECT_EQ(Json::parse(write_one(requests)), expected);
}

TEST(PolicyWriter, AllowsEveryRequestAndNoOtherActionWhateverTheirOrder) {
  const auto& actions = auth::iam::find_service("ecr")->actions;
  std::mt19937_64 random(7);
  for (int round = 0; round < 100; ++round) {
    std::vector<RequestedAccess> requests;
    for (std::size_t n = 1 + random() % 12; n > 0; --n) {
      const auto& action = actions[random() % actions.size()];
      const std::string name = "r" + std::to_string(random() % 4);
      requests.emplace_back(
          "ecr:" + action.name,
          action.wildcard_only ? "*" : "arn:aws:ecr:us-east-1:111111111111:repository/" + name);
    }
    const std::string document = write_one(requests);
    const PolicySet set = only(document);
    for (const auto& [action, resource] : requests) {
      EXPECT_TRUE(allows(set, action, resource)) << action << " " << resource << document;
    }
    for (const auto& action : actions) {
      for (const char* name : {"r0", "r1", "r2", "r3", "other"}) {
        const RequestedAccess other = {
            "ecr:" + action.name,
            std::string("arn:aws:ecr:us-east-1:111111111111:repository/") + name};
        const bool recorded =
            std::any_of(requests.begin(), requests.end(), [&](const RequestedAccess& one) {
              return one.first == other.first && (one == other || action.wildcard_only);
            });
        EXPECT_EQ(allows(set, other.first, other.second), recorded) << other.first << document;
      }
    }
    std::shuffle(requests.begin(), requests.end(), random);
    EXPECT_EQ(write_one(requests), document);
  }
}

TEST(PolicyWriter, LargePoliciesAreSplit) {
  std::vector<RequestedAccess> requests = {{"ecr:GetAuthorizationToken", "*"}};
  for (int i = 0; i < 400; ++i) {
    const std::string resource = std::string(kApp) + "-" + std::to_string(i);
    requests.emplace_back("ecr:BatchGetImage", resource);
    if (i % 3 == 0) requests.emplace_back("ecr:PutImage", resource);
  }
  const auto policies = write_least_privilege_policies(requests);
  EXPECT_GT(policies.size(), 3u);
  EXPECT_LT(policies.size(), 12u);
  PolicySet all;
  for (const std::string& document : policies) {
    std::size_t characters = 0;
    for (const char c : document) characters += c != ' ' && c != '\n' ? 1 : 0;
    EXPECT_LE(characters, kMaxManagedPolicy);
    all.identity.push_back(only(document).identity.front());
  }
  for (const auto& [action, resource] : requests) {
    EXPECT_TRUE(allows(all, action, resource)) << action << resource;
  }
  EXPECT_FALSE(allows(all, "ecr:PutImage", std::string(kApp) + "-1"));
  EXPECT_FALSE(allows(all, "ecr:BatchGetImage", kBase));
  std::reverse(requests.begin(), requests.end());
  EXPECT_EQ(write_least_privilege_policies(requests), policies);
}

}  // namespace
}  // namespace ecr::api::admin
