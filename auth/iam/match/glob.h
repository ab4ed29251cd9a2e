// Patterns with '*' (any run of characters, also none) and '?' (exactly one character), compiled
// once. Matching is linear in the text, times the pattern's length / 64 where a long run holds '?':
// there is no backtracking. Case-sensitive; for a match without case give both sides in lower case.
// Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/match/step_budget.h"

namespace ecr::auth::iam {

// Text in which only some '*' and '?' are wildcards: the value of a policy variable is literal.
struct GlobText {
  std::string text;
  std::string wild;  // as long as text: 1 where text is a wildcard, else 0

  void add_pattern(std::string_view pattern);
  void add_literal(std::string_view literal);
};

class Glob {
 public:
  Glob() = default;  // matches only the empty text
  explicit Glob(std::string_view pattern);
  // REQUIRES: text and wild are equally long.
  Glob(std::string_view text, std::string_view wild);

  bool matches(std::string_view text) const;
  // The same for texts and patterns of clients: false where the budget has no room for the search.
  bool matches(std::string_view text, StepBudget& budget) const {
    return (kind_ != Kind::kGeneral || budget.spend(steps(text))) && matches(text);
  }
  bool matches_everything() const { return kind_ == Kind::kEverything; }
  bool is_literal() const { return kind_ == Kind::kExact; }
  const std::string& literal() const { return literal_; }  // the text before the first wildcard

  // The text between two '*'. `any` is 1 where the character is '?', empty: nowhere.
  struct Piece {
    std::string text;
    std::string any;
  };

 private:
  enum class Kind : std::uint8_t { kExact, kPrefix, kEverything, kGeneral };
  // What a search in the text takes at most. REQUIRES: kGeneral.
  std::size_t steps(std::string_view text) const;

  Kind kind_ = Kind::kExact;
  bool has_any_ = false;
  std::size_t size_ = 0;         // kGeneral: of the pattern
  std::size_t longest_any_ = 0;  // of the pieces with '?'
  std::size_t any_steps_ = 0;    // to prepare the search for all of them
  std::string literal_;
  std::vector<Piece> pieces_;  // kGeneral: the first is anchored at the start, the last at the end
};

// Both without case (ASCII).
bool glob_match_ignore_case(std::string_view pattern, std::string_view text);

}  // namespace ecr::auth::iam
