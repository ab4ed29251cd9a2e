// Small functions for documents that have been checked or are being checked. Include only in .cpp
// files (it needs nlohmann/json.hpp before it).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/json.h"

namespace ecr::auth::iam {

// Null: there is no such member.
inline const base::OrderedJson* member(const base::OrderedJson& object, std::string_view name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

// Strings, numbers and booleans: the values that a condition may have, as text.
inline bool is_scalar(const base::OrderedJson& value) {
  return value.is_string() || value.is_number() || value.is_boolean();
}

inline std::string scalar_text(const base::OrderedJson& value) {
  return value.is_string() ? value.get_ref<const std::string&>() : base::dump(value);
}

// A single value is a list of one. REQUIRES: only scalars.
inline std::vector<std::string> texts(const base::OrderedJson& value) {
  std::vector<std::string> out;
  if (!value.is_array()) {
    out.push_back(scalar_text(value));
    return out;
  }
  for (const auto& item : value) out.push_back(scalar_text(item));
  return out;
}

// "Statement[1]" and "Action" → "Statement[1].Action"; "Statement" and 1 → "Statement[1]".
inline std::string child(const std::string& path, std::string_view name) {
  std::string out = path;
  out += '.';
  out += name;
  return out;
}

inline std::string item(const std::string& path, std::size_t index) {
  std::string out = path;
  out += '[';
  out += std::to_string(index);
  out += ']';
  return out;
}

}  // namespace ecr::auth::iam
