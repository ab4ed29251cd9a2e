#include "api/admin/inventory/lifecycle_dry_run.h"

#include <map>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/body_node.h"
#include "api/admin/what_if/targets.h"
#include "api/images/lifecycle/evaluate.h"
#include "api/images/lifecycle/lifecycle_jobs.h"
#include "schemas/base/text.h"
#include "storage/rows/lifecycle.h"
#include "storage/rows/repository_listing.h"

namespace ecr::api::admin::inventory {
namespace {

using base::OrderedJson;
using lifecycle::Finding;
using lifecycle::Outcome;

constexpr std::size_t kMostPolicyBytes = 1u << 20;
constexpr std::size_t kMostTagsOfImage = 1000;

// A number of seconds, as SDKs have it, or ISO 8601, as the AWS CLI prints it.
std::optional<base::TimePoint> time_of(const BodyNode& node, const char* name) {
  if (!node.has(name)) return std::nullopt;
  const BodyNode value = node.member(name);
  if (value.json().is_number()) {
    constexpr double kMost = 1e11;  // seconds: the year 5138
    const double seconds = value.json().get<double>();
    if (!(seconds >= 0 && seconds < kMost)) value.fail("is not a time");
    return base::TimePoint(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)));
  }
  const auto time = value.json().is_string() ? base::parse_iso8601(value.json().get<std::string>())
                                             : std::nullopt;
  if (!time) value.fail("must be an ISO 8601 time, as 2026-01-31T12:00:00Z, or seconds");
  return time;
}

// Members that the evaluation does not need may be there: it is the output of another program.
lifecycle::Image image_of(const BodyNode& node) {
  if (!node.json().is_object()) node.fail("must be an object");
  lifecycle::Image image;
  image.digest = node.text("imageDigest");
  node.each("imageTags", kMostTagsOfImage, [&](const BodyNode& tag) {
    if (!tag.json().is_string()) tag.fail("must be a string");
    image.tags.push_back(tag.json().get<std::string>());
  });
  const auto pushed = time_of(node, "imagePushedAt");
  if (!pushed) throw ParameterError(node.path_of("imagePushedAt"), "is missing");
  image.pushed_at = *pushed;
  image.last_pulled_at = time_of(node, "lastRecordedPullTime");
  image.last_archived_at = time_of(node, "lastArchivedAt");
  image.last_activated_at = time_of(node, "lastActivatedAt");
  image.subject = node.optional_text("subjectManifestDigest").value_or("");
  if (node.optional_text("imageStatus").value_or("ACTIVE") != "ACTIVE") {
    image.storage_class = lifecycle::StorageClass::kArchive;
  }
  return image;
}

std::vector<lifecycle::Image> stored_images(const Services& services, const BodyNode& body) {
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  const auto repository = what_if::find_repository(txn, body.text("arn"));
  if (!repository) throw ParameterError("arn", "there is no repository with this ARN");
  const auto contents = storage::contents_of(txn, repository->id);
  if (contents.images > static_cast<std::int64_t>(kMostDryRunImages)) {
    throw ParameterError("arn",
                         base::format("the repository has more than {} images", kMostDryRunImages));
  }
  std::vector<lifecycle::Image> images;
  for (const auto& row : storage::lifecycle_images(txn, repository->id)) {
    images.push_back(lifecycle_image(row));
  }
  return images;
}

const char* action_name(Outcome outcome) {
  if (outcome == Outcome::kExpired) return "EXPIRE";
  return outcome == Outcome::kArchived ? "TRANSITION" : "NONE";
}

const char* finding_name(Finding finding) {
  switch (finding) {
    case Finding::kWithinCount:
      return "withinCount";
    case Finding::kTooYoung:
      return "tooYoung";
    case Finding::kOutOfReach:
      return "outOfReach";
    case Finding::kMarked:
      break;
  }
  return "marked";
}

const lifecycle::Rule* rule_of(const lifecycle::Policy& policy,
                               const std::optional<std::int64_t>& priority) {
  for (const auto& rule : policy.rules) {
    if (priority && rule.priority == *priority) return &rule;
  }
  return nullptr;
}

OrderedJson rules_json(const lifecycle::Policy& policy, const lifecycle::Evaluation& evaluation) {
  OrderedJson rules = OrderedJson::array();
  for (const auto& report : evaluation.rules) {
    const auto* const rule = rule_of(policy, report.priority);
    OrderedJson findings = {{"marked", 0}, {"withinCount", 0}, {"tooYoung", 0}, {"outOfReach", 0}};
    for (const auto& selected : report.selected) {
      OrderedJson& count = findings[finding_name(selected.finding)];
      count = count.get<std::int64_t>() + 1;
    }
    rules.push_back({{"priority", report.priority},
                     {"description", rule != nullptr ? rule->description : ""},
                     {"count", report.selected.size()},
                     {"findings", std::move(findings)}});
  }
  return rules;
}

// Images about which there is nothing to say are left out: those that stay, whatever time passes.
bool is_worth_showing(const lifecycle::Verdict& verdict, const OrderedJson& json) {
  return verdict.outcome != Outcome::kNotSelected &&
         (verdict.outcome != Outcome::kKept || !json.at("at").is_null());
}

// That of the body, else that of the repository; empty: it has none.
std::string policy_text_of(const Services& services, const BodyNode& body) {
  if (body.has("policy")) return body.document("policy", kMostPolicyBytes);
  if (!body.has("arn")) throw ParameterError("policy", "is missing");
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  const auto repository = what_if::find_repository(txn, body.text("arn"));
  if (!repository) throw ParameterError("arn", "there is no repository with this ARN");
  const auto policy = storage::find_lifecycle_policy(txn, repository->id);
  return policy ? policy->text : "";
}

}  // namespace

std::vector<lifecycle::Image> described_images(const BodyNode& node, std::string_view member,
                                               std::size_t most) {
  std::vector<lifecycle::Image> images;
  std::set<std::string> digests;
  node.each(member, most, [&](const BodyNode& one) {
    images.push_back(image_of(one));
    if (!digests.insert(images.back().digest).second) {
      throw ParameterError(one.path_of("imageDigest"), "is there twice");
    }
  });
  return images;
}

OrderedJson dry_run_json(const lifecycle::Policy& policy,
                         const std::vector<lifecycle::Image>& images, base::TimePoint now) {
  const auto evaluation = lifecycle::evaluate(policy, images, now);
  OrderedJson list = OrderedJson::array();
  std::int64_t expiring = 0;
  std::int64_t transitioning = 0;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto& verdict = evaluation.images[i];
    // As the preview counts: artifacts that only follow their subject are not in it.
    if (!verdict.follows_subject) {
      expiring += verdict.outcome == Outcome::kExpired ? 1 : 0;
      transitioning += verdict.outcome == Outcome::kArchived ? 1 : 0;
    }
    OrderedJson json = {{"digest", images[i].digest},
                        {"tags", images[i].tags},
                        {"pushedAt", base::format_iso8601(images[i].pushed_at)}};
    json.update(lifecycle_verdict_json(policy, images[i], verdict));
    if (is_worth_showing(verdict, json)) list.push_back(std::move(json));
  }
  auto text = base::parse_ordered_json(policy.text);
  return {{"now", base::format_iso8601(now)},
          {"policy", text ? std::move(*text) : OrderedJson()},
          {"images", std::move(list)},
          {"rules", rules_json(policy, evaluation)},
          {"expiring", expiring},
          {"transitioning", transitioning}};
}

OrderedJson lifecycle_verdict_json(const lifecycle::Policy& policy, const lifecycle::Image& image,
                                   const lifecycle::Verdict& verdict) {
  const lifecycle::Rule* const rule = rule_of(policy, verdict.rule_priority);
  const auto due = rule != nullptr ? lifecycle::due_at(*rule, image) : std::nullopt;
  return {{"rule", verdict.rule_priority ? OrderedJson(*verdict.rule_priority) : OrderedJson()},
          {"action", action_name(verdict.outcome)},
          {"referenced", verdict.outcome == Outcome::kReferenced},
          {"followsSubject", verdict.follows_subject},
          {"at", due ? OrderedJson(base::format_iso8601(*due)) : OrderedJson()}};
}

HttpResponse answer_lifecycle_dry_run(const Services& services, const HttpRequest& request) {
  const OrderedJson document = read_body(request.body);
  const BodyNode body(document, "");
  body.check_members({"policy", "images", "arn", "now"});
  const std::string text = policy_text_of(services, body);
  if (body.has("images") == body.has("arn")) {
    throw ParameterError("images", "one of images and arn has to be given");
  }
  const auto now = time_of(body, "now").value_or(services.clock.now());
  if (text.empty()) {
    return json_response(200, OrderedJson{{"now", base::format_iso8601(now)},
                                          {"policy", nullptr},
                                          {"images", OrderedJson::array()},
                                          {"rules", OrderedJson::array()},
                                          {"expiring", 0},
                                          {"transitioning", 0}});
  }
  const auto policy = lifecycle::parse_policy(text);
  if (!policy) throw ParameterError("policy", policy.error());
  const auto images = body.has("arn") ? stored_images(services, body)
                                      : described_images(body, "images", kMostDryRunImages);
  return json_response(200, dry_run_json(*policy, images, now));
}

}  // namespace ecr::api::admin::inventory
