// What Pattern runs: the nondeterministic automaton of an expression. Only pattern.cpp includes it.
// Values, no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "schemas/model/pattern_syntax.h"

namespace ecr::model::pattern_program {

enum class Op : std::uint8_t {
  kSet,        // reads a code point of sets[set]
  kNotBefore,  // goes on unless a code point of sets[set] comes
  kStart,      // goes on at the start of the input
  kEnd,        // goes on at the end of the input
  kMatch       // has matched, if this is the end of the input
};

// A point of the expression that looks at the input, with all such points that may come after it.
struct Place {
  Op op;
  std::uint32_t set = 0;
  std::uint32_t first = 0;  // followers[first, last)
  std::uint32_t last = 0;
};

// INVARIANT: followers are indices of places.
struct Program {
  std::vector<Place> places;
  std::vector<std::uint32_t> followers;
  std::vector<pattern_syntax::CharSet> sets;
  std::size_t start = 0;  // a match starts at the followers from here on
};

// nullopt: it would be too large.
std::optional<Program> build(const pattern_syntax::Node& tree);

// A set of small numbers that is emptied in no time and lists its members in order of insertion.
class SparseSet {
 public:
  // Empties it and makes room for 0 to count - 1.
  void reset(std::size_t count) {
    size_ = 0;
    if (members_.size() >= count) return;
    members_.resize(count);
    where_.resize(count);
  }
  void clear() { size_ = 0; }
  void insert(std::uint32_t member) {
    const std::uint32_t at = where_[member];
    if (at < size_ && members_[at] == member) return;
    where_[member] = size_;
    members_[size_++] = member;
  }
  std::uint32_t operator[](std::uint32_t i) const { return members_[i]; }
  std::uint32_t size() const { return size_; }

 private:
  std::vector<std::uint32_t> members_;
  std::vector<std::uint32_t> where_;  // of a member in members_; of others, anything
  std::uint32_t size_ = 0;
};

}  // namespace ecr::model::pattern_program
