// The words of ECR for a constraint. The texts have two origins. Nearly all come from AWS's request
// framework and begin with "Member must ..."; IAM and STS have the same. RepositoryName and
// RegistryId are types of ECR's own, checked after the framework; their texts leave out "Member"
// and, for an expression, "pattern:". tests/schemas/model/constraint_text_test.cpp has the captured
// texts.
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

// The bucket that java.util.HashMap gives a text: String.hashCode() with its upper half folded into
// the lower. The names of enumerations are ASCII, so a byte is a Java char.
std::size_t java_bucket(std::string_view text, std::size_t buckets) {
  std::uint32_t hash = 0;
  for (const char c : text) hash = hash * 31 + static_cast<unsigned char>(c);
  return (hash ^ hash >> 16) & (buckets - 1);
}

// AWS lists an enumeration in the order of a Java HashSet (inferred from captures). The rule turns
// the model's MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABLE_WITH_EXCLUSION into the
// captured [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION] (test:
// ConstraintText.Enumeration).
std::vector<std::string> in_java_order(std::vector<std::string> values) {
  // new HashSet<>(collection) has at least 16 buckets and fills at most three quarters of them.
  // Within a bucket the order is that of insertion, hence the stable sort.
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

// The model escapes its slashes, and the captured text does not. The expression of RegistryId is
// without quotes (test: ConstraintText.RegistryId).
std::string own_pattern_text(const Shape& shape) {
  std::string text;
  for (std::size_t i = 0; i < shape.pattern_text.size(); ++i) {
    if (shape.pattern_text.compare(i, 2, "\\/") != 0) text += shape.pattern_text[i];
  }
  return shape.name == "RegistryId" ? "must satisfy regular expression " + text
                                    : "must satisfy regular expression '" + text + "'";
}

// The text for an element of a list: AWS names every constraint of the element, whichever was
// violated, in this order.
std::string element_text(const Shape& shape) {
  const bool number = shape.type == ShapeType::kInteger || shape.type == ShapeType::kLong ||
                      shape.type == ShapeType::kDouble;
  const std::string_view what = number ? "value" : "length";
  std::vector<std::string> parts;
  if (shape.max) parts.push_back("Member " + at_most(what, shape));
  if (shape.min) parts.push_back("Member " + at_least(what, shape));
  if (shape.pattern) parts.push_back("Member " + pattern_text(shape));
  if (!shape.enumeration.empty()) parts.push_back("Member " + enumeration_text(shape));
  // Recorded of IAM's tagKeys, and not of its other lists (test: ConstraintText.TagKeysOfIam).
  if (shape.name == "tagKeyType") parts.emplace_back("Member must not be null");
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
