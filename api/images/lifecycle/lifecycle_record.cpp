#include "api/images/lifecycle/lifecycle_record.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "schemas/model/digest.h"

namespace ecr::api {
namespace {

using base::OrderedJson;

constexpr std::size_t kMaxRecordedTags = 100;

std::int64_t milliseconds(base::TimePoint time) { return time.time_since_epoch().count(); }

const char* name_of(lifecycle::TagStatus status) {
  switch (status) {
    case lifecycle::TagStatus::kTagged:
      return "Tagged";
    case lifecycle::TagStatus::kUntagged:
      return "Untagged";
    case lifecycle::TagStatus::kAny:
      break;
  }
  return "Any";
}

// AWS's published sample has "Image count more than"; the others are in its manner.
const char* name_of(lifecycle::CountType type) {
  switch (type) {
    case lifecycle::CountType::kSinceImagePushed:
      return "Since image pushed";
    case lifecycle::CountType::kSinceImagePulled:
      return "Since image pulled";
    case lifecycle::CountType::kSinceImageTransitioned:
      return "Since image transitioned";
    case lifecycle::CountType::kImageCountMoreThan:
      break;
  }
  return "Image count more than";
}

OrderedJson rule_json(const lifecycle::Rule& rule) {
  OrderedJson selection;
  selection["tagStatus"] = name_of(rule.tag_status);
  selection["tagPrefixList"] = rule.prefixes;
  if (!rule.patterns.empty()) selection["tagPatternList"] = rule.patterns;
  selection["countType"] = name_of(rule.count_type);
  selection["countNumber"] = rule.count;
  OrderedJson json;
  json["rulePriority"] = rule.priority;
  if (!rule.description.empty()) json["description"] = rule.description;
  json["lifecycleEventSelection"] = std::move(selection);
  json["action"] = rule.action == lifecycle::ActionType::kExpire ? "expire" : "transition";
  return json;
}

// AWS's ids of policies are its own; this one is the same for as long as the text is.
std::string policy_id(const storage::Repository& repository, const lifecycle::Policy& policy) {
  const std::string hash =
      model::Digest::of(model::repository_arn(repository.registry, repository.name) + "\n" +
                        policy.text)
          .text()
          .substr(7, 32);
  return base::format("{}-{}-{}-{}-{}", hash.substr(0, 8), hash.substr(8, 4), hash.substr(12, 4),
                      hash.substr(16, 4), hash.substr(20, 12));
}

// lastEvaluatedAt is 0 until the first evaluation, and in milliseconds here, other than in the API.
OrderedJson policy_json(const storage::Repository& repository, const lifecycle::Policy& policy,
                        std::optional<base::TimePoint> last_evaluated_at) {
  OrderedJson rules = OrderedJson::array();
  for (const lifecycle::Rule& rule : policy.rules) rules.push_back(rule_json(rule));
  OrderedJson json;
  json["lifecycleEventRules"] = std::move(rules);
  json["lastEvaluatedAt"] = last_evaluated_at ? milliseconds(*last_evaluated_at) : 0;
  json["policyVersion"] = 1;
  json["policyId"] = policy_id(repository, policy);
  return json;
}

OrderedJson action_json(const LifecycleAction& action) {
  const auto end = action.tags.begin() +
                   static_cast<std::ptrdiff_t>(std::min(action.tags.size(), kMaxRecordedTags));
  OrderedJson image;
  image["digest"] = action.digest.text();
  image["tagStatus"] = action.tags.empty() ? "Untagged" : "Tagged";
  image["tagList"] = std::vector<std::string>(action.tags.begin(), end);
  image["pushedAt"] = milliseconds(action.pushed_at);
  OrderedJson json;
  json["lifecycleEventImage"] = std::move(image);
  json["rulePriority"] = action.rule_priority;
  return json;
}

}  // namespace

// Members and their order are those of AWS's sample; lifecycleEventFailureDetails is there only
// where something failed.
std::string lifecycle_record(const storage::Repository& repository, const lifecycle::Policy& policy,
                             std::optional<base::TimePoint> last_evaluated_at,
                             const std::vector<LifecycleAction>& actions) {
  OrderedJson done = OrderedJson::array();
  OrderedJson failed = OrderedJson::array();
  for (const LifecycleAction& action : actions) {
    OrderedJson json = action_json(action);
    if (!action.referenced) {
      done.push_back(std::move(json));
      continue;
    }
    // The shape of a failure is inferred; its code is ECR's.
    OrderedJson failure;
    failure["failureCode"] = "ImageReferencedByManifestList";
    failure["failureReason"] = "Requested image referenced by manifest list";
    json["lifecycleEventImageFailure"] = OrderedJson::array({std::move(failure)});
    failed.push_back(std::move(json));
  }
  OrderedJson details;
  details["repositoryName"] = repository.name.text();
  details["lifecycleEventPolicy"] = policy_json(repository, policy, last_evaluated_at);
  details["lifecycleEventImageActions"] = std::move(done);
  if (!failed.empty()) details["lifecycleEventFailureDetails"] = std::move(failed);
  return base::dump(details);
}

}  // namespace ecr::api
