#include "auth/iam/match/variables.h"

#include <algorithm>
#include <optional>

#include "schemas/base/encoding.h"

namespace ecr::auth::iam {
namespace {

constexpr std::size_t kNoVariable = std::string_view::npos;

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == kNoVariable) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Finds the '}' of the variable whose name starts at `from`. A default in quotes may hold a '}'
// too. Quotes count only behind the comma: a tag key may have one.
std::size_t closing_brace(std::string_view text, std::size_t from) {
  bool comma = false;
  bool quoted = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == ',' && !quoted) comma = true;
    if (text[i] == '\'' && comma) quoted = !quoted;
    if (text[i] == '}' && !quoted) return i;
  }
  return kNoVariable;
}

// `inside` is the text between "${" and "}".
Template::Part parse_variable(std::string_view inside) {
  Template::Part part;
  // "${*}", "${?}" and "${$}" are the characters themselves, without a meaning as wildcard.
  if (inside == "*" || inside == "?" || inside == "$") {
    part.kind = Template::Part::Kind::kLiteral;
    part.text = inside;
    return part;
  }
  part.kind = Template::Part::Kind::kVariable;
  const std::size_t comma = inside.find(',');
  // Names of keys have no case ("Variables and tags").
  part.key = base::to_lower(trim(inside.substr(0, comma)));
  if (comma != kNoVariable) {
    const std::string_view value = trim(inside.substr(comma + 1));
    // A default without its quotes is none (inferred).
    if (value.size() >= 2 && value.front() == '\'' && value.back() == '\'') {
      part.has_default = true;
      part.text = value.substr(1, value.size() - 2);
    }
  }
  return part;
}

// A multivalued key cannot be used as a variable; that its default then applies is inferred.
std::optional<std::string_view> value_of(const Template::Part& part, const Context& context) {
  const Context::Value* value = context.find_lower(part.key);
  // An empty value is a value: the default is for an absent key ("Variables and tags").
  if (value != nullptr && !value->multivalued && !value->values.empty()) return value->values[0];
  if (part.has_default) return part.text;
  return std::nullopt;
}

}  // namespace

// Splits the text once, when the policy is compiled; a request only joins the parts.
Template::Template(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = text.find("${", at);
    const std::size_t end = start == kNoVariable ? kNoVariable : closing_brace(text, start + 2);
    // A "${" that is not closed, and the rest of the text, are plain.
    if (end == kNoVariable) break;
    add_pattern(text.substr(at, start - at));
    parts_.push_back(parse_variable(text.substr(start + 2, end - start - 2)));
    constant_ = constant_ && parts_.back().kind != Part::Kind::kVariable;
    at = end + 1;
  }
  add_pattern(text.substr(at));
}

void Template::add_pattern(std::string_view text) {
  if (text.empty()) return;
  Part& part = parts_.emplace_back();
  part.text = text;
  part.stars = static_cast<std::size_t>(std::count(text.begin(), text.end(), '*'));
}

std::optional<std::size_t> Template::least_size(const Context& context, bool stars_count) const {
  std::size_t size = 0;
  for (const Part& part : parts_) {
    if (part.kind == Part::Kind::kVariable) {
      const auto value = value_of(part, context);
      if (!value) return std::nullopt;
      size += value->size();
    } else {
      size += part.text.size();
      if (!stars_count) size -= part.stars;
    }
  }
  return size;
}

// The value of a variable is literal text: a user named "*" matches a resource "*" and no other.
// Otherwise a tag value that a client chose could widen a policy (test: Variables).
bool Template::expand(const Context& context, GlobText& out) const {
  for (const Part& part : parts_) {
    if (part.kind == Part::Kind::kPattern) {
      out.add_pattern(part.text);
    } else if (part.kind == Part::Kind::kLiteral) {
      out.add_literal(part.text);
    } else {
      const auto value = value_of(part, context);
      if (!value) return false;
      out.add_literal(*value);
    }
  }
  return true;
}

// Operators without wildcards compare '*' and '?' as they are, so patterns and literals are the
// same here.
bool Template::expand_plain(const Context& context, std::string& out) const {
  for (const Part& part : parts_) {
    if (part.kind == Part::Kind::kVariable) {
      const auto value = value_of(part, context);
      if (!value) return false;
      out += *value;
    } else {
      out += part.text;
    }
  }
  return true;
}

}  // namespace ecr::auth::iam
