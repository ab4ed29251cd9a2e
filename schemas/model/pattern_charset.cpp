#include <algorithm>

#include "schemas/model/pattern_syntax.h"

namespace ecr::model::pattern_syntax {
namespace {

constexpr char32_t kFirstBeyondAscii = 0x80;
constexpr char32_t kHighestCodePoint = 0x10FFFF;

}  // namespace

void CharSet::add(char32_t first, char32_t last) {
  for (char32_t point = first; point <= last && point < kFirstBeyondAscii; ++point) {
    ascii_[point / 64] |= std::uint64_t{1} << (point % 64);
  }
  if (last < kFirstBeyondAscii) return;
  Range added{std::max(first, kFirstBeyondAscii), last};
  // Whatever it touches becomes part of it.
  std::vector<Range> ranges;
  for (const Range& range : beyond_) {
    if (range.last + 1 < added.first || added.last + 1 < range.first) {
      ranges.push_back(range);
    } else {
      added = {std::min(added.first, range.first), std::max(added.last, range.last)};
    }
  }
  ranges.push_back(added);
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  beyond_ = std::move(ranges);
}

void CharSet::add(const CharSet& other) {
  for (std::size_t i = 0; i < ascii_.size(); ++i) ascii_[i] |= other.ascii_[i];
  for (const Range& range : other.beyond_) add(range.first, range.last);
}

CharSet CharSet::complement() const {
  CharSet result;
  for (std::size_t i = 0; i < ascii_.size(); ++i) result.ascii_[i] = ~ascii_[i];
  char32_t next = kFirstBeyondAscii;
  for (const Range& range : beyond_) {
    if (next < range.first) result.beyond_.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kHighestCodePoint) result.beyond_.push_back({next, kHighestCodePoint});
  return result;
}

bool CharSet::contains_beyond_ascii(char32_t point) const {
  const auto after =
      std::upper_bound(beyond_.begin(), beyond_.end(), point,
                       [](char32_t p, const Range& range) { return p < range.first; });
  return after != beyond_.begin() && point <= std::prev(after)->last;
}

}  // namespace ecr::model::pattern_syntax
