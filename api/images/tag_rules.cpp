#include "api/images/tag_rules.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"

namespace ecr::api::ecr {
namespace {

constexpr std::size_t kMaxResourceTags = 50;
constexpr std::size_t kMaxKey = 128;
constexpr std::size_t kMaxValue = 256;

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool has_valid_size(const std::string& key, const std::string& value) {
  return !key.empty() && code_points(key) <= kMaxKey && code_points(value) <= kMaxValue;
}

// One sentence for every rule (captured for an empty key; for the others it is inferred).
ApiError invalid_tags() { return {ErrorCode::kInvalidTagParameter, "Tag parameters are invalid"}; }

constexpr TagRules kResourceTagRules{TagKeyCase::kSensitive, invalid_tags, invalid_tags};

}  // namespace

storage::Tags parse_tags(const nlohmann::json& list) {
  storage::Tags tags = read_tags(list);
  for (const auto& [key, value] : tags) {
    if (!has_valid_size(key, value)) throw invalid_tags();
  }
  check_tags(tags, kResourceTagRules);
  std::sort(tags.begin(), tags.end());
  return tags;
}

void check_tag_count(std::size_t count) {
  if (count > kMaxResourceTags) {
    throw ApiError(ErrorCode::kTooManyTags, "The maximum number of tags for a resource is " +
                                                std::to_string(kMaxResourceTags));
  }
}

}  // namespace ecr::api::ecr
