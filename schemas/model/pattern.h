// The regular expressions of AWS's API models, matched by RE2 in time linear in the input:
// std::regex backtracks and overflows its stack on hostile input.
//
// The models are written for Java. What RE2 writes differently is translated: \uXXXX, \s with the
// vertical tab, and the one lookahead that the models have. Input is matched by code point; \w, \d
// and \s are ASCII, as in Java. \p{L}, \p{N} and \p{Z} hold the ASCII members of the class and,
// being generous, every code point above U+007F: AWS's version of Unicode is not known, and to
// refuse what AWS accepts would be worse than the reverse.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace ecr::model {

// Immutable and thread-safe; cheap to copy, and copies share the compiled form.
class Pattern {
 public:
  // The error names the part that is not supported.
  static tl::expected<Pattern, std::string> compile(std::string_view expression);
  // The same, but RE2 compiles the expression at the first match: the models have over 70 of them,
  // and a start of the program needs none. Only the syntax that is translated is checked here.
  // REQUIRES: compile() accepts the expression (a test tries all of the models'); one that it does
  // not accept matches nothing.
  static tl::expected<Pattern, std::string> compile_at_first_match(std::string_view expression);
  // The whole input matches, as AWS applies the models' patterns. False for input that is not
  // UTF-8.
  bool matches(std::string_view input) const;

 private:
  struct Compiled;
  explicit Pattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace ecr::model
