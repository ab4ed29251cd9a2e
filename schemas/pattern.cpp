#include "schemas/pattern.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "schemas/pattern_syntax.h"
#include "schemas/utf8.h"

namespace ecr::schemas {
namespace {

using pattern_syntax::CharSet;
using pattern_syntax::Node;

enum class Op : std::uint8_t {
  kSet,        // reads a code point of sets[operand]
  kSplit,      // goes on at the next instruction and at operand
  kJump,       // goes on at operand
  kNotBefore,  // goes on unless a code point of sets[operand] comes
  kStart,      // goes on at the start of the input
  kEnd,        // goes on at the end of the input
  kMatch       // has matched, if this is the end of the input
};

struct Instruction {
  Op op;
  std::uint32_t operand = 0;
};

// Bounds a program whatever {m,n} asks for: time is input length times this at worst.
constexpr std::size_t kMaxInstructions = 4096;

// No code point: what "comes next" at the end of the input.
constexpr char32_t kEndOfInput = 0xFFFFFFFE;

}  // namespace

// INVARIANT: operands of kSplit and kJump are in the program, whose last instruction is kMatch.
struct Pattern::Program {
  std::vector<Instruction> code;
  std::vector<CharSet> sets;
};

namespace {

// Thompson's construction. A repetition is unrolled: its copies share their sets.
class Emitter {
 public:
  Emitter(std::vector<Instruction>& code, std::vector<CharSet>& sets) : code_(code), sets_(sets) {}

  // False when the program would be too large.
  bool run(const Node& node) {
    emit(node);
    add(Op::kMatch);
    return !full_;
  }

 private:
  std::uint32_t here() const { return static_cast<std::uint32_t>(code_.size()); }

  std::uint32_t add(Op op, std::uint32_t operand = 0) {
    if (code_.size() >= kMaxInstructions) {
      full_ = true;
      return 0;
    }
    code_.push_back({op, operand});
    return here() - 1;
  }

  std::uint32_t set_index(const CharSet& set) {
    const auto found = std::find(sets_.begin(), sets_.end(), set);
    const auto index = static_cast<std::uint32_t>(found - sets_.begin());
    if (found == sets_.end()) sets_.push_back(set);
    return index;
  }

  void emit(const Node& node) {
    // Steps count, too: (){1000}{1000}{1000} has no instructions and takes a billion of them.
    if (++steps_ > kMaxInstructions * 4) full_ = true;
    if (full_) return;
    switch (node.kind) {
      case Node::Kind::kConcat:
        for (const Node& child : node.children) emit(child);
        break;
      case Node::Kind::kAlternate:
        emit_alternate(node);
        break;
      case Node::Kind::kRepeat:
        emit_repeat(node);
        break;
      case Node::Kind::kSet:
        add(Op::kSet, set_index(node.set));
        break;
      case Node::Kind::kNotBefore:
        add(Op::kNotBefore, set_index(node.set));
        break;
      case Node::Kind::kStart:
        add(Op::kStart);
        break;
      case Node::Kind::kEnd:
        add(Op::kEnd);
        break;
    }
  }

  void emit_alternate(const Node& node) {
    std::vector<std::uint32_t> to_end;
    for (std::size_t i = 0; i + 1 < node.children.size(); ++i) {
      const std::uint32_t split = add(Op::kSplit);
      emit(node.children[i]);
      to_end.push_back(add(Op::kJump));
      code_[split].operand = here();
    }
    emit(node.children.back());
    for (const std::uint32_t jump : to_end) code_[jump].operand = here();
  }

  void emit_repeat(const Node& node) {
    const Node& child = node.children.front();
    for (std::size_t i = 0; i < node.min && !full_; ++i) emit(child);
    if (node.max == pattern_syntax::kUnbounded) {
      const std::uint32_t split = add(Op::kSplit);
      emit(child);
      add(Op::kJump, split);
      code_[split].operand = here();
      return;
    }
    std::vector<std::uint32_t> to_end;
    for (std::size_t i = node.min; i < node.max && !full_; ++i) {
      to_end.push_back(add(Op::kSplit));
      emit(child);
    }
    for (const std::uint32_t split : to_end) code_[split].operand = here();
  }

  std::vector<Instruction>& code_;
  std::vector<CharSet>& sets_;
  std::size_t steps_ = 0;
  bool full_ = false;
};

// The sets of the simulation, kept a thread so that a match allocates nothing once they have grown.
struct Scratch {
  std::vector<std::uint32_t> now;      // where the simulation stands
  std::vector<std::uint32_t> next;     // where it stands after the code point
  std::vector<std::uint32_t> visited;  // an instruction's last round
  std::uint32_t round = 0;

  void prepare(std::size_t instructions) {
    if (visited.size() < instructions) visited.resize(instructions, 0);
    now.assign(1, 0);
    next.clear();
  }

  // Forgets what was visited without touching it.
  void new_round() {
    if (++round != 0) return;
    std::fill(visited.begin(), visited.end(), 0);
    round = 1;
  }

  bool visit(std::uint32_t instruction) {
    return std::exchange(visited[instruction], round) != round;
  }
};

// One code point: takes every place in `now` as far as it goes without reading, then over `point`
// into `next`. True when kMatch was reached. Assertions are decided here, where both neighbours
// are known. Each instruction is visited once, so the time is bounded whatever the expression.
bool step(const std::vector<Instruction>& code, const std::vector<CharSet>& sets, Scratch& scratch,
          char32_t point, bool at_start) {
  bool matched = false;
  auto& pending = scratch.now;
  scratch.new_round();
  while (!pending.empty()) {
    const std::uint32_t at = pending.back();
    pending.pop_back();
    if (!scratch.visit(at)) continue;
    const Instruction instruction = code[at];
    switch (instruction.op) {
      case Op::kSet:
        if (sets[instruction.operand].contains(point)) scratch.next.push_back(at + 1);
        break;
      case Op::kSplit:
        pending.push_back(at + 1);
        pending.push_back(instruction.operand);
        break;
      case Op::kJump:
        pending.push_back(instruction.operand);
        break;
      case Op::kNotBefore:
        if (!sets[instruction.operand].contains(point)) pending.push_back(at + 1);
        break;
      case Op::kStart:
        if (at_start) pending.push_back(at + 1);
        break;
      case Op::kEnd:
        if (point == kEndOfInput) pending.push_back(at + 1);
        break;
      case Op::kMatch:
        matched = true;
        break;
    }
  }
  std::swap(scratch.now, scratch.next);
  return matched;
}

}  // namespace

tl::expected<Pattern, std::string> Pattern::compile(std::string_view expression) {
  const auto tree = pattern_syntax::parse(expression);
  if (!tree) return tl::unexpected(tree.error());
  auto program = std::make_shared<Program>();
  if (!Emitter(program->code, program->sets).run(*tree)) {
    return tl::unexpected(std::string("not supported: an expression this large"));
  }
  return Pattern(std::move(program));
}

bool Pattern::matches(std::string_view input) const {
  thread_local Scratch scratch;
  const Program& program = *program_;
  scratch.prepare(program.code.size());
  for (std::size_t at = 0; at < input.size();) {
    const bool at_start = at == 0;
    const char32_t point = next_code_point(input, at);
    if (point == kBadCodePoint) return false;
    step(program.code, program.sets, scratch, point, at_start);
    if (scratch.now.empty()) return false;
  }
  return step(program.code, program.sets, scratch, kEndOfInput, input.empty());
}

}  // namespace ecr::schemas
