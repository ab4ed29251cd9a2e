// One condition of a statement: an operator, a key, the values. Source: AWS IAM User Guide, "IAM
// JSON policy elements: Condition operators" and "Single-valued vs. multivalued context keys".
// Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/iam/match/arn_match.h"
#include "auth/iam/match/condition_values.h"
#include "auth/iam/match/context.h"
#include "auth/iam/match/glob.h"
#include "auth/iam/match/step_budget.h"
#include "auth/iam/match/variables.h"

namespace ecr::auth::iam {

// The type of the values, which decides how they are compared.
enum class Comparison : std::uint8_t {
  kString,
  kStringIgnoreCase,
  kStringLike,
  kNumeric,
  kDate,
  kBool,
  kBinary,
  kIp,
  kArn,
  kNull
};
enum class Relation : std::uint8_t { kEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
enum class Quantifier : std::uint8_t { kNone, kForAllValues, kForAnyValue };

struct ConditionOperator {
  Comparison comparison = Comparison::kString;
  Relation relation = Relation::kEqual;
  bool negated = false;
  bool if_exists = false;
  Quantifier quantifier = Quantifier::kNone;

  // From "ForAnyValue:StringNotLikeIfExists". nullopt: there is no such operator. Case-sensitive.
  static std::optional<ConditionOperator> parse(std::string_view name);
};

// monostate: the text cannot be read as the operator's type and so equals nothing.
using ConditionValue =
    std::variant<std::monostate, std::string, Glob, std::unique_ptr<const ArnGlob>, double,
                 std::int64_t, bool, IpNetwork, Template>;

class Condition {
 public:
  // `variables`: the policy's Version is 2012-10-17.
  Condition(std::string_view operator_name, ConditionOperator op, std::string_view key,
            const std::vector<std::string>& values, bool variables);

  // Where the budget is exceeded the result means nothing: the evaluation as a whole has none.
  bool holds(const Context& context, StepBudget& budget) const;

  const std::string& operator_name() const { return operator_name_; }
  const std::string& key_name() const { return key_name_; }  // as written
  const std::string& key() const { return key_; }            // in lower case

 private:
  bool null_holds(const Context::Value* value) const;
  // Some value of the policy is matched; the operator's negation is not applied.
  bool matches_some(const std::string& actual, const Context& context, StepBudget& budget) const;
  bool passes(const std::string& actual, const Context& context, StepBudget& budget) const {
    return matches_some(actual, context, budget) != operator_.negated;
  }

  std::string operator_name_;
  ConditionOperator operator_;
  std::string key_name_;
  std::string key_;
  std::vector<ConditionValue> values_;
};

}  // namespace ecr::auth::iam
