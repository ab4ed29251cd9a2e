// Policy variables: "${aws:username}", "${aws:PrincipalTag/team, 'none'}" and the escapes "${*}",
// "${?}", "${$}". Source: AWS IAM User Guide, "IAM policy elements: Variables and tags".
// Immutable, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/match/context.h"
#include "auth/iam/match/glob.h"

namespace ecr::auth::iam {

class Template {
 public:
  // A "${" that is not closed is plain text.
  explicit Template(std::string_view text);

  // True if nothing depends on the request: the text has escapes at most.
  bool is_constant() const { return constant_; }

  // The length of the shortest text that the expanded pattern can match: '*' stands for nothing.
  // With `stars_count` they count as characters, as operators without wildcards compare them.
  // nullopt: a variable has no value. Nothing is expanded for it: a comparison with a shorter text
  // is decided without (test: AnExpansionIsNoLongerThanWhatItIsComparedWith).
  std::optional<std::size_t> least_size(const Context& context, bool stars_count) const;

  // What it takes to expand to a text of `size` characters and to compile it as a pattern.
  std::size_t steps(std::size_t size) const { return parts_.size() + 4 * size; }

  // Appends to `out`: the '*' and '?' of the text itself as wildcards, the values of variables as
  // literal text. False where a variable has no value (the key is absent or multivalued, and there
  // is no default): then the element that holds the text matches nothing.
  bool expand(const Context& context, GlobText& out) const;
  // Does the same for operators without wildcards.
  bool expand_plain(const Context& context, std::string& out) const;

  struct Part {
    enum class Kind { kPattern, kLiteral, kVariable } kind = Kind::kPattern;
    std::string text;       // of a variable: its default
    std::size_t stars = 0;  // of a pattern
    std::string key;        // in lower case
    bool has_default = false;
  };
  const std::vector<Part>& parts() const { return parts_; }

 private:
  void add_pattern(std::string_view text);
  bool constant_ = true;
  std::vector<Part> parts_;
};

}  // namespace ecr::auth::iam
