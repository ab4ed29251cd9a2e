#include "schemas/model/validator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"

namespace ecr::model {
namespace {

using Kind = Violation::Kind;

std::string_view type_name(ShapeType type) {
  switch (type) {
    case ShapeType::kStructure:
      return "Structure";
    case ShapeType::kList:
      return "List";
    case ShapeType::kMap:
      return "Map";
    case ShapeType::kString:
      return "String";
    case ShapeType::kInteger:
      return "Integer";
    case ShapeType::kLong:
      return "Long";
    case ShapeType::kDouble:
      return "Double";
    case ShapeType::kBoolean:
      return "Boolean";
    case ShapeType::kBlob:
      return "Blob";
    case ShapeType::kTimestamp:
      return "Timestamp";
  }
  return "";
}

bool is_scalar(const Shape& shape) {
  return shape.type != ShapeType::kStructure && shape.type != ShapeType::kList &&
         shape.type != ShapeType::kMap;
}

// Returns a number without a fraction, also if it is written as 5.0 or 5e3; nullopt outside 64
// bits.
std::optional<std::int64_t> as_integer(const base::Json& value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it not every integer is a double
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const auto number = value.get<double>();
  if (std::trunc(number) != number || std::abs(number) > kExact) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

// Walks value and shape together, and collects every violation, as AWS reports all of them in one
// message. path_ is the place of the walk; it grows and shrinks in place. The recursion follows the
// value, whose depth the parser has limited, so recursive shapes are harmless.
class Validator {
 public:
  explicit Validator(bool unknown_members_are_violations)
      : strict_(unknown_members_are_violations) {}

  std::vector<Violation> run(const base::Json& value, const Shape& shape) {
    check(value, shape);
    return std::move(violations_);
  }

 private:
  // Appends a part to the path and removes it at the end of the scope.
  class Step {
   public:
    Step(std::string& path, std::string_view part) : path_(path), length_(path.size()) {
      if (!path.empty()) path += '.';
      path += part;
    }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    ~Step() { path_.resize(length_); }

   private:
    std::string& path_;
    std::size_t length_;
  };

  void check(const base::Json& value, const Shape& shape) {
    switch (shape.type) {
      case ShapeType::kStructure:
        return check_structure(value, shape);
      case ShapeType::kList:
        return check_list(value, shape);
      case ShapeType::kMap:
        return check_map(value, shape);
      case ShapeType::kString:
        return check_string(value, shape);
      case ShapeType::kInteger:
      case ShapeType::kLong:
        return check_integer(value, shape);
      case ShapeType::kDouble:
        return check_double(value, shape);
      case ShapeType::kBoolean:
        return value.is_boolean() ? void() : wrong_type(value, shape);
      case ShapeType::kBlob:
        return check_blob(value, shape);
      // JSON 1.1 writes a timestamp as a number of seconds.
      case ShapeType::kTimestamp:
        return value.is_number() ? void() : wrong_type(value, shape);
    }
  }

  // A null member counts as absent, as in AWS's JSON protocols. Unknown members are ignored, so
  // that a newer SDK works (inferred from AWS's rules for compatible changes).
  void check_structure(const base::Json& value, const Shape& shape) {
    if (!value.is_object()) return wrong_type(value, shape);
    for (const Member& member : shape.members) {
      const auto found = value.find(member.name);
      const bool absent = found == value.end() || found->is_null();
      if (absent && !member.required) continue;
      const Step step(path_, member_part(member.name));
      if (absent) {
        add(Kind::kMissing, *member.shape, "");
      } else {
        check(*found, *member.shape);
      }
    }
    if (strict_) check_unknown(value, shape);
  }

  // AWS's framework writes every member with a small first letter: Key is at 'tags.1.member.key',
  // and IAM's UserName is at 'userName' (test: PathsHaveSmallFirstLetters).
  static std::string member_part(std::string name) {
    if (name[0] >= 'A' && name[0] <= 'Z') name[0] = static_cast<char>(name[0] - 'A' + 'a');
    return name;
  }

  void check_unknown(const base::Json& value, const Shape& shape) {
    for (const auto& [name, ignored] : value.items()) {
      if (shape.find(name)) continue;
      const Step step(path_, name);
      add(Kind::kWrongType, shape, "", "no such member");
    }
  }

  void check_list(const base::Json& value, const Shape& shape) {
    if (!value.is_array()) return wrong_type(value, shape);
    check_length(value.size(), shape, "");
    bool reported = false;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::size_t before = violations_.size();
      {
        // Lists count from 1, and "member" is the name that the Query protocol gives an element:
        // 'tags.1.member.key'.
        const Step number(path_, std::to_string(i + 1));
        const Step member(path_, "member");
        check_element(value[i], *shape.element);
      }
      // A structure in a list keeps the places of its own members.
      if (is_scalar(*shape.element)) fold_element(before, reported);
    }
  }

  // A list has no absent elements, so null is missing where a value is needed.
  void check_element(const base::Json& value, const Shape& shape) {
    if (value.is_null()) return add(Kind::kMissing, shape, "");
    check(value, shape);
  }

  // Turns the violations of a scalar element into the one violation of its list: AWS reports a list
  // of scalars once, at its own place. For registryIds ["1"] it says: at 'registryIds', "Member
  // must satisfy constraint: [...]" (captured; test: AListReportsItsScalarElementsOnceAndAsItself).
  void fold_element(std::size_t before, bool& reported) {
    if (violations_.size() == before) return;
    Violation& first = violations_[before];
    // Both are found before any constraint, and keep the place of the element.
    if (first.kind == Kind::kWrongType || first.kind == Kind::kMissing) return;
    if (first.shape->name == "RepositoryName") {
      // ECR checks this type by itself, after the framework, and its message has lost the place:
      // DescribeRepositories with a bad name in repositoryNames fails at 'repositoryName'
      // (captured; test: RepositoryNameInAListLosesItsPlace).
      first.path = "repositoryName";
    } else {
      first.path = path_;
      first.in_list = true;
    }
    // The first faulty element is reported; those of later elements are erased.
    const std::size_t keep = reported ? 0 : 1;
    violations_.erase(violations_.begin() + static_cast<std::ptrdiff_t>(before + keep),
                      violations_.end());
    reported = true;
  }

  void check_map(const base::Json& value, const Shape& shape) {
    if (!value.is_object()) return wrong_type(value, shape);
    check_length(value.size(), shape, "");
    for (const auto& [key, element] : value.items()) {
      const Step step(path_, key);
      // The keys of a map have a shape too.
      check_text(key, *shape.key);
      check_element(element, *shape.element);
    }
  }

  void check_string(const base::Json& value, const Shape& shape) {
    if (!value.is_string()) return wrong_type(value, shape);
    check_text(value.get_ref<const std::string&>(), shape);
  }

  // Lengths count code points, not bytes (test: CountsCodePoints). Every constraint that is broken
  // is reported, length before pattern (test: LengthComesBeforePattern).
  void check_text(const std::string& text, const Shape& shape) {
    if (shape.min || shape.max) check_length(base::count_code_points(text), shape, text);
    if (shape.pattern && !shape.pattern->matches(text)) add(Kind::kPattern, shape, text);
    const auto& values = shape.enumeration;
    if (!values.empty() && std::find(values.begin(), values.end(), text) == values.end()) {
      add(Kind::kEnum, shape, text);
    }
  }

  // An Integer has 32 bits, a Long 64. A number that does not fit cannot be read and counts as a
  // wrong type.
  void check_integer(const base::Json& value, const Shape& shape) {
    const auto number = as_integer(value);
    const bool fits = number && (shape.type == ShapeType::kLong ||
                                 (*number >= std::numeric_limits<std::int32_t>::min() &&
                                  *number <= std::numeric_limits<std::int32_t>::max()));
    if (!fits) return wrong_type(value, shape);
    if (shape.min && *number < *shape.min) add(Kind::kTooSmall, shape, std::to_string(*number));
    if (shape.max && *number > *shape.max) add(Kind::kTooLarge, shape, std::to_string(*number));
  }

  void check_double(const base::Json& value, const Shape& shape) {
    if (!value.is_number()) return wrong_type(value, shape);
    const auto number = value.get<double>();
    if (shape.min && number < static_cast<double>(*shape.min)) {
      add(Kind::kTooSmall, shape, base::dump(value));
    }
    if (shape.max && number > static_cast<double>(*shape.max)) {
      add(Kind::kTooLarge, shape, base::dump(value));
    }
  }

  // AWS JSON 1.1 writes bytes in base64; the length limits count the decoded bytes.
  void check_blob(const base::Json& value, const Shape& shape) {
    if (!value.is_string()) return wrong_type(value, shape);
    // The handler decodes them: here they are only counted, as a layer part has 20 MiB.
    const auto size = base::base64_decoded_size(value.get_ref<const std::string&>());
    if (!size) return wrong_type(value, shape);
    check_length(*size, shape, "");
  }

  void check_length(std::size_t length, const Shape& shape, const std::string& text) {
    const auto size = static_cast<std::int64_t>(length);
    if (shape.min && size < *shape.min) add(Kind::kTooShort, shape, text);
    if (shape.max && size > *shape.max) add(Kind::kTooLong, shape, text);
  }

  // Only scalars are repeated in the message: a structure may hold something sensitive.
  void wrong_type(const base::Json& value, const Shape& shape) {
    std::string text;
    if (value.is_string()) {
      text = value.get_ref<const std::string&>();
      // A number, a boolean or null, as it is written in JSON.
    } else if (!value.is_structured()) {
      text = base::dump(value);
    }
    add(Kind::kWrongType, shape, text, type_name(shape.type));
  }

  void add(Kind kind, const Shape& shape, const std::string& value,
           std::string_view expected = {}) {
    // A value that the model marks as sensitive is never repeated (test:
    // ValuesAreEchoedUnlessSensitive).
    Violation violation{kind, path_, shape.sensitive ? std::string() : value, &shape,
                        std::string(expected)};
    violations_.push_back(std::move(violation));
  }

  bool strict_;
  std::string path_;
  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> validate(const nlohmann::json& value, const Shape& shape) {
  return Validator(false).run(value, shape);
}

std::vector<Violation> validate_output(const nlohmann::json& value, const Shape& shape) {
  return Validator(true).run(value, shape);
}

}  // namespace ecr::model
