// POST /_ecr-local/lifecycle/dry-run.
#include <random>

#include "api/images/lifecycle/lifecycle_jobs.h"
#include "schemas/base/text.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kDryRunApp = "arn:aws:ecr:us-east-1:000000000000:repository/app";

class DryRunTest : public ApiTest {
 protected:
  DryRunTest() { call("CreateRepository", {{"repositoryName", "app"}}); }

  HttpResponse ask(const Json& body) {
    return admin.handle(
        make_request("POST", "/_ecr-local/lifecycle/dry-run", {{"Host", host}}, body.dump()));
  }
  Json dry_run(const Json& body) {
    const HttpResponse response = ask(body);
    EXPECT_EQ(response.status, 200) << body_of(response);
    return Json::parse(body_of(response));
  }
  std::string refusal(const Json& body) {
    const HttpResponse response = ask(body);
    EXPECT_EQ(response.status, 400) << body_of(response);
    return Json::parse(body_of(response)).value("message", "");
  }
  static Json dry_rule(int priority, const std::string& type, int number,
                       const std::string& status = "any") {
    Json selection = {{"tagStatus", status}, {"countType", type}, {"countNumber", number}};
    if (type != "imageCountMoreThan") selection["countUnit"] = "days";
    return {{"rulePriority", priority},
            {"description", "rule " + std::to_string(priority)},
            {"selection", selection},
            {"action", {{"type", "expire"}}}};
  }
  // Digests that would expire, by the preview API.
  std::map<std::string, std::int64_t> preview(const Json& policy) {
    call("StartLifecyclePolicyPreview",
         {{"repositoryName", "app"}, {"lifecyclePolicyText", policy.dump()}});
    runner.run_due(10);
    const Json json = call("GetLifecyclePolicyPreview", {{"repositoryName", "app"}});
    std::map<std::string, std::int64_t> found;
    for (const Json& one : json["previewResults"]) {
      found[one["imageDigest"].get<std::string>()] = one["appliedRulePriority"].get<std::int64_t>();
    }
    return found;
  }
  static std::map<std::string, std::int64_t> expiring(const Json& json) {
    std::map<std::string, std::int64_t> found;
    for (const Json& one : json["images"]) {
      if (one["action"] == "EXPIRE" && !one["followsSubject"].get<bool>()) {
        found[one["digest"].get<std::string>()] = one["rule"].get<std::int64_t>();
      }
    }
    return found;
  }

  JobRunner runner{services, {api::kLifecycle, api::kLifecyclePreview}};
};

// The property that the bars of a page rest on: random images and random rules.
TEST_F(DryRunTest, EqualsThePreviewOfTheApi) {
  std::mt19937 generator(7);
  for (int i = 0; i < 30; ++i) {
    push_image("app", (generator() % 3 == 0 ? "same" : "v" + std::to_string(i)), std::to_string(i));
    api_clock.restore({.frozen_at = api_clock.now() + std::chrono::hours(generator() % 40)});
  }
  const Json details = call("DescribeImages", {{"repositoryName", "app"}})["imageDetails"];
  const std::vector<std::string> types = {"imageCountMoreThan", "sinceImagePushed"};
  int expired = 0;
  for (int round = 0; round < 30; ++round) {
    Json rules = Json::array();
    rules.push_back(
        dry_rule(1, types[generator() % 2], 1 + static_cast<int>(generator() % 20), "untagged"));
    rules.push_back(dry_rule(2, types[generator() % 2], 1 + static_cast<int>(generator() % 25)));
    const Json policy_json = {{"rules", rules}};
    const auto wanted = preview(policy_json);
    const Json stored = dry_run({{"policy", policy_json}, {"arn", kDryRunApp}});
    EXPECT_EQ(expiring(stored), wanted) << policy_json.dump();
    const Json given = dry_run({{"policy", policy_json.dump()}, {"images", details}});
    EXPECT_EQ(expiring(given), wanted) << policy_json.dump();
    EXPECT_EQ(given["expiring"], wanted.size());
    expired += static_cast<int>(wanted.size());
  }
  EXPECT_GT(expired, 50);
}

TEST_F(DryRunTest, SaysWhenAndByWhichRule) {
  const Json images = {
      {{"imageDigest", "sha256:a"},
       {"imageTags", {"v1"}},
       {"imagePushedAt", "2026-01-01T00:00:00Z"}},
      {{"imageDigest", "sha256:b"}, {"imagePushedAt", "2026-01-20T00:00:00+00:00"}}};
  const Json json = dry_run({{"policy", {{"rules", {dry_rule(3, "sinceImagePushed", 10)}}}},
                             {"images", images},
                             {"now", "2026-01-21T00:00:00Z"}});
  EXPECT_EQ(json["now"], "2026-01-21T00:00:00Z");
  EXPECT_EQ(json["expiring"], 1);
  EXPECT_EQ(json["images"][0]["digest"], "sha256:a");
  EXPECT_EQ(json["images"][0]["tags"], Json({"v1"}));
  EXPECT_EQ(json["images"][0]["rule"], 3);
  EXPECT_EQ(json["images"][0]["action"], "EXPIRE");
  EXPECT_EQ(json["images"][0]["at"], "2026-01-11T00:00:00Z");
  EXPECT_EQ(json["images"][1]["action"], "NONE");
  EXPECT_EQ(json["images"][1]["at"], "2026-01-30T00:00:00Z");
  EXPECT_EQ(json["policy"]["rules"].size(), 1u);
  EXPECT_EQ(
      json["rules"],
      Json::array({{{"priority", 3},
                    {"description", "rule 3"},
                    {"count", 2},
                    {"findings",
                     {{"marked", 1}, {"withinCount", 0}, {"tooYoung", 1}, {"outOfReach", 0}}}}}));
}

// Without a policy in the body that of the repository counts; what stays for ever is left out.
TEST_F(DryRunTest, TakesThePolicyOfTheRepository) {
  push_image("app", "v1", "one");
  api_clock.restore({.frozen_at = api_clock.now() + std::chrono::hours(1)});
  push_image("app", "v2", "two");
  const Json policy_json = {{"rules", {dry_rule(1, "imageCountMoreThan", 1)}}};
  call("PutLifecyclePolicy",
       {{"repositoryName", "app"}, {"lifecyclePolicyText", policy_json.dump()}});
  const Json json = dry_run({{"arn", kDryRunApp}});
  ASSERT_EQ(json["images"].size(), 1u);
  EXPECT_EQ(json["images"][0]["tags"], Json({"v1"}));
  EXPECT_TRUE(json["images"][0]["at"].is_null());
  EXPECT_EQ(json["policy"]["rules"][0]["rulePriority"], 1);
}

TEST_F(DryRunTest, WhatCannotBeUsedIsNamed) {
  const Json good_policy = {{"rules", {dry_rule(1, "imageCountMoreThan", 1)}}};
  const auto with_images = [&](const Json& images) {
    return refusal({{"policy", good_policy}, {"images", images}});
  };
  EXPECT_EQ(refusal({{"images", Json::array()}}), "policy: is missing");
  EXPECT_EQ(dry_run({{"arn", kDryRunApp}})["policy"], nullptr);
  EXPECT_EQ(refusal({{"policy", Json::object()}, {"images", Json::array()}}).substr(0, 7),
            "policy:");
  EXPECT_EQ(refusal({{"policy", good_policy}}), "images: one of images and arn has to be given");
  EXPECT_EQ(refusal({{"policy", good_policy}, {"arn", "x"}}),
            "arn: there is no repository with this ARN");
  EXPECT_EQ(refusal({{"policy", good_policy}, {"images", Json::array()}, {"now", "soon"}}),
            "now: must be an ISO 8601 time, as 2026-01-31T12:00:00Z, or seconds");
  EXPECT_EQ(with_images({7}), "images[0]: must be an object");
  EXPECT_EQ(with_images({{{"imagePushedAt", 1}}}), "images[0].imageDigest: is missing");
  EXPECT_EQ(with_images({{{"imageDigest", "a"}}}), "images[0].imagePushedAt: is missing");
  EXPECT_EQ(with_images({{{"imageDigest", "a"}, {"imagePushedAt", -1}}}),
            "images[0].imagePushedAt: is not a time");
  const Json one = {{"imageDigest", "a"}, {"imagePushedAt", 1}};
  EXPECT_EQ(with_images({one, one}), "images[1].imageDigest: is there twice");
  EXPECT_EQ(with_images(Json(std::vector<Json>(10'001, one))),
            "images: must have at most 10000 elements");
}

}  // namespace
}  // namespace ecr::api::test
