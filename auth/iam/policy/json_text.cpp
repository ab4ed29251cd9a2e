#include "auth/iam/policy/json_text.h"

#include <nlohmann/json.hpp>

#include "auth/iam/policy/json_access.h"

namespace ecr::auth::iam {
namespace {

// A second, small reader of JSON, because the parser does not tell where its values are. It runs
// only for documents with a problem and for the linter, over text that the parser has accepted;
// still every step stops at the end of the text.
class LineScanner {
 public:
  LineScanner(std::string_view text, std::map<std::string, std::size_t, std::less<>>& lines)
      : text_(text), lines_(lines) {}

  // Recursive: REQUIRES a text of limited depth (json_text.h).
  void value(const std::string& path) {
    skip_space();
    if (peek() == '{') {
      object(path);
    } else if (peek() == '[') {
      array(path);
    } else if (peek() == '"') {
      string();
    } else {
      while (at_ < text_.size() && std::string_view(",]} \t\r\n").find(peek()) == kNone) next();
    }
    skip_space();
  }

 private:
  static constexpr std::size_t kNone = std::string_view::npos;

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void next() {
    if (peek() == '\n') ++line_;
    if (at_ < text_.size()) ++at_;
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(peek()) != kNone) next();
  }

  // Returns the string as written. A key with escapes is not decoded; a problem inside it then has
  // the line of its parent.
  std::string string() {
    const std::size_t start = at_ + 1;
    next();
    while (at_ < text_.size() && peek() != '"') {
      // An escaped quote does not end the string.
      if (peek() == '\\') next();
      next();
    }
    const std::size_t end = at_;
    next();
    return std::string(text_.substr(start, end - start));
  }

  void object(const std::string& path) {
    next();
    skip_space();
    while (at_ < text_.size() && peek() != '}') {
      // A value has the line of its key, where an editor shows it.
      const std::size_t line = line_;
      const std::string key = string();
      const std::string inner = path.empty() ? key : child(path, key);
      lines_.emplace(inner, line);
      skip_space();
      next();  // ':'
      value(inner);
      if (peek() == ',') next();
      skip_space();
    }
    next();
  }

  void array(const std::string& path) {
    next();
    skip_space();
    for (std::size_t i = 0; at_ < text_.size() && peek() != ']'; ++i) {
      const std::string inner = item(path, i);
      lines_.emplace(inner, line_);
      value(inner);
      if (peek() == ',') next();
      skip_space();
    }
    next();
  }

  std::string_view text_;
  std::map<std::string, std::size_t, std::less<>>& lines_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

// The functions below work on text that nothing has checked yet: they may return a wrong span for
// broken JSON, but never one beyond the text. The caller parses both parts afterwards.
constexpr std::size_t kNoMember = std::string_view::npos;

// Returns the offset behind the string whose opening quote is at `at`.
std::size_t skip_string(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size()) {
    at = text.find_first_of("\"\\", at);
    if (at == kNoMember) return text.size();
    if (text[at] == '"') return at + 1;
    at += 2;  // and the escaped character
  }
  return text.size();
}

// Returns the offset behind the object or array that starts at `at`. It counts brackets without
// telling the two kinds apart, because the parser checks them later.
std::size_t skip_nested(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    at = text.find_first_of("\"{}[]", at);
    if (at == kNoMember) return kNoMember;
    if (text[at] == '"') {
      at = skip_string(text, at);
      continue;
    }
    const bool opens = text[at] == '{' || text[at] == '[';
    ++at;
    if (opens) {
      ++depth;
    } else if (--depth == 0) {
      return at;
    }
  }
  return kNoMember;
}

}  // namespace

LineIndex::LineIndex(std::string_view text) { LineScanner(text, lines_).value(""); }

// Falls back from a value to the closest value around it: a missing element has no line of its own.
std::size_t LineIndex::line_of(std::string_view path) const {
  while (!path.empty()) {
    const auto found = lines_.find(path);
    if (found != lines_.end()) return found->second;
    const std::size_t cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
  return 0;
}

std::optional<TextSpan> find_top_level_member(std::string_view text, std::string_view name) {
  std::size_t at = text.find_first_not_of(" \t\r\n");
  if (at == kNoMember || text[at] != '{') return std::nullopt;
  ++at;
  while (at < text.size()) {
    at = text.find('"', at);
    if (at == kNoMember) return std::nullopt;
    const std::size_t end = skip_string(text, at);
    const std::string_view key = text.substr(at, end - at);
    std::size_t value = text.find_first_not_of(" \t\r\n:", end);
    if (value == kNoMember) return std::nullopt;
    // A number, true, false or null needs no skipping: it has no quote, and the next key is
    // searched by its quote.
    const bool nested = text[value] == '{' || text[value] == '[';
    std::size_t after = value;
    if (nested) {
      after = skip_nested(text, value);
    } else if (text[value] == '"') {
      after = skip_string(text, value);
    }
    if (after == kNoMember) return std::nullopt;
    // Keys are compared as written: with escapes the member is not found, and the caller parses the
    // whole text. Of two equal keys the first is taken; the caller's parser refuses the second one,
    // which is still in the rest.
    if (nested && key.size() == name.size() + 2 && key.substr(1, name.size()) == name) {
      return TextSpan{value, after - value};
    }
    at = after;
  }
  return std::nullopt;
}

}  // namespace ecr::auth::iam
