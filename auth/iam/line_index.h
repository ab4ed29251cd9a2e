// Where in a JSON text each value stands. Internal to auth/iam.
#pragma once

#include <cstddef>
#include <map>
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

}  // namespace ecr::auth::iam
