// A lifecycle policy: its grammar, its checks in ECR's words, its rules as values. Pure.
// Source: ECR User Guide, "Lifecycle policy properties in Amazon ECR".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "storage/rows/states.h"

namespace ecr::api::lifecycle {

using storage::StorageClass;
enum class TagStatus { kTagged, kUntagged, kAny };
enum class CountType {
  kImageCountMoreThan,
  kSinceImagePushed,
  kSinceImagePulled,
  kSinceImageTransitioned
};
using ActionType = storage::RuleAction;

struct Rule {
  std::int64_t priority = 1;  // the lowest is applied first
  std::string description;    // empty: none
  TagStatus tag_status = TagStatus::kAny;
  // For kTagged exactly one of the two has entries. Each entry must match some tag of the image.
  std::vector<std::string> prefixes;
  std::vector<std::string> patterns;  // '*' stands for any run of characters
  StorageClass storage_class = StorageClass::kStandard;
  CountType count_type = CountType::kImageCountMoreThan;
  std::int64_t count = 1;  // images, or days
  ActionType action = ActionType::kExpire;
};

struct Policy {
  std::vector<Rule> rules;  // by priority
  std::string text;         // compacted, keys in the order they came: as ECR returns it
};

// The shape of the text alone: the rules as they came, each well-formed by itself. Errors are the
// sentences of the JSON schema validator (fge) that ECR passes on. A step of parse_policy().
tl::expected<Policy, std::string> read_policy(std::string_view text);

// Or what is wrong, as ECR says it after "Lifecycle policy validation failure: ".
tl::expected<Policy, std::string> parse_policy(std::string_view text);

// Whether an image with these tags is one that the rule is about (its storage class apart).
bool selects_tags(const Rule& rule, const std::vector<std::string>& tags);

}  // namespace ecr::api::lifecycle
