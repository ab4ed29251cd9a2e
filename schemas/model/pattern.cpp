#include "schemas/model/pattern.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <mutex>
#include <optional>

#include <re2/re2.h>

#include "schemas/base/encoding.h"

namespace ecr::model {
namespace {

// Bounds the compiled form of one expression together with the states that RE2 keeps between
// matches. The largest of the models compiles to 12 KiB; the rest is for states. If these outgrow
// it, RE2 drops them and starts again: still linear, but slower (test:
// IsRightWhereItsMemoryIsFull).
constexpr std::int64_t kMaxPatternMemory = 1 << 20;

// The only lookahead of the models, in IAM's accountAliasType: no hyphen follows a hyphen. RE2 has
// no lookahead. If it is behind every hyphen that the expression may read, it says that the text
// has no two hyphens in a row, and this is checked beside the match (test: NoHyphenFollowsAHyphen).
constexpr std::string_view kHyphenLookahead = "-(?!-)";

struct Translation {
  std::string expression;
  bool single_hyphens = false;  // the text may not hold "--"
};

using Refusal = tl::unexpected<std::string>;

Refusal unsupported(std::string_view what) {
  return Refusal("not supported: " + std::string(what));
}

// Rewrites Java's syntax, in which AWS writes the models, in RE2's. A construct that the two read
// differently and that no model has is refused, so that an updated model fails in a test and does
// not match something else in silence.
class Translator {
 public:
  explicit Translator(std::string_view java) : rest_(java) {}

  tl::expected<Translation, std::string> run() {
    while (!rest_.empty() && error_.empty()) {
      if (rest_.front() == '\\') {
        escape();
      } else if (in_class_) {
        in_class();
      } else {
        outside_class();
      }
    }
    if (!error_.empty()) return unsupported(error_);
    return std::move(result_);
  }

 private:
  bool accept(std::string_view literal) {
    if (!rest_.starts_with(literal)) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }

  void copy(std::size_t count) {
    result_.expression += rest_.substr(0, count);
    rest_.remove_prefix(std::min(count, rest_.size()));
  }

  void outside_class() {
    if (accept(kHyphenLookahead)) {
      result_.expression += '-';
      result_.single_hyphens = true;
    } else if (rest_.starts_with("(?") && !rest_.starts_with("(?:")) {
      error_ = "a group of the form (?...)";
    } else if (rest_.front() == '[') {
      in_class_ = true;
      copy(rest_.starts_with("[^") ? 2 : 1);
      // RE2 would take the bracket for a member of the class.
      if (rest_.starts_with("]")) error_ = "an empty class";
    } else {
      copy(1);
    }
  }

  // Java reads "[a-z[0-9]]" as a union and "&&" as an intersection; RE2 reads both as members.
  void in_class() {
    if (rest_.front() == '[' || rest_.starts_with("&&")) error_ = "a class in a class";
    if (rest_.front() == ']') in_class_ = false;
    copy(1);
  }

  // Rewrites a backslash and the characters that belong to it. Letters that mean one thing in Java
  // and another in RE2, or that no model has, are refused.
  void escape() {
    // Java's \s has the vertical tab, RE2's has not.
    if (accept("\\s")) return add_class(" \\t-\\r");
    if (accept("\\S")) return add_class("\\x00-\\x08\\x0E-\\x1F!-\\x{10FFFF}");
    // RE2 has \p as well, but its version of Unicode is not AWS's: beyond ASCII every character
    // passes (pattern.h; test: PropertiesAreExactInAsciiAndGenerousBeyond).
    if (accept("\\p{L}")) return add_class("a-zA-Z\\x{80}-\\x{10FFFF}");
    if (accept("\\p{N}")) return add_class("0-9\\x{80}-\\x{10FFFF}");
    if (accept("\\p{Z}")) return add_class(" \\x{80}-\\x{10FFFF}");
    if (accept("\\u")) {
      // Java takes exactly four digits: "\u10000" is U+1000 and '0'.
      if (rest_.size() < 4) error_ = "an escape with too few hexadecimal digits";
      result_.expression += "\\x{";
      copy(4);
      result_.expression += '}';
      return;
    }
    const bool letter_or_digit =
        rest_.size() > 1 && (std::isalnum(static_cast<unsigned char>(rest_[1])) != 0);
    if (letter_or_digit && std::string_view("dDwWtnrx").find(rest_[1]) == std::string_view::npos) {
      error_ = "an escape of a letter or digit other than those listed";
    }
    copy(2);
  }

  void add_class(std::string_view members) {
    result_.expression += in_class_ ? std::string(members) : "[" + std::string(members) + "]";
  }

  std::string_view rest_;
  Translation result_;
  std::string error_;
  bool in_class_ = false;
};

RE2::Options re2_options() {
  RE2::Options options;
  options.set_log_errors(false);    // nothing but the program writes to standard error
  options.set_never_capture(true);  // a match is yes or no
  options.set_max_mem(kMaxPatternMemory);
  return options;
}

}  // namespace

struct Pattern::Compiled {
  explicit Compiled(Translation from) : translation(std::move(from)) {}

  const RE2& re2() const {
    // Two threads may come to the first match at the same time. RE2 itself is safe to share between
    // threads.
    std::call_once(once, [this] { compiled.emplace(translation.expression, re2_options()); });
    return *compiled;
  }

  Translation translation;
  mutable std::once_flag once;
  mutable std::optional<RE2> compiled;  // set by re2()
};

tl::expected<Pattern, std::string> Pattern::compile_at_first_match(std::string_view expression) {
  auto translation = Translator(expression).run();
  if (!translation) return tl::unexpected(translation.error());
  return Pattern(std::make_shared<const Compiled>(*std::move(translation)));
}

tl::expected<Pattern, std::string> Pattern::compile(std::string_view expression) {
  auto pattern = compile_at_first_match(expression);
  if (pattern && !pattern->compiled_->re2().ok()) {
    return unsupported(pattern->compiled_->re2().error());
  }
  return pattern;
}

bool Pattern::matches(std::string_view input) const {
  // RE2 takes surrogates and overlong forms for code points, so bad UTF-8 is refused before it.
  if (base::utf8_prefix(input) != input.size()) return false;
  if (compiled_->translation.single_hyphens && input.find("--") != std::string_view::npos) {
    return false;
  }
  return compiled_->re2().Match(input, 0, input.size(), RE2::ANCHOR_BOTH, nullptr, 0);
}

}  // namespace ecr::model
