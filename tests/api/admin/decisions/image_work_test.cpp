// What a whole push or pull needs.
#include "api/admin/decisions/image_work.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ecr::api::admin {
namespace {

using auth::iam::Policy;
using auth::iam::PolicySet;
using auth::iam::PolicyType;
using auth::iam::Request;
using Json = nlohmann::json;
using Names = std::vector<std::string>;

constexpr const char* kImages = "arn:aws:ecr:us-east-1:111111111111:repository/app";

Request asked(const std::string& action) {
  Request request;
  request.principal = *auth::iam::make_principal("arn:aws:iam::111111111111:user/jane", "");
  request.action = action;
  request.resource = action == "ecr:GetAuthorizationToken" ? "*" : kImages;
  request.resource_account = "111111111111";
  return request;
}

PolicySet identity(const Json& statements) {
  const Json document = {{"Version", "2012-10-17"}, {"Statement", statements}};
  PolicySet set;
  set.identity = {{*Policy::parse(document.dump(), PolicyType::kIdentity), "own"}};
  return set;
}

Json allow(const Json& action, const Json& resource) {
  return {{"Effect", "Allow"}, {"Action", action}, {"Resource", resource}};
}

MissingForWork missing(const std::string& action, const PolicySet& set) {
  const Request request = asked(action);
  return missing_for_work(request, set, evaluate(request, set));
}

TEST(ImageWork, OneFixIsEnoughForAPush) {
  Json statements = {allow("ecr:GetAuthorizationToken", "*"), allow("ecr:BatchGetImage", kImages)};
  const auto found = missing("ecr:InitiateLayerUpload", identity(statements));
  EXPECT_EQ(found.name, "push");
  EXPECT_EQ(found.missing,
            (Names{"ecr:BatchCheckLayerAvailability", "ecr:CompleteLayerUpload",
                   "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"}));
  EXPECT_TRUE(found.denied.empty());
  ASSERT_EQ(found.steps.size(), 1u);  // one statement for all of them
  statements.push_back(Json::parse(found.steps[0].document));
  for (const std::string_view action : image_works()[0].actions) {
    EXPECT_TRUE(evaluate(asked(std::string(action)), identity(statements)).allowed()) << action;
  }
  EXPECT_FALSE(evaluate(asked("ecr:DeleteRepository"), identity(statements)).allowed());
}

TEST(ImageWork, ATokenIsAskedForTooWhereItIsMissing) {
  const auto found = missing("ecr:BatchGetImage", identity({allow("ecr:ListImages", "*")}));
  EXPECT_EQ(found.name, "pull");
  EXPECT_EQ(found.missing, (Names{"ecr:GetAuthorizationToken", "ecr:BatchGetImage",
                                  "ecr:GetDownloadUrlForLayer"}));
  ASSERT_EQ(found.steps.size(), 2u);
  EXPECT_EQ(Json::parse(found.steps[0].document)["Resource"], "*");
  EXPECT_EQ(Json::parse(found.steps[1].document)["Resource"], kImages);
}

TEST(ImageWork, NothingElseMissingIsNothingToSay) {
  const PolicySet set =
      identity({allow({"ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"}, "*")});
  EXPECT_EQ(missing("ecr:BatchGetImage", set).name, "");
  EXPECT_EQ(missing("ecr:DeleteRepository", set).name, "");
  EXPECT_EQ(missing("ecr:GetDownloadUrlForLayer", set).name, "");  // allowed
}

// oras looks for the manifest before it pushes it, as a pull does.
TEST(ImageWork, ARefusedReadOfWhoeverMayPushIsNoPull) {
  Json statements = {allow("ecr:GetAuthorizationToken", "*")};
  for (const std::string_view action : image_works()[0].actions) {
    if (action != "ecr:BatchGetImage") statements.push_back(allow(std::string(action), kImages));
  }
  Request request = asked("ecr:BatchGetImage");
  const auto name_for = [&](const PolicySet& set) {
    return missing_for_work(request, set, evaluate(request, set)).name;
  };
  request.context.set("aws:UserAgent", "oras/1.2.0");
  EXPECT_EQ(name_for(identity(statements)), "");  // nothing else is missing for the push
  EXPECT_EQ(name_for(identity({statements[0]})), "pull");
  request.context.set("aws:UserAgent", "docker/20.10.24");
  EXPECT_EQ(name_for(identity(statements)), "pull");
}

TEST(ImageWork, WhatAStatementDeniesIsNamed) {
  Json deny = allow("ecr:PutImage", "*");
  deny["Effect"] = "Deny";
  const auto found =
      missing("ecr:InitiateLayerUpload", identity({allow("ecr:GetAuthorizationToken", "*"), deny}));
  EXPECT_EQ(found.denied, Names{"ecr:PutImage"});
  EXPECT_NE(std::find(found.missing.begin(), found.missing.end(), "ecr:PutImage"),
            found.missing.end());
}

TEST(ImageWork, WhatLayerCachesHidIsCompleted) {
  const std::vector<RequestedAccess> requests = {{"ecr:BatchCheckLayerAvailability", kImages},
                                                 {"ecr:PutImage", kImages},
                                                 {"ecr:ListImages",
                                                  "arn:aws:ecr:us-east-1:"
                                                  "111111111111:repository/b"}};
  const auto completed = complete_works(requests, {"push"});
  const auto has = [&](const char* action, const char* resource) {
    return std::find(completed.begin(), completed.end(), RequestedAccess(action, resource)) !=
           completed.end();
  };
  for (const std::string_view action : image_works()[0].actions) {
    EXPECT_TRUE(has(std::string(action).c_str(), kImages)) << action;
  }
  EXPECT_TRUE(has("ecr:GetAuthorizationToken", "*"));
  EXPECT_FALSE(has("ecr:GetDownloadUrlForLayer", kImages));
  // Nobody began to push to the other repository.
  EXPECT_FALSE(has("ecr:PutImage", "arn:aws:ecr:us-east-1:111111111111:repository/b"));
  EXPECT_EQ(complete_works(requests, {}), requests);

  EXPECT_EQ(may_be_missing(requests),
            Names{"a docker push of repository app may also need ecr:BatchGetImage, "
                  "ecr:CompleteLayerUpload, ecr:InitiateLayerUpload, ecr:UploadLayerPart"});
  EXPECT_TRUE(may_be_missing(complete_works(requests, {"push", "pull"})).empty());
}

// A work that was asked for is completed where only the other one was begun.
TEST(ImageWork, APullIsCompletedWhereOnlyAPushWasBegun) {
  const auto has = [](const std::vector<RequestedAccess>& all, std::string_view action,
                      const char* resource) {
    return std::find(all.begin(), all.end(), RequestedAccess(action, resource)) != all.end();
  };
  for (const char* begun : {"ecr:InitiateLayerUpload", "ecr:BatchGetImage"}) {
    for (const ImageWork& work : image_works()) {
      const auto completed = complete_works({{begun, kImages}}, {std::string(work.name)});
      EXPECT_TRUE(has(completed, "ecr:GetAuthorizationToken", "*")) << begun;
      for (const std::string_view action : work.actions) {
        EXPECT_TRUE(has(completed, action, kImages)) << begun << ": " << action;
      }
    }
  }
  // Who never touched an image has no repository that could be meant.
  const std::vector<RequestedAccess> login = {{"ecr:GetAuthorizationToken", "*"}};
  EXPECT_EQ(complete_works(login, {"push", "pull"}), login);
}

}  // namespace
}  // namespace ecr::api::admin
