#include "api/core/wire/tag_list.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "schemas/base/encoding.h"

namespace ecr::api {
namespace {

// IAM User Guide, "Tags for IAM resources", and ECR User Guide, "Tagging a private repository":
// "aws:" is reserved for AWS use.
constexpr std::string_view kReserved = "aws:";

const storage::Tags::value_type* find_among(const storage::Tags& tags, std::size_t count,
                                            std::string_view key, TagKeyCase key_case) {
  const auto end = tags.begin() + static_cast<std::ptrdiff_t>(count);
  const auto found = std::find_if(tags.begin(), end, [&](const auto& tag) {
    return key_case == TagKeyCase::kIgnored ? base::equals_ignore_case(tag.first, key)
                                            : tag.first == key;
  });
  return found == end ? nullptr : &*found;
}

bool is_reserved(std::string_view key, TagKeyCase key_case) {
  const std::string_view start = key.substr(0, kReserved.size());
  return key_case == TagKeyCase::kIgnored ? base::equals_ignore_case(start, kReserved)
                                          : start == kReserved;
}

}  // namespace

storage::Tags read_tags(const nlohmann::json& list) {
  storage::Tags tags;
  for (const nlohmann::json& tag : list) {
    tags.emplace_back(tag.at("Key").get<std::string>(), tag.at("Value").get<std::string>());
  }
  return tags;
}

void check_tags(const storage::Tags& tags, const TagRules& rules) {
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const std::string& key = tags[i].first;
    if (find_among(tags, i, key, rules.key_case) != nullptr) throw rules.duplicate_key();
    if (is_reserved(key, rules.reserved_case)) throw rules.reserved_key();
  }
}

const storage::Tags::value_type* find_tag_key(const storage::Tags& tags, std::string_view key,
                                              TagKeyCase key_case) {
  return find_among(tags, tags.size(), key, key_case);
}

nlohmann::json tags_json(const storage::Tags& tags) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [key, value] : tags) list.push_back({{"Key", key}, {"Value", value}});
  return list;
}

}  // namespace ecr::api
