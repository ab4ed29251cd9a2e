#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iterator>

#include <nlohmann/json.hpp>

#include "api/images/lifecycle/policy.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::lifecycle {
namespace {

using base::OrderedJson;
using Names = std::initializer_list<std::string_view>;

// ECR service quotas, "Lifecycle policy rules".
constexpr std::size_t kMostRules = 50;
// The largest number of Java's int.
constexpr std::int64_t kLargest = 2147483647;

// ECR passes on the sentences of the Java library fge json-schema-validator. No answers of ECR
// itself were at hand: the texts are those that the library and another emulator's tests have
// (test: tests/api/images/lifecycle/policy_test.cpp).
//
// Thrown and caught in this file alone: the first fault ends the reading.
struct Fault {
  std::string text;
};

template <typename List>
std::string quoted(const List& names) {
  std::string text;
  for (const auto& name : names) text += base::format("{}\"{}\"", text.empty() ? "" : ",", name);
  return "[" + text + "]";
}

const char* type_of(const OrderedJson& json) {
  if (json.is_number_integer()) return "integer";
  if (json.is_number()) return "number";
  return json.type_name();
}

void require_type(const OrderedJson& json, bool right, std::string_view type) {
  if (right) return;
  // "instance type (string) does not match any allowed primitive type (allowed: ["integer"])".
  throw Fault{base::format(
      "instance type ({}) does not match any allowed primitive type (allowed: [\"{}\"])",
      type_of(json), type)};
}

// The library reports all missing members in one sentence, sorted, then all unknown ones in
// another.
void require_members(const OrderedJson& json, Names required, Names allowed) {
  require_type(json, json.is_object(), "object");
  std::vector<std::string> missing;
  for (const auto name : required) {
    if (!json.contains(name)) missing.emplace_back(name);
  }
  std::sort(missing.begin(), missing.end());
  if (!missing.empty()) {
    throw Fault{base::format("object has missing required properties ({})", quoted(missing))};
  }
  std::vector<std::string> unknown;
  for (const auto& [name, value] : json.items()) {
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) unknown.push_back(name);
  }
  std::sort(unknown.begin(), unknown.end());
  if (!unknown.empty()) {
    throw Fault{
        base::format("object instance has properties which are not allowed by the schema: ({})",
                     quoted(unknown))};
  }
}

std::string read_text(const OrderedJson& json) {
  require_type(json, json.is_string(), "string");
  return json.get<std::string>();
}

// The position in `values`. REQUIRES: `values` are sorted, as the library shows them.
std::size_t read_choice(const OrderedJson& json, Names values) {
  const std::string text = json.is_string() ? json.get<std::string>() : base::dump(json);
  const auto* const found = std::find(values.begin(), values.end(), text);
  if (json.is_string() && found != values.end()) {
    return static_cast<std::size_t>(std::distance(values.begin(), found));
  }
  throw Fault{base::format("instance value ({}) not found in enum (possible values: {})", text,
                           quoted(values))};
}

std::int64_t read_number(const OrderedJson& json) {
  require_type(json, json.is_number_integer(), "integer");
  const bool huge = json.is_number_unsigned() && json.get<std::uint64_t>() > kLargest;
  if (huge) {
    throw Fault{base::format(
        "numeric instance is greater than the required maximum (maximum: {}, found: {})", kLargest,
        json.get<std::uint64_t>())};
  }
  const auto number = json.get<std::int64_t>();
  if (number < 1) {
    throw Fault{base::format(
        "numeric instance is lower than the required minimum (minimum: 1, found: {})", number)};
  }
  return number;
}

// A list with `least` entries at least.
const OrderedJson& require_list(const OrderedJson& json, std::size_t least, std::size_t most) {
  require_type(json, json.is_array(), "array");
  if (json.size() < least) {
    throw Fault{base::format(
        "array is too short: must have at least {} elements but instance has {} elements", least,
        json.size())};
  }
  if (json.size() > most) {
    throw Fault{base::format(
        "array is too long: must have at most {} elements but instance has {} elements", most,
        json.size())};
  }
  return json;
}

std::vector<std::string> read_texts(const OrderedJson& selection, const char* name) {
  std::vector<std::string> texts;
  const auto found = selection.find(name);
  if (found == selection.end()) return texts;
  for (const auto& entry : require_list(*found, 1, SIZE_MAX)) {
    texts.push_back(read_text(entry));
    if (texts.back().empty()) {
      throw Fault{"string \"\" is too short (length: 0, required minimum: 1)"};
    }
  }
  return texts;
}

void read_count(const OrderedJson& selection, Rule& rule) {
  // The schema has one branch a count type, which also says whether there is a unit.
  constexpr std::string_view kTypes[] = {"imageCountMoreThan", "sinceImagePushed",
                                         "sinceImagePulled", "sinceImageTransitioned"};
  const Fault none{base::format("instance failed to match exactly one schema (matched 0 out of {})",
                                std::size(kTypes))};
  const std::string type = read_text(selection.at("countType"));
  const auto* const found = std::find(std::begin(kTypes), std::end(kTypes), type);
  if (found == std::end(kTypes)) throw none;
  rule.count_type = static_cast<CountType>(std::distance(std::begin(kTypes), found));
  rule.count = read_number(selection.at("countNumber"));
  const auto unit = selection.find("countUnit");
  if (unit != selection.end()) read_choice(*unit, {"days"});
  const bool counts_images = rule.count_type == CountType::kImageCountMoreThan;
  if (counts_images != (unit == selection.end())) throw none;
}

void read_selection(const OrderedJson& json, Rule& rule) {
  require_members(json, {"tagStatus", "countType", "countNumber"},
                  {"tagStatus", "tagPrefixList", "tagPatternList", "storageClass", "countType",
                   "countUnit", "countNumber"});
  constexpr TagStatus kStatuses[] = {TagStatus::kAny, TagStatus::kTagged, TagStatus::kUntagged};
  rule.tag_status = kStatuses[read_choice(json.at("tagStatus"), {"any", "tagged", "untagged"})];
  rule.prefixes = read_texts(json, "tagPrefixList");
  rule.patterns = read_texts(json, "tagPatternList");
  if (const auto found = json.find("storageClass"); found != json.end()) {
    rule.storage_class = read_choice(*found, {"archive", "standard"}) == 0
                             ? StorageClass::kArchive
                             : StorageClass::kStandard;
  }
  read_count(json, rule);
}

void read_action(const OrderedJson& json, Rule& rule) {
  require_members(json, {"type"}, {"type", "targetStorageClass"});
  const bool transition = read_choice(json.at("type"), {"expire", "transition"}) == 1;
  rule.action = transition ? ActionType::kTransition : ActionType::kExpire;
  // targetStorageClass is required for transition, and refused for expire.
  if (transition) {
    require_members(json, {"type", "targetStorageClass"}, {"type", "targetStorageClass"});
    read_choice(json.at("targetStorageClass"), {"archive"});
  } else {
    require_members(json, {"type"}, {"type"});
  }
}

Rule read_rule(const OrderedJson& json) {
  require_members(json, {"rulePriority", "selection", "action"},
                  {"rulePriority", "description", "selection", "action"});
  Rule rule;
  rule.priority = read_number(json.at("rulePriority"));
  if (const auto found = json.find("description"); found != json.end()) {
    rule.description = read_text(*found);
  }
  read_selection(json.at("selection"), rule);
  read_action(json.at("action"), rule);
  return rule;
}

}  // namespace

tl::expected<Policy, std::string> read_policy(std::string_view text) {
  const auto json = base::parse_ordered_json(text, {.max_depth = 16});
  if (!json) return tl::unexpected(std::string("Could not map policyString into LifecyclePolicy."));
  // A list is answered like an object without rules (recorded from ECR); that other values are,
  // too, is inferred.
  if (!json->is_object()) {
    return tl::unexpected(
        base::format("object has missing required properties ({})", quoted(Names{"rules"})));
  }
  Policy policy;
  // ECR returns the text without spaces and with the keys in the order they came (captured).
  policy.text = base::dump(*json);
  try {
    require_members(*json, {"rules"}, {"rules"});
    for (const auto& rule : require_list(json->at("rules"), 1, kMostRules)) {
      policy.rules.push_back(read_rule(rule));
    }
  } catch (const Fault& fault) {
    return tl::unexpected(fault.text);
  }
  return policy;
}

}  // namespace ecr::api::lifecycle
