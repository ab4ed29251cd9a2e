#include "api/admin/body_node.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {

// The number of values bounds the memory: a text of "[],[],..." takes thirty times itself.
base::OrderedJson read_body(std::string_view body) {
  auto json = base::parse_ordered_json(body, {.max_depth = 40, .max_values = 500'000});
  if (!json) {
    throw ParameterError(
        "body", base::format("is not JSON: line {}: {}", json.error().line, json.error().detail));
  }
  if (!json->is_object()) throw ParameterError("body", "must be a JSON object");
  return std::move(*json);
}

std::string BodyNode::path_of(std::string_view member) const {
  return path_.empty() ? std::string(member) : base::format("{}.{}", path_, member);
}

void BodyNode::fail(const std::string& reason) const {
  throw ParameterError(path_.empty() ? "body" : path_, reason);
}

void BodyNode::check_members(std::initializer_list<std::string_view> known) const {
  if (!value_.is_object()) fail("must be an object");
  for (const auto& [name, value] : value_.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw ParameterError(path_of(name), "is not known here" +
                                            base::did_you_mean(name, {known.begin(), known.end()}));
  }
}

bool BodyNode::has(std::string_view member) const {
  if (!value_.is_object()) return false;
  const auto found = value_.find(member);
  return found != value_.end() && !found->is_null();
}

BodyNode BodyNode::member(std::string_view member) const {
  if (!has(member)) throw ParameterError(path_of(member), "is missing");
  return {*value_.find(member), path_of(member)};
}

std::string BodyNode::text(std::string_view name) const {
  const BodyNode node = member(name);
  if (!node.value_.is_string()) node.fail("must be a string");
  std::string text = node.value_.get<std::string>();
  if (text.empty()) node.fail("must not be empty");
  return text;
}

std::optional<std::string> BodyNode::optional_text(std::string_view member) const {
  return has(member) ? std::optional(text(member)) : std::nullopt;
}

std::string BodyNode::choice(std::string_view name, const std::vector<std::string>& choices) const {
  std::string text = this->text(name);
  if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
    member(name).fail(base::format("must be one of: {}", base::join(choices, ", ")));
  }
  return text;
}

std::int64_t BodyNode::number(std::string_view name, std::int64_t fallback, std::int64_t least,
                              std::int64_t most) const {
  if (!has(name)) return fallback;
  const BodyNode node = member(name);
  const bool is_number = node.value_.is_number_integer() &&
                         (!node.value_.is_number_unsigned() ||
                          node.value_.get<std::uint64_t>() <= static_cast<std::uint64_t>(most));
  const std::int64_t number = is_number ? node.value_.get<std::int64_t>() : least - 1;
  if (number < least || number > most) {
    node.fail(base::format("must be a number from {} to {}", least, most));
  }
  return number;
}

std::string BodyNode::document(std::string_view name, std::size_t most) const {
  const BodyNode node = member(name);
  if (!node.value_.is_string() && !node.value_.is_object()) {
    node.fail("must be an object or its text");
  }
  std::string text =
      node.value_.is_string() ? node.value_.get<std::string>() : base::dump(node.value_);
  if (text.size() > most) node.fail(base::format("must have at most {} bytes", most));
  return text;
}

void BodyNode::each(std::string_view name, std::size_t most,
                    const std::function<void(const BodyNode&)>& visit) const {
  if (!has(name)) return;
  const BodyNode list = member(name);
  if (!list.value_.is_array()) list.fail("must be a list");
  if (list.value_.size() > most) list.fail(base::format("must have at most {} elements", most));
  for (std::size_t i = 0; i < list.value_.size(); ++i) {
    visit({list.value_[i], base::format("{}[{}]", list.path_, i)});
  }
}

std::vector<std::string> BodyNode::texts(std::string_view name, std::size_t most) const {
  std::vector<std::string> texts;
  if (!has(name)) throw ParameterError(path_of(name), "is missing");
  each(name, most, [&](const BodyNode& element) {
    if (!element.value_.is_string() || element.value_.get_ref<const std::string&>().empty()) {
      element.fail("must be a string that is not empty");
    }
    texts.push_back(element.value_.get<std::string>());
  });
  if (texts.empty()) member(name).fail("must not be empty");
  return texts;
}

}  // namespace ecr::api::admin
