#include "auth/iam/principal_text.h"

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"

namespace ecr::auth::iam {
namespace {

// What the value at hand is.
enum class Place { kDocument, kStatement, kPrincipal, kNames, kOther };

Place place_of_member(Place place, std::string_view key) {
  if (place == Place::kDocument && key == "Statement") return Place::kStatement;
  if (place == Place::kStatement && (key == "Principal" || key == "NotPrincipal")) {
    return Place::kPrincipal;
  }
  if (place == Place::kPrincipal && key == "AWS") return Place::kNames;
  return Place::kOther;
}

// Walks over JSON that is known to be sound.
class Replacer {
 public:
  using Replacement = std::function<std::optional<std::string>(const std::string&)>;

  Replacer(std::string_view text, const Replacement& replacement)
      : text_(text), replacement_(replacement) {}

  std::string run() {
    value(Place::kDocument);
    return out_ + std::string(text_.substr(copied_));
  }

 private:
  char peek() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  void value(Place place) {
    switch (peek()) {
      case '{':
        return object(place);
      case '[':
        return array(place);
      case '"':
        return string(place);
      default:  // a number, true, false, null
        at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    }
  }

  void object(Place place) {
    ++at_;
    while (peek() == '"') {
      const std::string key = decode(token());
      peek();
      ++at_;  // ':'
      value(place_of_member(place, key));
      if (peek() == ',') ++at_;
    }
    ++at_;  // '}'
  }

  void array(Place place) {
    ++at_;
    while (peek() != ']' && at_ < text_.size()) {
      value(place);
      if (peek() == ',') ++at_;
    }
    ++at_;
  }

  void string(Place place) {
    const std::size_t begin = at_;
    const std::string_view quoted = token();
    if (place != Place::kNames) return;
    const auto other = replacement_(decode(quoted));
    if (!other) return;
    out_ += text_.substr(copied_, begin - copied_);
    out_ += base::dump(base::Json(*other));
    copied_ = at_;
  }

  // The string that begins here, with its quotes.
  std::string_view token() {
    const std::size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, text_.size());
    return text_.substr(begin, at_ - begin);
  }

  static std::string decode(std::string_view quoted) {
    const auto parsed = base::parse_json(quoted);
    return parsed && parsed->is_string() ? parsed->get<std::string>() : std::string();
  }

  std::string_view text_;
  const Replacement& replacement_;
  std::size_t at_ = 0;
  std::size_t copied_ = 0;
  std::string out_;
};

}  // namespace

std::string replace_principals(
    std::string_view document,
    const std::function<std::optional<std::string>(const std::string&)>& replacement) {
  return Replacer(document, replacement).run();
}

}  // namespace ecr::auth::iam
