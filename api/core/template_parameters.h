// Parameters of IAM's role templates, and the texts in which "@{Name}" stands for a parameter's
// value. The seed checks templates by this, and AcquireRole makes roles by it. Pure.
//
// AWS does not document the form of a placeholder. This one is inferred: a tag of a template may
// hold '@', '{' and '}' (API Reference, TagTemplate), which no tag may.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "schemas/base/json.h"

namespace ecr::api {

// Values by the name of their parameter: exactly one, where the parameter is no list.
using ParameterValues = std::map<std::string, std::vector<std::string>, std::less<>>;

// Of ParameterDefinition.Type: "StringList", "NumberList" or "ArnList".
bool is_list_type(std::string_view type);
// True where a value of a parameter of that type may be this one: of Number and Arn, and lists of
// them, not every text is. The lengths are not documented and not checked here.
bool fits_parameter_type(std::string_view type, std::string_view value);
// The values that DefaultValue stands for: of a list those between commas (inferred).
std::vector<std::string> default_parameter_values(std::string_view type, std::string_view text);

// The names in the text's placeholders, in their order. nullopt: one has no name or no end.
std::optional<std::vector<std::string>> placeholders(std::string_view text);
// True where the text is one placeholder and nothing else: in a policy it may be a list.
bool is_placeholder(std::string_view text);

// Puts values in place of placeholders. What it makes is at most kMostFilledSize bytes, all calls
// together: a short template with a long value, used many times, would be far larger.
inline constexpr std::size_t kMostFilledSize = 256u << 10;
class TemplateFiller {
 public:
  // Borrows the values. REQUIRES: a value for each placeholder of the texts that follow, and no
  // list within a text.
  explicit TemplateFiller(const ParameterValues& values) : values_(values) {}

  std::string text(std::string_view pattern);
  // Keys and strings, at every depth. The placeholder of a list becomes its values: as elements of
  // the array that it stands in, or else as an array (one value: as a string).
  base::OrderedJson json(const base::OrderedJson& pattern);
  // True: something was left out, because the result would be too large.
  bool overflowed() const { return size_ > kMostFilledSize; }

 private:
  const std::vector<std::string>& values_of(std::string_view name) const;
  void append(std::string& to, std::string_view piece);
  base::OrderedJson string(const std::string& pattern);

  const ParameterValues& values_;
  std::size_t size_ = 0;
};

}  // namespace ecr::api
