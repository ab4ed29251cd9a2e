// The regular expressions of AWS's API models, matched in time linear in the input (a Thompson
// simulation): std::regex backtracks and overflows its stack on hostile input.
//
// Supported: literals, escapes (\. \/ \- \d \w \S \s \uXXXX \xXX \p{L} \p{N} \p{Z}), '.', classes
// with ranges and negation, groups (also (?:...)), alternation, * + ? {m} {m,} {m,n}, ^ and $ at
// the ends, and a one-character negative lookahead such as (?!-). Input is matched by code point.
// \w, \d and \s are ASCII; \p{L}, \p{N} and \p{Z} hold the ASCII members of the class and, being
// generous, every code point above U+007F.
#pragma once

#include <memory>
#include <string_view>

#include <tl/expected.hpp>

namespace ecr::model {

// Immutable and thread-safe once compiled; cheap to copy.
class Pattern {
 public:
  // The error says what is not supported.
  static tl::expected<Pattern, std::string> compile(std::string_view expression);
  // The whole input matches, as AWS applies the models' patterns.
  bool matches(std::string_view input) const;

 private:
  struct Program;
  explicit Pattern(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

}  // namespace ecr::model
