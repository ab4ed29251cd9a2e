// Wildcards of policies against their definition, and what is built on them: ARNs and policy
// variables. The first line is the pattern, the rest the text.
#include <string>
#include <vector>

#include "auth/iam/match/arn_match.h"
#include "auth/iam/match/glob.h"
#include "auth/iam/match/variables.h"
#include "schemas/base/encoding.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace ecr::auth::iam;
using ecr::fuzz::require;

// By dynamic programming over bytes: row[j] says whether the pattern so far matches text[0, j).
bool reference(std::string_view pattern, std::string_view text) {
  std::vector<char> row(text.size() + 1, 0);
  row[0] = 1;
  for (const char p : pattern) {
    std::vector<char> next(text.size() + 1, 0);
    next[0] = p == '*' && row[0] != 0;
    for (std::size_t j = 1; j <= text.size(); ++j) {
      if (p == '*') {
        next[j] = row[j] != 0 || next[j - 1] != 0;
      } else {
        next[j] = row[j - 1] != 0 && (p == '?' || p == text[j - 1]);
      }
    }
    row = std::move(next);
  }
  return row[text.size()] != 0;
}

bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if ((c & 0x80) != 0) return false;
  }
  return true;
}

void check_arns(std::string_view pattern, std::string_view text) {
  const Context context{{"aws:username", "j*e"}, {"aws:PrincipalTag/a", "b:c"}};
  const ArnParts arn(text);
  StepBudget budget(static_cast<std::size_t>(-1));
  for (const bool variables : {false, true}) {
    const ResourcePattern resource(pattern, variables);
    const bool whole = resource.matches(arn, context, false, budget);
    require(!whole || resource.matches(arn, context, true, budget),
            "completing a pattern widens it");
    require(!resource.is_everything() || whole, "everything is everything");
  }
  GlobText glob;
  glob.add_pattern(pattern);
  const ArnGlob like(glob);
  require(!like.matches(arn, budget) || arn.is_arn, "only ARNs are like ARNs");
}

}  // namespace

ECR_FUZZ_TARGET(glob) {
  std::string_view text = ecr::fuzz::as_text(data, size);
  const std::string_view pattern = ecr::fuzz::take_until(text, '\n');
  const Glob glob(pattern);
  const bool matches = glob.matches(text);
  if (is_ascii(pattern) && is_ascii(text)) {
    require(matches == reference(pattern, text), "a glob matches by its definition");
    require(glob_match_ignore_case(pattern, text) ==
                reference(ecr::base::to_lower(pattern), ecr::base::to_lower(text)),
            "and without case");
  }
  require(!glob.matches_everything() || matches, "everything is everything");
  require(!glob.is_literal() || matches == (text == glob.literal()), "a literal is itself");

  GlobText literal;
  literal.add_literal(pattern);
  require(Glob(literal.text, literal.wild).matches(text) == (text == pattern),
          "what a variable put in is literal");

  const Template variables(pattern);
  const Context context{{"aws:username", "j*e"}};
  GlobText expanded;
  std::string plain;
  const bool wild_has_value = variables.expand(context, expanded);
  require(variables.expand_plain(context, plain) == wild_has_value,
          "a variable has a value or not");
  require(expanded.text.size() == expanded.wild.size(), "each character is wild or not");
  require(!wild_has_value || expanded.text == plain, "both expansions have the same text");
  static_cast<void>(Glob(expanded.text, expanded.wild).matches(text));
  check_arns(pattern, text);
  return 0;
}
