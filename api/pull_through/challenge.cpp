#include "api/pull_through/challenge.h"

#include <optional>

#include "schemas/base/encoding.h"

namespace ecr::api::pull_through {
namespace {

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// Reads from the front of what is left.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool done() const { return text_.empty(); }
  void skip(std::string_view characters) {
    text_.remove_prefix(std::min(text_.find_first_not_of(characters), text_.size()));
  }
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string token() {
    std::size_t end = 0;
    while (end < text_.size() && is_token_char(text_[end])) ++end;
    std::string taken(text_.substr(0, end));
    text_.remove_prefix(end);
    return taken;
  }
  // A token or a quoted string; nullopt: neither, or without its end.
  std::optional<std::string> value() {
    if (!take('"')) return token();
    std::string taken;
    while (!text_.empty()) {
      if (take('"')) return taken;
      if (take('\\') && text_.empty()) break;
      taken += text_.front();
      text_.remove_prefix(1);
    }
    return std::nullopt;
  }

 private:
  std::string_view text_;
};

}  // namespace

std::string Challenge::parameter(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> challenges;
  Reader reader(header);
  for (reader.skip(" \t,"); !reader.done(); reader.skip(" \t,")) {
    const std::string name = base::to_lower(reader.token());
    if (name.empty()) break;
    reader.skip(" \t");
    if (!reader.take('=')) {
      challenges.push_back({name, {}});
      continue;
    }
    reader.skip(" \t");
    auto value = reader.value();
    if (!value || challenges.empty()) break;
    challenges.back().parameters.emplace(name, std::move(*value));
  }
  return challenges;
}

}  // namespace ecr::api::pull_through
