// Finds the text of one member of a JSON object without parsing it. Internal to auth/iam.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace ecr::auth::iam {

struct TextSpan {
  std::size_t offset = 0;
  std::size_t size = 0;
};

// The object or array that is the value of `name`. nullopt: not found, or the text is not an object
// written in the plain way; then it has to be parsed. That the text is valid is not checked: if the
// text with the span replaced by null is valid JSON, and the span is, so is the text.
std::optional<TextSpan> find_top_level_member(std::string_view text, std::string_view name);

}  // namespace ecr::auth::iam
