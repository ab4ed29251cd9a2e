#include "api/images/lifecycle/lint.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::lifecycle {
namespace {

using base::Json;

Json lint_rule(int priority, const Json& selection) {
  Json one = {
      {"rulePriority", priority}, {"selection", selection}, {"action", {{"type", "expire"}}}};
  Json& given = one["selection"];
  if (!given.contains("countType")) given["countType"] = "imageCountMoreThan";
  if (!given.contains("countNumber")) given["countNumber"] = 3;
  if (given["countType"] != "imageCountMoreThan") given["countUnit"] = "days";
  return one;
}

std::string policy_of(const std::vector<Json>& rules) { return Json{{"rules", rules}}.dump(1); }

// "rule 2: the rule never acts: …" of each problem.
std::vector<std::string> lines_of(const std::vector<auth::iam::PolicyProblem>& problems) {
  std::vector<std::string> lines;
  for (const auto& each : problems) {
    lines.push_back(each.path + (each.warning ? ": " : ": error: ") + each.message);
  }
  return lines;
}

std::vector<std::string> lint_of(const std::vector<Json>& rules) {
  return lines_of(lint(policy_of(rules)));
}

bool has_line(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

const Json kTaggedProd = {{"tagStatus", "tagged"}, {"tagPatternList", {"prod-*"}}};

TEST(LifecycleLint, SaysNothingOfAGoodPolicy) {
  EXPECT_TRUE(lint_of({lint_rule(1, kTaggedProd), lint_rule(2, {{"tagStatus", "untagged"}}),
                       lint_rule(3, {{"tagStatus", "any"}})})
                  .empty());
}

TEST(LifecycleLint, WhatEcrRefusesIsAnError) {
  const auto problems = lint("{}");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_FALSE(problems[0].warning);
}

TEST(LifecycleLint, AListOfTagsMeansAnd) {
  const auto lines =
      lint_of({lint_rule(1, {{"tagStatus", "tagged"}, {"tagPatternList", {"dev-*", "qa-*"}}})});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].substr(0, 53), "rule 1: tagPatternList [dev-*, qa-*] means and: only ");
  EXPECT_TRUE(
      has_line(lint_of({lint_rule(1, {{"tagStatus", "tagged"}, {"tagPrefixList", {"a", "b"}}})}),
               "tagPrefixList [a, b] means and"));
}

TEST(LifecycleLint, ARuleBehindAWiderOneNeverActs) {
  const auto shadowed = [](const Json& first, const Json& second) {
    return has_line(lint_of({lint_rule(1, first), lint_rule(2, second)}),
                    "rule 2: the rule never acts: rule 1 selects each of its images before");
  };
  const auto patterns = [](const std::vector<std::string>& list) {
    return Json{{"tagStatus", "tagged"}, {"tagPatternList", list}};
  };
  EXPECT_TRUE(shadowed(patterns({"prod-*"}), patterns({"prod-eu-*"})));
  EXPECT_TRUE(shadowed({{"tagStatus", "tagged"}, {"tagPrefixList", {"p"}}}, patterns({"prod-*"})));
  EXPECT_TRUE(shadowed(patterns({"*"}), patterns({"prod-*"})));
  EXPECT_TRUE(shadowed(patterns({"a*"}), patterns({"b*", "abc"})));
  EXPECT_FALSE(shadowed(patterns({"prod-eu-*"}), patterns({"prod-*"})));
  EXPECT_FALSE(shadowed(patterns({"*b"}), patterns({"a*"})));
  EXPECT_FALSE(shadowed(patterns({"b*", "abc"}), patterns({"a*"})));
  EXPECT_FALSE(shadowed({{"tagStatus", "untagged"}}, patterns({"a*"})));
}

TEST(LifecycleLint, RulesTogetherLeaveNothing) {
  EXPECT_TRUE(has_line(
      lint_of({lint_rule(1, {{"tagStatus", "tagged"}, {"tagPatternList", {"*"}}}),
               lint_rule(2, {{"tagStatus", "untagged"}}), lint_rule(3, {{"tagStatus", "any"}})}),
      "rule 3: the rule never acts: the rules before it select every image"));
}

TEST(LifecycleLint, OneTagIsOnOneImage) {
  EXPECT_TRUE(
      has_line(lint_of({lint_rule(1, {{"tagStatus", "tagged"}, {"tagPatternList", {"latest"}}})}),
               "rule 1: the rule never acts: a tag is on one image at most"));
}

TEST(LifecycleLint, AProblemHasTheLineOfItsRule) {
  const auto problems = lint(
      policy_of({lint_rule(10, kTaggedProd),
                 lint_rule(20, {{"tagStatus", "tagged"}, {"tagPatternList", {"prod-eu-*"}}})}));
  ASSERT_EQ(problems.size(), 1u);
  const std::string text =
      policy_of({lint_rule(10, kTaggedProd),
                 lint_rule(20, {{"tagStatus", "tagged"}, {"tagPatternList", {"prod-eu-*"}}})});
  std::size_t line = 1;
  for (std::size_t at = 0; at < text.find("\"rulePriority\": 20"); ++at) line += text[at] == '\n';
  EXPECT_EQ(problems[0].line, line);
  EXPECT_EQ(problems[0].path, "rule 20");
}

Image lint_image(std::string digest, std::vector<std::string> tags, int days_old) {
  Image image;
  image.digest = std::move(digest);
  image.tags = std::move(tags);
  image.pushed_at = base::TimePoint(std::chrono::days(20'000 - days_old));
  return image;
}

TEST(LifecycleLint, ATagThatKeepsAnImageAliveIsNamed) {
  const auto policy = *parse_policy(policy_of(
      {lint_rule(1, kTaggedProd),
       lint_rule(2, {{"tagStatus", "any"}, {"countType", "sinceImagePushed"}, {"countNumber", 30}}),
       lint_rule(3, {{"tagStatus", "untagged"},
                     {"storageClass", "archive"},
                     {"countType", "sinceImageTransitioned"},
                     {"countNumber", 90}})}));
  const std::vector<Image> images = {
      lint_image("sha256:a", {"prod-1", "dev-1"}, 90), lint_image("sha256:b", {"prod-2"}, 80),
      lint_image("sha256:c", {"prod-3"}, 1), lint_image("sha256:d", {"dev-2"}, 70)};
  const auto lines =
      lines_of(lint_with_images(policy, images, base::TimePoint(std::chrono::days(20'000))));
  EXPECT_EQ(lines,
            (std::vector<std::string>{
                "rule 2: 2 images stay, because rule 1 is applied first and keeps them: sha256:b "
                "(prod-2) and 1 more",
                "rule 3: the rule selects none of the images"}))
      << base::join(lines, "\n");
}

// What the lint says never to act marks no image, whatever the images are.
TEST(LifecycleLintProperty, ARuleThatNeverActsMarksNothing) {
  std::mt19937 generator(11);
  const std::vector<std::string> entries = {"*", "a*", "ab*", "*b", "ab", "b*", "a*b"};
  const std::vector<std::string> tags = {"a", "ab", "abb", "b", "ba", "aab"};
  const auto pick = [&](const auto& list) { return list[generator() % list.size()]; };
  std::size_t silent = 0;
  for (int round = 0; round < 1000; ++round) {
    std::vector<Json> rules;
    for (int i = 1; i <= 4; ++i) {
      std::vector<std::string> list = {pick(entries)};
      if (generator() % 3 == 0) list.push_back(pick(entries));
      rules.push_back(
          lint_rule(i, {{"tagStatus", "tagged"}, {"tagPatternList", list}, {"countNumber", 1}}));
    }
    const std::string text = policy_of(rules);
    const auto policy = parse_policy(text);
    if (!policy) continue;  // the same list twice
    std::vector<Image> images;
    std::vector<std::string> left = tags;  // a tag is on one image at most
    for (int i = 0; i < 12; ++i) {
      Image image = lint_image("sha256:" + std::to_string(i), {}, i);
      for (auto n = generator() % 3; n > 0 && !left.empty(); --n) {
        const std::size_t at = generator() % left.size();
        image.tags.push_back(left[at]);
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
      }
      images.push_back(std::move(image));
    }
    const auto evaluation = evaluate(*policy, images, base::TimePoint(std::chrono::days(20'000)));
    for (const auto& problem : lint(text)) {
      if (problem.message.find("never acts") == std::string::npos) continue;
      ++silent;
      for (const auto& report : evaluation.rules) {
        if (problem.path != "rule " + std::to_string(report.priority)) continue;
        for (const auto& selected : report.selected) {
          EXPECT_NE(selected.finding, Finding::kMarked) << text << problem.message;
        }
      }
    }
  }
  EXPECT_GT(silent, 500u);
}

}  // namespace
}  // namespace ecr::api::lifecycle
