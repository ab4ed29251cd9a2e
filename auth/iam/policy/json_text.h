// Finds the places of values in a JSON text: the line of each, and the span of one member, without
// parsing it. Internal to auth/iam. Pure; LineIndex is immutable.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ecr::auth::iam {

class LineIndex {
 public:
  // REQUIRES: text is JSON of limited depth: a parser has accepted it.
  explicit LineIndex(std::string_view text);

  // "Statement[1].Action[0]" → the line, from 1, of that value (of its key, in an object). A path
  // that is not in the document has the line of the closest value around it; "" is line 0.
  std::size_t line_of(std::string_view path) const;

 private:
  std::map<std::string, std::size_t, std::less<>> lines_;
};

struct TextSpan {
  std::size_t offset = 0;
  std::size_t size = 0;
};

// The object or array that is the value of `name`. nullopt: not found, or the text is not an object
// written in the plain way; then it has to be parsed. That the text is valid is not checked: if the
// text with the span replaced by null is valid JSON, and the span is, so is the text.
std::optional<TextSpan> find_top_level_member(std::string_view text, std::string_view name);

}  // namespace ecr::auth::iam
