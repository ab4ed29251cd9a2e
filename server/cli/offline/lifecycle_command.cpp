// `ecr-local lifecycle`: what a lifecycle policy does that its author did not mean, and which
// images go when, by the output of `aws ecr describe-images`. No server runs.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/body_node.h"
#include "api/admin/inventory/lifecycle_dry_run.h"
#include "api/images/lifecycle/lint.h"
#include "schemas/base/clock.h"
#include "schemas/base/text.h"
#include "server/cli/commands.h"
#include "server/cli/offline/document_file.h"
#include "server/cli/progress.h"
#include "server/runtime/system.h"

namespace ecr::server {
namespace {

using base::OrderedJson;
using base::text_member;
using Problems = std::vector<auth::iam::PolicyProblem>;

// AWS keeps up to 100,000 images in a repository.
constexpr std::size_t kMostDescribedImages = 100'000;
constexpr std::size_t kMostLines = 50;

// A policy as get-lifecycle-policy prints it has the text of the policy in a member.
std::string policy_text(const std::string& file) {
  const std::string text = file == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {})
                                       : read_text_file(file, file);
  const auto json = base::parse_ordered_json(text);
  if (!json || !json->is_object() || !json->contains("lifecyclePolicyText")) return text;
  return text_member(*json, "lifecyclePolicyText");
}

// The output of describe-images, or the list in it.
std::vector<api::lifecycle::Image> read_described(const std::string& file) {
  OrderedJson json = read_document_file(file);
  if (json.is_array()) json = {{"imageDetails", std::move(json)}};
  try {
    const api::admin::BodyNode node(json, "");
    if (!node.has("imageDetails")) {
      throw std::runtime_error("has no imageDetails, as `aws ecr describe-images` prints them");
    }
    return api::admin::inventory::described_images(node, "imageDetails", kMostDescribedImages);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(base::format("{}: {}", file, error.what()));
  }
}

bool has_errors(const Problems& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const auto& problem) { return !problem.warning; });
}

void print_problems(const std::string& file, const Problems& problems) {
  const Paint paint;
  for (const auto& problem : problems) {
    base::print("{}:{}: {}: {}{}\n", file, std::max<std::size_t>(problem.line, 1),
                problem.warning ? paint.doubtful("warning") : paint.bad("error"),
                problem.path.empty() ? "" : problem.path + ": ", problem.message);
  }
}

OrderedJson problems_json(const Problems& problems) {
  OrderedJson list = OrderedJson::array();
  for (const auto& problem : problems) {
    list.push_back({{"severity", problem.warning ? "warning" : "error"},
                    {"line", std::max<std::size_t>(problem.line, 1)},
                    {"path", problem.path},
                    {"message", problem.message}});
  }
  return list;
}

// "sha256:1f… (v1, stable)  rule 2"
std::string image_line(const OrderedJson& image) {
  std::vector<std::string> tags;
  for (const auto& tag : image.at("tags")) tags.push_back(tag.get<std::string>());
  const auto rule = image.at("rule");
  return base::format("{}{}  {}{}", text_member(image, "digest"),
                      tags.empty() ? "" : " (" + base::join(tags, ", ") + ")",
                      image.at("followsSubject").get<bool>() ? "with its subject, " : "",
                      rule.is_null() ? "no rule" : "rule " + base::dump(rule));
}

void print_lines(const std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < lines.size() && i < kMostLines; ++i) base::print("{}\n", lines[i]);
  if (lines.size() > kMostLines) {
    base::print("  … and {} more: --json has them all\n", lines.size() - kMostLines);
  }
}

// Those that go at that time, then those that go later, by the time.
void print_dry_run(const OrderedJson& run, std::size_t images) {
  std::vector<std::string> now;
  std::vector<std::pair<std::string, std::string>> later;
  for (const OrderedJson& image : run.at("images")) {
    const std::string action = text_member(image, "action");
    if (action == "EXPIRE") now.push_back("  expires   " + image_line(image));
    if (action == "TRANSITION") now.push_back("  archives  " + image_line(image));
    if (action != "NONE") continue;
    const std::string at = text_member(image, "at");
    if (image.at("referenced").get<bool>()) {
      now.push_back("  stays     " + image_line(image) + ", as an index names it");
    } else if (!at.empty()) {
      later.emplace_back(at, base::format("  after {}  {}", at, image_line(image)));
    }
  }
  std::sort(later.begin(), later.end());
  const auto expiring = run.at("expiring").get<std::uint64_t>();
  const auto archiving = run.at("transitioning").get<std::uint64_t>();
  base::print("at {}: of {}, {} would expire, {} would be archived\n", text_member(run, "now"),
              base::counted(images, "image"), expiring, archiving);
  print_lines(now);
  std::vector<std::string> lines;
  for (auto& [at, line] : later) lines.push_back(std::move(line));
  if (!lines.empty()) base::print("later, if nothing else happens:\n");
  print_lines(lines);
}

}  // namespace

int run_lifecycle_command(const LifecycleConfig& config) {
  const std::string text = policy_text(config.policy);
  Problems problems = api::lifecycle::lint(text);
  const bool valid = !has_errors(problems);
  OrderedJson out = {{"file", config.policy}, {"valid", valid}};
  OrderedJson run;
  std::size_t count = 0;
  if (valid && !config.images.empty()) {
    const auto now = config.at.empty() ? SystemClock().now() : *base::parse_iso8601(config.at);
    const auto policy = *api::lifecycle::parse_policy(text);
    const auto images = read_described(config.images);
    count = images.size();
    const auto more = api::lifecycle::lint_with_images(policy, images, now);
    problems.insert(problems.end(), more.begin(), more.end());
    run = api::admin::inventory::dry_run_json(policy, images, now);
  }
  if (config.json) {
    out["problems"] = problems_json(problems);
    if (!run.is_null()) out["dryRun"] = std::move(run);
    base::print("{}\n", base::dump(out));
    return valid ? kExitSuccess : kExitNo;
  }
  print_problems(config.policy, problems);
  if (!run.is_null()) print_dry_run(run, count);
  if (valid && run.is_null()) {
    base::print("{}: {} lifecycle policy\n", config.policy, Paint().good("a valid"));
  }
  return valid ? kExitSuccess : kExitNo;
}

}  // namespace ecr::server
