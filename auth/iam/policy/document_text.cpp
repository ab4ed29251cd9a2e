#include "auth/iam/policy/document_text.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "auth/iam/policy/compiled.h"
#include "auth/iam/policy/json_text.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"

namespace ecr::auth::iam {
namespace {

using base::OrderedJson;

// Keys have no case; the spelling that came first is kept.
void add_key(std::vector<std::string>& keys, std::string_view key) {
  const bool known = std::any_of(keys.begin(), keys.end(), [&](const std::string& other) {
    return base::equals_ignore_case(other, key);
  });
  if (!known) keys.emplace_back(key);
}

// Adds the keys of variables such as "${aws:username}" and "${aws:PrincipalTag/team, 'none'}". The
// escapes "${*}", "${?}" and "${$}" have no colon and so are left out.
void add_variables(std::string_view text, std::vector<std::string>& keys) {
  for (std::size_t at = 0; (at = text.find("${", at)) != std::string_view::npos; at += 2) {
    const std::size_t end = text.find_first_of(",}", at);
    if (end == std::string_view::npos) return;
    const std::string_view key = text.substr(at + 2, end - at - 2);
    if (key.find(':') != std::string_view::npos) add_key(keys, key);
  }
}

void add_variables(const OrderedJson& json, std::vector<std::string>& keys) {
  if (json.is_string()) {
    add_variables(std::string_view(json.get_ref<const std::string&>()), keys);
  } else if (json.is_structured()) {
    for (const OrderedJson& element : json) add_variables(element, keys);
  }
}

// The compiled form has no texts of variables any more, so the statement's own JSON is read again.
// Only the simulator asks for this.
void add_statement(const Policy& policy, std::size_t statement, std::vector<std::string>& keys) {
  // It was written by dump(), so it cannot fail; a failure would only mean no keys.
  const auto json = base::parse_ordered_json(policy.statement_json(statement));
  if (!json) return;
  if (const auto conditions = json->find("Condition"); conditions != json->end()) {
    for (const OrderedJson& of_operator : *conditions) {
      for (const auto& [key, values] : of_operator.items()) add_key(keys, key);
    }
  }
  // Variables have a meaning in these elements alone.
  for (const char* element : {"Condition", "Resource", "NotResource"}) {
    if (const auto found = json->find(element); found != json->end()) add_variables(*found, keys);
  }
}

// Counts lines and columns. The offsets come in rising order, so that a document is read once
// however many statements it has.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  // REQUIRES: not before the last offset asked for.
  TextPosition at(std::size_t offset) {
    for (; offset_ < offset; ++offset_) {
      if (text_[offset_] == '\n') {
        ++position_.line;
        position_.column = 1;
      } else {
        ++position_.column;
      }
    }
    return position_;
  }

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  TextPosition position_;
};

// The spans of the objects directly inside the array. If the member is an object, it is the only
// statement, and begins behind its brace.
std::vector<TextSpan> statement_spans(std::string_view document, const TextSpan& member) {
  if (document[member.offset] == '{') return {{member.offset + 1, member.size - 1}};
  std::vector<TextSpan> spans;
  std::size_t depth = 0;
  std::size_t begin = member.offset + 1;
  bool in_string = false;
  for (std::size_t at = member.offset; at < member.offset + member.size; ++at) {
    const char c = document[at];
    if (in_string) {
      if (c == '\\') ++at;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      // Depth 1 is the array itself, so an object that closes at depth 2 is a statement. It begins
      // behind the comma or bracket before it, as AWS counts.
      if (depth-- == 2) spans.push_back({begin, at + 1 - begin});
    } else if (c == ',' && depth == 1) {
      begin = at + 1;
    }
  }
  return spans;
}

// The place of a value in the document, as far as principals are concerned: kNames is the value of
// "AWS", which holds the ARNs.
enum class Part { kDocument, kStatement, kPrincipal, kNames, kOther };

// A member "Principal" elsewhere, for example as a condition key, is not the element.
Part part_of_member(Part part, std::string_view key) {
  if (part == Part::kDocument && key == "Statement") return Part::kStatement;
  if (part == Part::kStatement && (key == "Principal" || key == "NotPrincipal")) {
    return Part::kPrincipal;
  }
  if (part == Part::kPrincipal && key == "AWS") return Part::kNames;
  return Part::kOther;
}

// Walks over JSON that a parser has accepted, and copies it but for the principals. The recursion
// is as deep as the document, whose depth the parser has limited. A document is not built anew from
// its parsed form, because IAM gives a policy back as it was written, white space included.
class PrincipalReplacer {
 public:
  using Replacement = std::function<std::optional<std::string>(const std::string&)>;

  PrincipalReplacer(std::string_view text, const Replacement& replacement)
      : text_(text), replacement_(replacement) {}

  // Text is copied only at a replacement, together with everything before it.
  std::string run() {
    value(Part::kDocument);
    return out_ + std::string(text_.substr(copied_));
  }

 private:
  // Skips white space; NUL at the end of the text, so that every loop ends there.
  char peek() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  void value(Part part) {
    switch (peek()) {
      case '{':
        return object(part);
      case '[':
        return array(part);
      case '"':
        return string(part);
      default:  // a number, true, false, null
        at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    }
  }

  void object(Part part) {
    ++at_;
    while (peek() == '"') {
      const std::string key = decode(token());
      peek();
      ++at_;  // ':'
      value(part_of_member(part, key));
      if (peek() == ',') ++at_;
    }
    ++at_;  // '}'
  }

  void array(Part part) {
    ++at_;
    while (peek() != ']' && at_ < text_.size()) {
      value(part);
      if (peek() == ',') ++at_;
    }
    ++at_;
  }

  void string(Part part) {
    const std::size_t begin = at_;
    const std::string_view quoted = token();
    if (part != Part::kNames) return;
    const auto other = replacement_(decode(quoted));
    if (!other) return;
    out_ += text_.substr(copied_, begin - copied_);
    // dump() adds the quotes and escapes.
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

  // Keys and names may be written with escapes ("\u0041WS"), so they are compared decoded.
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

bool allows(const Policy& policy, std::size_t statement) {
  return policy.compiled().statements.at(statement).allow;
}

std::vector<std::string> context_keys(const Policy& policy) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < policy.statement_count(); ++i) add_statement(policy, i, keys);
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::vector<StatementPosition> statement_positions(std::string_view document) {
  std::vector<StatementPosition> positions;
  const auto member = find_top_level_member(document, "Statement");
  if (!member) return positions;
  // The spans are in rising order, as Cursor requires.
  Cursor cursor(document);
  for (const TextSpan& span : statement_spans(document, *member)) {
    const TextPosition begin = cursor.at(span.offset);
    positions.push_back({begin, cursor.at(span.offset + span.size)});
  }
  return positions;
}

std::string replace_principals(
    std::string_view document,
    const std::function<std::optional<std::string>(const std::string&)>& replacement) {
  return PrincipalReplacer(document, replacement).run();
}

}  // namespace ecr::auth::iam
