#include "schemas/model/pattern.h"

#include <cstdint>
#include <string>
#include <utility>

#include "schemas/base/utf8.h"
#include "schemas/model/pattern_program.h"
#include "schemas/model/pattern_syntax.h"

namespace ecr::model {

struct Pattern::Program : pattern_program::Program {};

namespace {

using pattern_program::Op;
using pattern_program::Place;
using pattern_program::SparseSet;

// No code point: what "comes next" at the end of the input.
constexpr char32_t kEndOfInput = 0xFFFFFFFE;

// Where the simulation stands before and after a code point, kept a thread so that a match
// allocates nothing once they have grown.
struct Scratch {
  SparseSet now;
  SparseSet next;
};

// One code point: takes every place in `now` over `point` into `next`. True when kMatch was
// reached. Assertions are decided here, where both neighbours are known. A place is visited once,
// so the time is bounded whatever the expression.
bool step(const pattern_program::Program& program, Scratch& scratch, char32_t point,
          bool at_start) {
  bool matched = false;
  scratch.next.clear();
  for (std::uint32_t i = 0; i < scratch.now.size(); ++i) {
    const Place& place = program.places[scratch.now[i]];
    SparseSet* to = nullptr;
    switch (place.op) {
      case Op::kSet:
        if (program.sets[place.set].contains(point)) to = &scratch.next;
        break;
      case Op::kNotBefore:
        if (!program.sets[place.set].contains(point)) to = &scratch.now;
        break;
      case Op::kStart:
        if (at_start) to = &scratch.now;
        break;
      case Op::kEnd:
        if (point == kEndOfInput) to = &scratch.now;
        break;
      case Op::kMatch:
        matched = true;
        break;
    }
    if (!to) continue;
    for (std::uint32_t f = place.first; f < place.last; ++f) to->insert(program.followers[f]);
  }
  std::swap(scratch.now, scratch.next);
  return matched;
}

}  // namespace

tl::expected<Pattern, std::string> Pattern::compile(std::string_view expression) {
  const auto tree = pattern_syntax::parse(expression);
  if (!tree) return tl::unexpected(tree.error());
  auto program = pattern_program::build(*tree);
  if (!program) return tl::unexpected(std::string("not supported: an expression this large"));
  return Pattern(std::make_shared<const Program>(Program{std::move(*program)}));
}

bool Pattern::matches(std::string_view input) const {
  thread_local Scratch kept;
  Scratch& scratch = kept;
  const Program& program = *program_;
  scratch.now.reset(program.places.size());
  scratch.next.reset(program.places.size());
  for (std::size_t i = program.start; i < program.followers.size(); ++i) {
    scratch.now.insert(program.followers[i]);
  }
  for (std::size_t at = 0; at < input.size();) {
    const bool at_start = at == 0;
    const char32_t point = base::next_code_point(input, at);
    if (point == base::kBadCodePoint) return false;
    step(program, scratch, point, at_start);
    if (scratch.now.size() == 0) return false;
  }
  return step(program, scratch, kEndOfInput, input.empty());
}

}  // namespace ecr::model
