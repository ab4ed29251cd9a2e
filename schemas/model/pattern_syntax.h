// The syntax of Pattern: an expression parsed into a tree. Only pattern.cpp and tests include it.
// Values, no state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ecr::model::pattern_syntax {

// A set of code points.
class CharSet {
 public:
  void add(char32_t first, char32_t last);
  void add(const CharSet& other);
  CharSet complement() const;

  bool contains(char32_t point) const {
    if (point < 128) return (ascii_[point / 64] >> (point % 64) & 1u) != 0;
    return contains_beyond_ascii(point);
  }
  friend bool operator==(const CharSet&, const CharSet&) = default;

 private:
  struct Range {
    char32_t first;
    char32_t last;
    friend bool operator==(const Range&, const Range&) = default;
  };

  bool contains_beyond_ascii(char32_t point) const;

  std::array<std::uint64_t, 2> ascii_{};
  std::vector<Range> beyond_;  // from U+0080; sorted, apart from each other
};

inline constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

struct Node {
  enum class Kind {
    kConcat,     // the children in order; none: the empty string
    kAlternate,  // one of the children
    kRepeat,     // the one child, min to max times
    kSet,        // one code point of the set
    kNotBefore,  // the empty string where no code point of the set follows
    kStart,      // the empty string at the start of the input
    kEnd         // the empty string at its end
  };
  Kind kind = Kind::kConcat;
  std::vector<Node> children;
  CharSet set;
  std::size_t min = 0;
  std::size_t max = 0;
};

// The error says what is not supported.
tl::expected<Node, std::string> parse(std::string_view expression);

}  // namespace ecr::model::pattern_syntax
