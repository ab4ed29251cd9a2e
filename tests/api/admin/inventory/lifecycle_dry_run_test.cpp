// POST /_ecr-local/lifecycle/dry-run.
#include "api/admin/inventory/lifecycle_dry_run.h"

#include <random>

#include "api/admin/body_node.h"
#include "api/images/lifecycle/lifecycle_jobs.h"
#include "schemas/base/text.h"
#include "tests/api/fixture.h"
#include "tests/api/images/lifecycle/naive_evaluator.h"

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
    std::map<std::string, std::int64_t> found;
    Json input = {{"repositoryName", "app"}, {"maxResults", 100}};
    for (;;) {
      const Json page = call("GetLifecyclePolicyPreview", input);
      for (const Json& one : page["previewResults"]) {
        found[one["imageDigest"].get<std::string>()] =
            one["appliedRulePriority"].get<std::int64_t>();
      }
      if (!page.contains("nextToken")) return found;
      input["nextToken"] = page["nextToken"];
    }
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

// Ten thousand manifests of one config and one layer, each an hour after the one before.
TEST_F(DryRunTest, OfTenThousandImagesEqualsEvaluatorAndPreview) {
  Json manifest = Json::parse(push_image("app", "first", "content"));
  for (int i = 1; i < 10'000; ++i) {
    api_clock.restore({.frozen_at = api_clock.now() + std::chrono::hours(1)});
    manifest["annotations"] = {{"number", std::to_string(i)}};
    Json input = {{"repositoryName", "app"},
                  {"imageManifest", manifest.dump()},
                  {"imageManifestMediaType", "application/vnd.oci.image.manifest.v1+json"}};
    if (i % 3 != 0) {
      input["imageTag"] = base::format("{}-{}", i % 2 == 0 ? "dev" : "prod", i);
    } else {
      input["imageDigest"] = model::Digest::of(manifest.dump()).text();
    }
    const HttpResponse response = send("PutImage", input.dump());
    ASSERT_EQ(response.status, 200) << body_of(response);
  }
  Json details = Json::array();
  for (Json input = {{"repositoryName", "app"}, {"maxResults", 1000}};;) {
    const Json page = call("DescribeImages", input);
    for (const Json& one : page["imageDetails"]) details.push_back(one);
    if (!page.contains("nextToken")) break;
    input["nextToken"] = page["nextToken"];
  }
  ASSERT_EQ(details.size(), 10'000u);
  Json dev = dry_rule(1, "sinceImagePushed", 200, "tagged");
  dev["selection"]["tagPatternList"] = {"dev-*"};
  Json prod = dry_rule(2, "imageCountMoreThan", 700, "tagged");
  prod["selection"]["tagPatternList"] = {"prod-*"};
  const Json policy_json = {
      {"rules", {dev, prod, dry_rule(3, "sinceImagePushed", 30, "untagged")}}};
  const Json given = dry_run({{"policy", policy_json}, {"images", details}});
  const auto wanted = preview(policy_json);
  EXPECT_GT(wanted.size(), 4000u);
  EXPECT_EQ(expiring(given), wanted);
  const base::OrderedJson holder = {{"images", base::OrderedJson::parse(details.dump())}};
  const auto images = admin::inventory::described_images({holder, ""}, "images", 10'000);
  const auto evaluation =
      lifecycle::evaluate(*lifecycle::parse_policy(policy_json.dump()), images, api_clock.now());
  std::map<std::string, std::int64_t> evaluated;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (evaluation.images[i].outcome != lifecycle::Outcome::kExpired) continue;
    evaluated[images[i].digest] = *evaluation.images[i].rule_priority;
  }
  EXPECT_EQ(evaluated, wanted);
}

// Texts of policies and outputs of describe-images, against the evaluator that is written a second
// time for the tests.
TEST(DryRunProperty, AgreesWithTheNaiveEvaluatorOnAThousandPolicies) {
  using admin::inventory::described_images;
  std::mt19937 generator(23);
  const auto pick = [&generator](std::size_t below) { return generator() % below; };
  const std::vector<std::string> patterns = {"*", "dev-*", "prod-*", "*-1*", "dev-1*", "*d*"};
  const std::vector<std::string> statuses = {"tagged", "tagged", "tagged", "untagged", "any"};
  const auto now = *base::parse_iso8601("2026-12-06T00:00:00Z");
  int policies = 0;
  int expired = 0;
  int kept = 0;
  while (policies < 1000) {
    Json rules = Json::array();
    for (std::size_t n = 1 + pick(4), i = 1; i <= n; ++i) {
      const bool counts = pick(2) == 0;
      Json selection = {{"tagStatus", statuses[pick(statuses.size())]},
                        {"countType", counts ? "imageCountMoreThan" : "sinceImagePushed"},
                        {"countNumber", 1 + pick(counts ? 5 : 40)}};
      if (!counts) selection["countUnit"] = "days";
      if (selection["tagStatus"] == "tagged") {
        selection["tagPatternList"] = Json::array({patterns[pick(patterns.size())]});
        if (pick(3) == 0) selection["tagPatternList"].push_back(patterns[pick(patterns.size())]);
      }
      rules.push_back({{"rulePriority", 50 - 7 * i},
                       {"selection", selection},
                       {"action", {{"type", "expire"}}}});
    }
    const std::string text = Json{{"rules", rules}}.dump();
    const auto parsed = lifecycle::parse_policy(text);
    if (!parsed) continue;  // two lists alike, or `any` before others
    ++policies;
    base::OrderedJson details = base::OrderedJson::array();
    for (std::size_t i = 0; i < 20; ++i) {
      base::OrderedJson one = {
          {"imageDigest", base::format("sha256:{:02}", (i * 37) % 100)},
          {"imagePushedAt", base::format_iso8601(now - std::chrono::hours(pick(50) * 24))}};
      base::OrderedJson tags = base::OrderedJson::array();
      for (std::size_t n = pick(3); n > 0; --n) {
        tags.push_back(base::format("{}-{}", pick(2) == 0 ? "dev" : "prod", 10 * i + n));
      }
      if (!tags.empty()) one["imageTags"] = tags;
      details.push_back(std::move(one));
    }
    const base::OrderedJson holder = {{"imageDetails", std::move(details)}};
    const auto images = described_images({holder, ""}, "imageDetails", 20);
    const auto run = admin::inventory::dry_run_json(*parsed, images, now);
    std::map<std::string, std::int64_t> actual;
    for (const auto& one : run["images"]) {
      if (one["action"] != "EXPIRE") continue;
      actual[one["digest"].get<std::string>()] = one["rule"].get<std::int64_t>();
    }
    std::map<std::string, std::int64_t> wanted;
    const auto naive = lifecycle::test::naive_evaluate(*parsed, images, now);
    for (std::size_t i = 0; i < images.size(); ++i) {
      kept += naive[i].outcome == lifecycle::Outcome::kKept ? 1 : 0;
      if (naive[i].outcome != lifecycle::Outcome::kExpired) continue;
      wanted[images[i].digest] = *naive[i].rule_priority;
    }
    ASSERT_EQ(actual, wanted) << text;
    expired += static_cast<int>(wanted.size());
  }
  EXPECT_GT(expired, 3000);
  EXPECT_GT(kept, 2000);
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
