// YAML as JSON, for files that people write: mappings with text keys, lists, and scalars of YAML
// 1.2's core schema. Aliases are followed within the limits. What JSON has no word for is refused:
// other tags, merge keys, several documents. libyaml's only door. Thread-safe (no state).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "schemas/base/json.h"

namespace ecr::base {

struct YamlError {
  std::size_t line;  // from 1
  std::string detail;
};

// A scalar without quotes is a number only where JSON has the same number: 0123, 1_000 and dates
// are texts, as an account id is one. `yes` and `no` are texts, too.
tl::expected<OrderedJson, YamlError> parse_yaml(std::string_view text,
                                                const JsonLimits& limits = {});

}  // namespace ecr::base
