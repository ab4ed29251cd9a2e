#include "api/core/template_parameters.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "schemas/model/arn.h"

namespace ecr::api {
namespace {

using base::OrderedJson;

constexpr std::string_view kOpening = "@{";

// The first placeholder at or after `from`. `end` is behind its brace; npos: it has none.
struct FoundPlaceholder {
  std::size_t begin = std::string_view::npos;  // npos: there is none
  std::size_t end = std::string_view::npos;
  std::string_view name;
};

FoundPlaceholder next_placeholder(std::string_view text, std::size_t from) {
  FoundPlaceholder found;
  found.begin = text.find(kOpening, from);
  if (found.begin == std::string_view::npos) return found;
  const std::size_t name = found.begin + kOpening.size();
  const std::size_t brace = text.find('}', name);
  if (brace == std::string_view::npos) return found;
  found.name = text.substr(name, brace - name);
  found.end = brace + 1;
  return found;
}

// A decimal number, as policies write them: "-1", "2.5".
bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto digits = [](std::string_view part) {
    return !part.empty() &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return digits(text);
  return digits(text.substr(0, point)) && digits(text.substr(point + 1));
}

}  // namespace

bool is_list_type(std::string_view type) { return type.ends_with("List"); }

bool fits_parameter_type(std::string_view type, std::string_view value) {
  if (type.starts_with("Number")) return is_number(value);
  if (type.starts_with("Arn")) return model::Arn::parse(value).has_value();
  return true;
}

std::vector<std::string> default_parameter_values(std::string_view type, std::string_view text) {
  if (!is_list_type(type)) return {std::string(text)};
  std::vector<std::string> values;
  for (;;) {
    const std::size_t comma = text.find(',');
    values.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return values;
    text.remove_prefix(comma + 1);
  }
}

std::optional<std::vector<std::string>> placeholders(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t from = 0;;) {
    const FoundPlaceholder found = next_placeholder(text, from);
    if (found.begin == std::string_view::npos) return names;
    if (found.name.empty()) return std::nullopt;
    names.emplace_back(found.name);
    from = found.end;
  }
}

bool is_placeholder(std::string_view text) {
  const FoundPlaceholder found = next_placeholder(text, 0);
  return found.begin == 0 && found.end == text.size();
}

const std::vector<std::string>& TemplateFiller::values_of(std::string_view name) const {
  return values_.find(name)->second;
}

void TemplateFiller::append(std::string& to, std::string_view piece) {
  size_ += piece.size();
  if (!overflowed()) to += piece;
}

std::string TemplateFiller::text(std::string_view pattern) {
  std::string filled;
  std::size_t from = 0;
  while (!overflowed()) {
    const FoundPlaceholder found = next_placeholder(pattern, from);
    append(filled, pattern.substr(from, found.begin - from));
    if (found.begin == std::string_view::npos) break;
    append(filled, values_of(found.name).front());
    from = found.end;
  }
  return filled;
}

// A value stays a string whatever is in it: it cannot add members to a policy.
OrderedJson TemplateFiller::string(const std::string& pattern) {
  if (!is_placeholder(pattern)) return text(pattern);
  const auto& values = values_of(next_placeholder(pattern, 0).name);
  if (values.size() == 1) return text(pattern);
  OrderedJson list = OrderedJson::array();
  for (const auto& value : values) {
    std::string element;
    append(element, value);
    list.push_back(std::move(element));
  }
  return list;
}

OrderedJson TemplateFiller::json(const OrderedJson& pattern) {
  if (pattern.is_string()) return string(pattern.get_ref<const std::string&>());
  if (pattern.is_array()) {
    OrderedJson list = OrderedJson::array();
    for (const auto& element : pattern) {
      OrderedJson filled = json(element);
      if (!element.is_string() || !filled.is_array()) {
        list.push_back(std::move(filled));
        continue;
      }
      for (auto& value : filled) list.push_back(std::move(value));
    }
    return list;
  }
  if (!pattern.is_object()) return pattern;
  OrderedJson object = OrderedJson::object();
  // Added as they come: two keys that became the same stay two, and the policy is refused for them.
  // Otherwise one of two conditions would be lost.
  auto& members = object.get_ref<OrderedJson::object_t&>();
  for (const auto& [key, value] : pattern.items()) members.push_back({text(key), json(value)});
  return object;
}

}  // namespace ecr::api
