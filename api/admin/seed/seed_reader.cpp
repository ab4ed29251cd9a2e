#include "api/admin/seed/seed_reader.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/seed/seed.h"

namespace ecr::api::admin {

void SeedNode::fail(std::string_view why) const {
  throw SeedError((place_.empty() ? "the document" : place_) + ": " + std::string(why));
}

void SeedNode::only(std::initializer_list<std::string_view> members) const {
  if (!value_.is_object()) fail("must be an object");
  for (const auto& [key, value] : value_.items()) {
    if (std::find(members.begin(), members.end(), key) == members.end()) {
      SeedNode(value, place_.empty() ? key : place_ + "." + key).fail("is not known here");
    }
  }
}

bool SeedNode::has(std::string_view name) const {
  return value_.is_object() && value_.contains(name) && !value_.at(name).is_null();
}

SeedNode SeedNode::member(std::string_view name) const {
  const std::string place = place_.empty() ? std::string(name) : place_ + "." + std::string(name);
  if (!has(name)) throw SeedError(place + ": is missing");
  return {value_.at(name), place};
}

std::string SeedNode::text(std::string_view name) const {
  const SeedNode found = member(name);
  if (!found.value_.is_string()) found.fail("must be a string");
  return found.value_.get<std::string>();
}

std::string SeedNode::text(std::string_view name, std::string fallback) const {
  return has(name) ? text(name) : std::move(fallback);
}

bool SeedNode::flag(std::string_view name, bool fallback) const {
  if (!has(name)) return fallback;
  const SeedNode found = member(name);
  if (!found.value_.is_boolean()) found.fail("must be true or false");
  return found.value_.get<bool>();
}

std::int64_t SeedNode::number(std::string_view name, std::int64_t fallback, std::int64_t min,
                              std::int64_t max) const {
  if (!has(name)) return fallback;
  const SeedNode found = member(name);
  if (!found.value_.is_number_integer() || found.value_.get<std::int64_t>() < min ||
      found.value_.get<std::int64_t>() > max) {
    found.fail("must be a number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return found.value_.get<std::int64_t>();
}

void SeedNode::each(std::string_view name,
                    const std::function<void(const SeedNode&)>& visit) const {
  if (!has(name)) return;
  const SeedNode list = member(name);
  if (!list.value_.is_array()) list.fail("must be a list");
  for (std::size_t i = 0; i < list.value_.size(); ++i) {
    visit(SeedNode(list.value_[i], list.place_ + "[" + std::to_string(i) + "]"));
  }
}

void SeedNode::each_pair(
    std::string_view name,
    const std::function<void(const std::string&, const SeedNode&)>& visit) const {
  if (!has(name)) return;
  const SeedNode object = member(name);
  if (!object.value_.is_object()) object.fail("must be an object");
  for (const auto& [key, value] : object.value_.items()) {
    visit(key, SeedNode(value, object.place_ + "." + key));
  }
}

}  // namespace ecr::api::admin
