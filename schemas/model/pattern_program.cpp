#include "schemas/model/pattern_program.h"

#include <algorithm>

namespace ecr::model::pattern_program {
namespace {

using pattern_syntax::CharSet;
using pattern_syntax::Node;

// Bounds, whatever {m,n} asks for.
constexpr std::size_t kMaxInstructions = 4096;
constexpr std::size_t kMaxFollowers = 65536;

// A place to be, or a link: it goes on at operand, and when it splits also at the next one.
struct Instruction {
  std::optional<Op> op;  // nullopt: a link
  bool splits = false;
  std::uint32_t operand = 0;
};

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

  void add(Op op, std::uint32_t operand = 0) { append({op, false, operand}); }

  // The index, for the operand that is known later.
  std::uint32_t add_link(bool splits, std::uint32_t operand = 0) {
    return append({std::nullopt, splits, operand});
  }

  std::uint32_t append(const Instruction& instruction) {
    if (code_.size() >= kMaxInstructions) {
      full_ = true;
      return 0;
    }
    code_.push_back(instruction);
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
      const std::uint32_t split = add_link(true);
      emit(node.children[i]);
      to_end.push_back(add_link(false));
      code_[split].operand = here();
    }
    emit(node.children.back());
    for (const std::uint32_t jump : to_end) code_[jump].operand = here();
  }

  void emit_repeat(const Node& node) {
    const Node& child = node.children.front();
    for (std::size_t i = 0; i < node.min && !full_; ++i) emit(child);
    if (node.max == pattern_syntax::kUnbounded) {
      const std::uint32_t split = add_link(true);
      emit(child);
      add_link(false, split);
      code_[split].operand = here();
      return;
    }
    std::vector<std::uint32_t> to_end;
    for (std::size_t i = node.min; i < node.max && !full_; ++i) {
      to_end.push_back(add_link(true));
      emit(child);
    }
    for (const std::uint32_t split : to_end) code_[split].operand = here();
  }

  std::vector<Instruction>& code_;
  std::vector<CharSet>& sets_;
  std::size_t steps_ = 0;
  bool full_ = false;
};

// Turns instructions into places. Following the links here rather than for each code point more
// than halves the time of a match.
class Linker {
 public:
  explicit Linker(const std::vector<Instruction>& code) : code_(code), index_(code.size()) {}

  // False when the program would be too large.
  bool run(Program& program) {
    for (std::uint32_t at = 0; at < code_.size(); ++at) {
      if (is_link(at)) continue;
      index_[at] = static_cast<std::uint32_t>(program.places.size());
      program.places.push_back({*code_[at].op, code_[at].operand});
    }
    for (std::uint32_t at = 0; at < code_.size(); ++at) {
      if (is_link(at)) continue;
      Place& place = program.places[index_[at]];
      place.first = static_cast<std::uint32_t>(program.followers.size());
      if (place.op != Op::kMatch) follow(at + 1, program.followers);
      place.last = static_cast<std::uint32_t>(program.followers.size());
      if (program.followers.size() > kMaxFollowers) return false;
    }
    program.start = program.followers.size();
    follow(0, program.followers);
    return true;
  }

 private:
  bool is_link(std::uint32_t at) const { return !code_[at].op; }

  // Appends the places that `from` leads to without looking at the input.
  void follow(std::uint32_t from, std::vector<std::uint32_t>& places) {
    seen_.reset(code_.size());
    seen_.insert(from);
    for (std::uint32_t i = 0; i < seen_.size(); ++i) {
      const std::uint32_t at = seen_[i];
      if (!is_link(at)) {
        places.push_back(index_[at]);
        continue;
      }
      if (code_[at].splits) seen_.insert(at + 1);
      seen_.insert(code_[at].operand);
    }
  }

  const std::vector<Instruction>& code_;
  std::vector<std::uint32_t> index_;  // of an instruction in places
  SparseSet seen_;
};

}  // namespace

std::optional<Program> build(const pattern_syntax::Node& tree) {
  Program program;
  std::vector<Instruction> code;
  if (!Emitter(code, program.sets).run(tree) || !Linker(code).run(program)) return std::nullopt;
  return program;
}

}  // namespace ecr::model::pattern_program
