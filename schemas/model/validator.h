// Checks a JSON value against a shape of an API model. One validator for every operation of every
// service; no other code checks a rule that the model can express. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "schemas/model/model.h"

namespace ecr::model {

struct Violation {
  enum class Kind {
    kWrongType,  // the JSON type cannot be read as the shape's (AWS: SerializationException)
    kMissing,
    kTooShort,  // length below min
    kTooLong,
    kTooSmall,  // number below min
    kTooLarge,
    kPattern,
    kEnum
  };
  Kind kind;
  // As AWS writes it: "repositoryName", "tags.2.member.key" (lists count from 1, and the model's
  // Key has a small first letter here).
  std::string path;
  std::string value;     // as text for messages that echo it; empty where sensitive or missing
  const Shape* shape;    // the shape at `path`
  std::string expected;  // kWrongType: the type that was expected, "String"
  // A string or number in a list broke its constraint. As AWS reports it, path is the list's, shape
  // the element's, and a list has at most one of these.
  bool in_list = false;
};

// Every violation, in the order of the model's members. Unknown members are ignored, null is the
// same as absent. Empty: the value is valid.
std::vector<Violation> validate(const nlohmann::json& value, const Shape& shape);

// Checks the program's own answers, and more strictly: unknown members are violations (kWrongType
// with expected "no such member"). For tests.
std::vector<Violation> validate_output(const nlohmann::json& value, const Shape& shape);

// The constraint as ECR words it after "failed to satisfy constraint: ", without the outer quotes:
// "Member must not be null", "must satisfy regular expression '...'". Facts and captures: the texts
// for patterns, enums, null and lengths are captured; numbers follow the same form.
std::string constraint_text(const Violation& violation);

}  // namespace ecr::model
