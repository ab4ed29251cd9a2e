// The regular expressions of the API models. The first line is the expression, the rest the text.
#include <string>

#include "schemas/model/pattern.h"
#include "tests/fuzz/fuzz.h"

ECR_FUZZ_TARGET(pattern) {
  using ecr::fuzz::require;
  using ecr::model::Pattern;
  std::string_view text = ecr::fuzz::as_text(data, size);
  const std::string_view expression = ecr::fuzz::take_until(text, '\n');
  const auto pattern = Pattern::compile(expression);
  if (!pattern) {
    require(!pattern.error().empty(), "a refusal has a reason");
    return 0;
  }
  const bool matches = pattern->matches(text);
  const std::string group = "(?:" + std::string(expression) + ")";
  // Larger expressions than these may be refused.
  for (const std::string& same : {group, group + "|" + group, group + "{1}"}) {
    const auto other = Pattern::compile(same);
    require(!other || other->matches(text) == matches, "a group changes nothing");
  }
  if (const auto optional = Pattern::compile(group + "?")) {
    require(optional->matches(text) == (matches || text.empty()), "'?' adds the empty text");
  }
  return 0;
}
