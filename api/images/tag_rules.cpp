#include "api/images/tag_rules.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"

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

bool is_valid(const std::string& key, const std::string& value) {
  return !key.empty() && code_points(key) <= kMaxKey && code_points(value) <= kMaxValue &&
         !key.starts_with("aws:");
}

}  // namespace

storage::Tags parse_tags(const nlohmann::json& list) {
  storage::Tags tags;
  for (const nlohmann::json& tag : list) {
    tags.emplace_back(tag.at("Key").get<std::string>(), tag.at("Value").get<std::string>());
    if (!is_valid(tags.back().first, tags.back().second)) {
      throw ApiError(ErrorCode::kInvalidTagParameter, "Tag parameters are invalid");
    }
  }
  std::sort(tags.begin(), tags.end());
  const auto twice = std::adjacent_find(
      tags.begin(), tags.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != tags.end()) {
    throw ApiError(ErrorCode::kInvalidTagParameter, "Tag parameters are invalid");
  }
  return tags;
}

void check_tag_count(std::size_t count) {
  if (count > kMaxResourceTags) {
    throw ApiError(ErrorCode::kTooManyTags, "The maximum number of tags for a resource is " +
                                                std::to_string(kMaxResourceTags));
  }
}

nlohmann::json tags_to_json(const storage::Tags& tags) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [key, value] : tags) list.push_back({{"Key", key}, {"Value", value}});
  return list;
}

}  // namespace ecr::api::ecr
