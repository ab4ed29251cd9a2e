// How ECR words a constraint. Two hands have written these texts. Nearly all come from AWS's
// request framework: "Member must ...", the same in IAM and STS. RepositoryName and RegistryId are
// types of ECR's own, checked after it, and leave out "Member" and the "pattern:" of an expression.
// tests/schemas/model/constraint_text_test.cpp has the captured texts.
#include <algorithm>
#include <bit>

#include "schemas/base/text.h"
#include "schemas/model/validator.h"

namespace ecr::model {
namespace {

using Kind = Violation::Kind;

bool is_own_type(const Shape& shape) {
  return shape.name == "RepositoryName" || shape.name == "RegistryId";
}

// The bucket of java.util.HashMap: String.hashCode() with its upper half folded in.
std::size_t java_bucket(std::string_view text, std::size_t buckets) {
  std::uint32_t hash = 0;
  for (const char c : text) hash = hash * 31 + static_cast<unsigned char>(c);
  return (hash ^ hash >> 16) & (buckets - 1);
}

// AWS lists an enumeration in the order of a Java HashSet. It is what makes the captured
// [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION] of the model's
// MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABLE_WITH_EXCLUSION.
std::vector<std::string> in_java_order(std::vector<std::string> values) {
  // new HashSet<>(collection): at least 16 buckets and at most three quarters full.
  const std::size_t buckets = std::bit_ceil(std::max<std::size_t>(values.size() * 4 / 3 + 1, 16));
  std::stable_sort(values.begin(), values.end(), [&](const auto& a, const auto& b) {
    return java_bucket(a, buckets) < java_bucket(b, buckets);
  });
  return values;
}

std::string at_least(std::string_view what, const Shape& shape) {
  return base::format("must have {} greater than or equal to {}", what, shape.min.value_or(0));
}

std::string at_most(std::string_view what, const Shape& shape) {
  return base::format("must have {} less than or equal to {}", what, shape.max.value_or(0));
}

std::string enumeration_text(const Shape& shape) {
  return base::format("must satisfy enum value set: [{}]",
                      base::join(in_java_order(shape.enumeration), ", "));
}

std::string pattern_text(const Shape& shape) {
  return "must satisfy regular expression pattern: " + shape.pattern_text;
}

// The model escapes its slashes; the captured text does not. RegistryId's stands without quotes.
std::string own_pattern_text(const Shape& shape) {
  std::string text;
  for (std::size_t i = 0; i < shape.pattern_text.size(); ++i) {
    if (shape.pattern_text.compare(i, 2, "\\/") != 0) text += shape.pattern_text[i];
  }
  return shape.name == "RegistryId" ? "must satisfy regular expression " + text
                                    : "must satisfy regular expression '" + text + "'";
}

// Every constraint of a list's element, whichever was violated, in AWS's order.
std::string element_text(const Shape& shape) {
  const bool number = shape.type == ShapeType::kInteger || shape.type == ShapeType::kLong ||
                      shape.type == ShapeType::kDouble;
  const std::string_view what = number ? "value" : "length";
  std::vector<std::string> parts;
  if (shape.max) parts.push_back("Member " + at_most(what, shape));
  if (shape.min) parts.push_back("Member " + at_least(what, shape));
  if (shape.pattern) parts.push_back("Member " + pattern_text(shape));
  if (!shape.enumeration.empty()) parts.push_back("Member " + enumeration_text(shape));
  return base::format("must satisfy constraint: [{}]", base::join(parts, ", "));
}

std::string predicate(const Violation& violation) {
  const Shape& shape = *violation.shape;
  switch (violation.kind) {
    case Kind::kWrongType:
      return "must be of type " + violation.expected;  // never sent: a SerializationException is
    case Kind::kMissing:
      return "must not be null";
    case Kind::kTooShort:
      return at_least("length", shape);
    case Kind::kTooLong:
      return at_most("length", shape);
    case Kind::kTooSmall:
      return at_least("value", shape);
    case Kind::kTooLarge:
      return at_most("value", shape);
    case Kind::kPattern:
      return is_own_type(shape) ? own_pattern_text(shape) : pattern_text(shape);
    case Kind::kEnum:
      return enumeration_text(shape);
  }
  return "";
}

}  // namespace

std::string constraint_text(const Violation& violation) {
  if (violation.in_list) return "Member " + element_text(*violation.shape);
  return (is_own_type(*violation.shape) ? "" : "Member ") + predicate(violation);
}

}  // namespace ecr::model
