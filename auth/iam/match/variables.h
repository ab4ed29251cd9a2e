// Policy variables: "${aws:username}", "${aws:PrincipalTag/team, 'none'}" and the escapes "${*}",
// "${?}", "${$}". Source: AWS IAM User Guide, "IAM policy elements: Variables and tags".
// Immutable, thread-safe.
#pragma once

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

  // Appends to `out`: the '*' and '?' of the text itself as wildcards, the values of variables as
  // literal text. False where a variable has no value (the key is absent or multivalued, and there
  // is no default): then the element that holds the text matches nothing.
  bool expand(const Context& context, GlobText& out) const;
  // Does the same for operators without wildcards.
  bool expand_plain(const Context& context, std::string& out) const;

  struct Part {
    enum class Kind { kPattern, kLiteral, kVariable } kind = Kind::kPattern;
    std::string text;  // of a variable: its default
    std::string key;   // in lower case
    bool has_default = false;
  };
  const std::vector<Part>& parts() const { return parts_; }

 private:
  void add_pattern(std::string_view text);
  bool constant_ = true;
  std::vector<Part> parts_;
};

}  // namespace ecr::auth::iam
