#include "auth/iam/line_index.h"

#include <nlohmann/json.hpp>

#include "auth/iam/json_access.h"

namespace ecr::auth::iam {
namespace {

class Scanner {
 public:
  Scanner(std::string_view text, std::map<std::string, std::size_t, std::less<>>& lines)
      : text_(text), lines_(lines) {}

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

  // As written: keys with escapes are not decoded, their path is then found by its parent.
  std::string string() {
    const std::size_t start = at_ + 1;
    next();
    while (at_ < text_.size() && peek() != '"') {
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

}  // namespace

LineIndex::LineIndex(std::string_view text) { Scanner(text, lines_).value(""); }

std::size_t LineIndex::line_of(std::string_view path) const {
  while (!path.empty()) {
    const auto found = lines_.find(path);
    if (found != lines_.end()) return found->second;
    const std::size_t cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
  return 0;
}

}  // namespace ecr::auth::iam
