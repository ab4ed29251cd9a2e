#include "schemas/model/pattern_syntax.h"

#include <optional>
#include <stdexcept>
#include <utility>

#include "schemas/base/utf8.h"

namespace ecr::model::pattern_syntax {
namespace {

constexpr char32_t kLastCodePoint = 0x10FFFF;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxRepeat = 1000;

// Inside this file only: parse() turns it into its result.
struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

CharSet range(char32_t first, char32_t last) {
  CharSet set;
  set.add(first, last);
  return set;
}

CharSet digits() { return range('0', '9'); }

CharSet word() {
  CharSet set = digits();
  set.add('a', 'z');
  set.add('A', 'Z');
  set.add('_', '_');
  return set;
}

CharSet space() {
  CharSet set = range('\t', '\r');
  set.add(' ', ' ');
  return set;
}

// What stands for more than one code point after a backslash; nullopt: a single one.
std::optional<CharSet> class_escape(char32_t letter) {
  switch (letter) {
    case 'd':
      return digits();
    case 'D':
      return digits().complement();
    case 'w':
      return word();
    case 'W':
      return word().complement();
    case 's':
      return space();
    case 'S':
      return space().complement();
    default:
      return std::nullopt;
  }
}

// \p{L}, \p{N}, \p{Z}: exact in ASCII, everything beyond. AWS knows Unicode's tables; to refuse
// what it accepts would be worse than the reverse.
CharSet property(char32_t letter) {
  CharSet set;
  if (letter == 'L') {
    set.add('a', 'z');
    set.add('A', 'Z');
  } else if (letter == 'N') {
    set = digits();
  } else if (letter == 'Z') {
    set.add(' ', ' ');
  } else {
    throw Unsupported("a property other than \\p{L}, \\p{N} and \\p{Z}");
  }
  set.add(0x80, kLastCodePoint);
  return set;
}

Node set_node(CharSet set) {
  Node node;
  node.kind = Node::Kind::kSet;
  node.set = std::move(set);
  return node;
}

Node assertion(Node::Kind kind) {
  Node node;
  node.kind = kind;
  return node;
}

// Recursive descent; every function reads its construct from the left of what is left.
class Parser {
 public:
  explicit Parser(std::string_view expression) : text_(expression) {}

  Node run() {
    Node node = alternatives();
    if (!at_end()) throw Unsupported("an unmatched ')'");
    return node;
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  bool looking_at(std::string_view literal) const { return text_.substr(at_).starts_with(literal); }
  bool accept(std::string_view literal) {
    if (!looking_at(literal)) return false;
    at_ += literal.size();
    return true;
  }
  void expect(std::string_view literal) {
    if (!accept(literal)) throw Unsupported("a missing '" + std::string(literal) + "'");
  }
  char32_t next() {
    if (at_end()) throw Unsupported("an end in the middle of a construct");
    const char32_t point = base::next_code_point(text_, at_);
    if (point == base::kBadCodePoint) throw Unsupported("text that is not UTF-8");
    return point;
  }

  Node alternatives() {
    if (++depth_ > kMaxDepth) throw Unsupported("groups nested this deep");
    Node node;
    node.kind = Node::Kind::kAlternate;
    do {
      node.children.push_back(sequence());
    } while (accept("|"));
    --depth_;
    return node.children.size() == 1 ? std::move(node.children.front()) : std::move(node);
  }

  Node sequence() {
    Node node;
    while (!at_end() && !looking_at("|") && !looking_at(")")) {
      node.children.push_back(quantified(atom()));
    }
    return node;
  }

  Node atom() {
    if (accept("(?!")) return not_before();
    if (accept("(")) return group();
    if (accept("[")) return set_node(bracket());
    if (accept(".")) return set_node(range('\n', '\n').complement());
    if (accept("^")) return assertion(Node::Kind::kStart);
    if (accept("$")) return assertion(Node::Kind::kEnd);
    if (accept("\\")) return set_node(escape());
    for (const std::string_view quantifier : {"*", "+", "?", "{"}) {
      if (looking_at(quantifier)) throw Unsupported("a quantifier that follows nothing");
    }
    const char32_t literal = next();
    return set_node(range(literal, literal));
  }

  Node group() {
    if (!accept("?:") && looking_at("?")) throw Unsupported("a group of the form (?...)");
    Node node = alternatives();
    expect(")");
    return node;
  }

  Node not_before() {
    Node node = atom();
    if (node.kind != Node::Kind::kSet) throw Unsupported("a lookahead over more than a character");
    expect(")");
    node.kind = Node::Kind::kNotBefore;
    return node;
  }

  Node quantified(Node operand) {
    Node node;
    node.kind = Node::Kind::kRepeat;
    if (accept("*")) {
      node.max = kUnbounded;
    } else if (accept("+")) {
      node.min = 1;
      node.max = kUnbounded;
    } else if (accept("?")) {
      node.max = 1;
    } else if (accept("{")) {
      bounds(node);
    } else {
      return operand;
    }
    if (looking_at("?") || looking_at("+")) throw Unsupported("a lazy or possessive quantifier");
    node.children.push_back(std::move(operand));
    return node;
  }

  // "m}", "m,}" or "m,n}".
  void bounds(Node& node) {
    node.min = node.max = count();
    if (accept(",")) node.max = looking_at("}") ? kUnbounded : count();
    expect("}");
    if (node.max < node.min) throw Unsupported("a repetition whose bounds are reversed");
  }

  std::size_t count() {
    if (at_end() || text_[at_] < '0' || text_[at_] > '9') throw Unsupported("a '{' without count");
    std::size_t value = 0;
    for (; !at_end() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      value = value * 10 + static_cast<std::size_t>(text_[at_] - '0');
      if (value > kMaxRepeat) throw Unsupported("a repetition of more than 1000");
    }
    return value;
  }

  // After "[". A '-' is itself unless it stands between two single characters: the models have
  // "[a-z0-9-_]" and "[\w-]", which Java reads so.
  CharSet bracket() {
    const bool negated = accept("^");
    if (looking_at("]")) throw Unsupported("an empty class");
    CharSet set;
    while (!accept("]")) {
      const auto [item, first] = bracket_item();
      if (first && looking_at("-") && !looking_at("-]")) {
        expect("-");
        const auto [ignored, last] = bracket_item();
        if (!last || *last < *first) throw Unsupported("a range without an end after its start");
        set.add(*first, *last);
      } else {
        set.add(item);
      }
    }
    return negated ? set.complement() : set;
  }

  // What one item of a class stands for, and where it is a single character, which.
  std::pair<CharSet, std::optional<char32_t>> bracket_item() {
    if (looking_at("[") || looking_at("&&")) throw Unsupported("a class in a class");
    if (accept("\\")) {
      if (const auto set = escaped_class()) return {*set, std::nullopt};
      const char32_t point = escaped_character();
      return {range(point, point), point};
    }
    const char32_t point = next();
    return {range(point, point), point};
  }

  // After a backslash.
  CharSet escape() {
    if (const auto set = escaped_class()) return *set;
    const char32_t point = escaped_character();
    return range(point, point);
  }

  std::optional<CharSet> escaped_class() {
    if (accept("p{")) {
      CharSet set = property(next());
      expect("}");
      return set;
    }
    if (at_end()) return std::nullopt;
    auto set = class_escape(static_cast<unsigned char>(text_[at_]));
    if (set) ++at_;
    return set;
  }

  char32_t escaped_character() {
    const char32_t letter = next();
    switch (letter) {
      case 't':
        return '\t';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 'u':
        return hex(4);  // exactly: Java reads "\u10000" as U+1000 and '0'
      case 'x':
        return hex(2);
      default:
        break;
    }
    if (letter >= 0x80 || word().contains(letter)) {
      throw Unsupported("an escape of a letter or digit other than those listed");
    }
    return letter;
  }

  char32_t hex(int width) {
    char32_t value = 0;
    for (int i = 0; i < width; ++i) {
      const char32_t digit = next();
      if (digit >= '0' && digit <= '9') {
        value = value * 16 + (digit - '0');
      } else if ((digit | 0x20u) >= 'a' && (digit | 0x20u) <= 'f') {
        value = value * 16 + ((digit | 0x20u) - 'a' + 10);
      } else {
        throw Unsupported("an escape with too few hexadecimal digits");
      }
    }
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

tl::expected<Node, std::string> parse(std::string_view expression) {
  try {
    return Parser(expression).run();
  } catch (const Unsupported& fault) {
    return tl::unexpected(std::string("not supported: ") + fault.what());
  }
}

}  // namespace ecr::model::pattern_syntax
