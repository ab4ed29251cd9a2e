#include "auth/iam/top_level_member.h"

namespace ecr::auth::iam {
namespace {

constexpr std::size_t kNoMember = std::string_view::npos;

// After the string that starts at `at`, where its opening quote is.
std::size_t skip_string(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size()) {
    at = text.find_first_of("\"\\", at);
    if (at == kNoMember) return text.size();
    if (text[at] == '"') return at + 1;
    at += 2;  // and what is escaped
  }
  return text.size();
}

// After the object or array that starts at `at`.
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
    const bool nested = text[value] == '{' || text[value] == '[';
    std::size_t after = value;
    if (nested) {
      after = skip_nested(text, value);
    } else if (text[value] == '"') {
      after = skip_string(text, value);
    }
    if (after == kNoMember) return std::nullopt;
    if (nested && key.size() == name.size() + 2 && key.substr(1, name.size()) == name) {
      return TextSpan{value, after - value};
    }
    at = after;
  }
  return std::nullopt;
}

}  // namespace ecr::auth::iam
