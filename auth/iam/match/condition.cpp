#include "auth/iam/match/condition.h"

#include <algorithm>
#include <array>

#include "schemas/base/encoding.h"

namespace ecr::auth::iam {
namespace {

using enum Comparison;
using enum Relation;

struct NamedOperator {
  std::string_view name;
  Comparison comparison;
  Relation relation = kEqual;
  bool negated = false;
};

// "IAM JSON policy elements: Condition operators". There is no negated Bool, Binary or Null, and an
// operator "less than" for strings does not exist.
constexpr std::array kOperators = {
    NamedOperator{"StringEquals", kString},
    NamedOperator{"StringNotEquals", kString, kEqual, true},
    NamedOperator{"StringEqualsIgnoreCase", kStringIgnoreCase},
    NamedOperator{"StringNotEqualsIgnoreCase", kStringIgnoreCase, kEqual, true},
    NamedOperator{"StringLike", kStringLike},
    NamedOperator{"StringNotLike", kStringLike, kEqual, true},
    NamedOperator{"NumericEquals", kNumeric},
    NamedOperator{"NumericNotEquals", kNumeric, kEqual, true},
    NamedOperator{"NumericLessThan", kNumeric, kLess},
    NamedOperator{"NumericLessThanEquals", kNumeric, kLessEqual},
    NamedOperator{"NumericGreaterThan", kNumeric, kGreater},
    NamedOperator{"NumericGreaterThanEquals", kNumeric, kGreaterEqual},
    NamedOperator{"DateEquals", kDate},
    NamedOperator{"DateNotEquals", kDate, kEqual, true},
    NamedOperator{"DateLessThan", kDate, kLess},
    NamedOperator{"DateLessThanEquals", kDate, kLessEqual},
    NamedOperator{"DateGreaterThan", kDate, kGreater},
    NamedOperator{"DateGreaterThanEquals", kDate, kGreaterEqual},
    NamedOperator{"Bool", kBool},
    NamedOperator{"BinaryEquals", kBinary},
    NamedOperator{"IpAddress", kIp},
    NamedOperator{"NotIpAddress", kIp, kEqual, true},
    NamedOperator{"ArnEquals", kArn},
    NamedOperator{"ArnLike", kArn},
    NamedOperator{"ArnNotEquals", kArn, kEqual, true},
    NamedOperator{"ArnNotLike", kArn, kEqual, true},
    NamedOperator{"Null", kNull},
};

template <class T>
// `actual` is the value of the request: NumericLessThan holds if it is less than the policy's.
bool relate(Relation relation, const T& actual, const T& wanted) {
  switch (relation) {
    case kEqual:
      return actual == wanted;
    case kLess:
      return actual < wanted;
    case kLessEqual:
      return actual <= wanted;
    case kGreater:
      return actual > wanted;
    case kGreaterEqual:
      return actual >= wanted;
  }
  return false;
}

template <class T>
// A value that the operator cannot read is kept and equals nothing, so that a negated operator
// holds for it. Of such values AWS refuses only bad dates; the lint warns of the others (test:
// Warnings).
ConditionValue value_or_nothing(std::optional<T> value) {
  if (!value) return std::monostate{};
  return std::move(*value);
}

// Reads a value once its text is known. "Equals" does not expand wildcards: StringEquals compares
// the characters '*' and '?' themselves.
ConditionValue make_value(Comparison comparison, const GlobText& text) {
  switch (comparison) {
    case kString:
      return text.text;
    case kStringIgnoreCase:
      return base::to_lower(text.text);
    case kStringLike:
      return Glob(text.text, text.wild);
    case kNumeric:
      return value_or_nothing(parse_number(text.text));
    case kDate:
      return value_or_nothing(parse_date(text.text));
    case kBool:
    case kNull:
      return value_or_nothing(parse_bool(text.text));
    case kBinary:
      return value_or_nothing(base::base64_decode(text.text));
    case kIp:
      return value_or_nothing(IpNetwork::parse(text.text));
    case kArn:
      return std::make_unique<const ArnGlob>(text);
  }
  return std::monostate{};
}

// The documentation allows variables in String and Arn operators, and shows Bool with one in a
// single place (test: BoolTakesVariables).
bool takes_variables(Comparison comparison) {
  return comparison == kString || comparison == kStringIgnoreCase || comparison == kStringLike ||
         comparison == kArn || comparison == kBool;
}

// Whether a set counts as without values: an empty one, and one whose only value is empty. Source:
// "Single-valued vs. multivalued context keys" ("resolves to a null data set, such as an empty
// string").
bool is_null_set(const Context::Value& value) {
  return value.values.empty() || (value.values.size() == 1 && value.values[0].empty());
}

// Whether reading a value of this type takes time that grows with its text. Numbers, dates and
// addresses end where they are not ones.
bool reads_all(Comparison comparison) {
  return comparison == kStringIgnoreCase || comparison == kBinary;
}

// Whether the pattern, once it is expanded, can match a text of this length at all. Wildcards count
// only in StringLike and the Arn operators; the others need exactly the same length, or, for Bool,
// a short one.
bool can_match(Comparison comparison, std::size_t least, std::size_t size) {
  if (comparison == kStringLike || comparison == kArn) return least <= size;
  return comparison == kBool ? least <= std::string_view("false").size() : least == size;
}

// A value of the request, read once for all values of the policy. A text that the operator's type
// cannot read matches no value.
class Actual {
 public:
  Actual(const ConditionOperator& op, const std::string& text) : op_(op), text_(text) {
    switch (op.comparison) {
      case kStringIgnoreCase:
        lower_ = base::to_lower(text);
        break;
      case kNumeric:
        number_ = parse_number(text);
        break;
      case kDate:
        date_ = parse_date(text);
        break;
      case kBool:
        boolean_ = parse_bool(text);
        break;
      case kBinary:
        bytes_ = base::base64_decode(text);
        break;
      case kIp:
        address_ = IpNetwork::parse(text);
        break;
      case kArn:
        arn_.emplace(text);
        break;
      case kString:
      case kStringLike:
      case kNull:
        break;
    }
  }

  bool matches(const ConditionValue& value, StepBudget& budget) const {
    switch (op_.comparison) {
      case kString:
        return text_ == std::get<std::string>(value);
      case kStringIgnoreCase:
        return lower_ == std::get<std::string>(value);
      case kStringLike:
        return std::get<Glob>(value).matches(text_, budget);
      case kNumeric:
        return number_ && relates(*number_, value);
      case kDate:
        return date_ && relates(*date_, value);
      case kBool:
        return boolean_ && relates(*boolean_, value);
      case kBinary:
        return bytes_ && relates(*bytes_, value);
      case kIp: {
        const auto* network = std::get_if<IpNetwork>(&value);
        return address_ && network != nullptr && network->contains(*address_);
      }
      case kArn:
        return std::get<std::unique_ptr<const ArnGlob>>(value)->matches(*arn_, budget);
      case kNull:
        break;
    }
    return false;
  }

 private:
  template <class T>
  bool relates(const T& actual, const ConditionValue& value) const {
    const T* wanted = std::get_if<T>(&value);
    return wanted != nullptr && relate(op_.relation, actual, *wanted);
  }

  const ConditionOperator& op_;
  const std::string& text_;
  std::string lower_;
  std::optional<double> number_;
  std::optional<std::int64_t> date_;
  std::optional<bool> boolean_;
  std::optional<std::string> bytes_;
  std::optional<IpNetwork> address_;
  std::optional<ArnParts> arn_;
};

}  // namespace

std::optional<ConditionOperator> ConditionOperator::parse(std::string_view name) {
  ConditionOperator op;
  // The set operator is a prefix and IfExists a suffix; both may stand at one operator.
  constexpr std::string_view kAll = "ForAllValues:";
  constexpr std::string_view kAny = "ForAnyValue:";
  constexpr std::string_view kIfExists = "IfExists";
  if (name.starts_with(kAll)) {
    op.quantifier = Quantifier::kForAllValues;
    name.remove_prefix(kAll.size());
  } else if (name.starts_with(kAny)) {
    op.quantifier = Quantifier::kForAnyValue;
    name.remove_prefix(kAny.size());
  }
  if (name.ends_with(kIfExists)) {
    op.if_exists = true;
    name.remove_suffix(kIfExists.size());
  }
  for (const NamedOperator& known : kOperators) {
    if (known.name != name) continue;
    // "You can add IfExists to the end of any condition operator name except the Null condition."
    if (known.comparison == kNull && op.if_exists) return std::nullopt;
    op.comparison = known.comparison;
    op.relation = known.relation;
    op.negated = known.negated;
    return op;
  }
  return std::nullopt;
}

Condition::Condition(std::string_view operator_name, ConditionOperator op, std::string_view key,
                     const std::vector<std::string>& values, bool variables)
    : operator_name_(operator_name), operator_(op), key_name_(key), key_(base::to_lower(key)) {
  values_.reserve(values.size());
  for (const std::string& value : values) {
    GlobText text;
    // A value without variables is read here, once; a value with variables is read at each request.
    if (!variables || !takes_variables(op.comparison)) {
      text.add_pattern(value);
    } else if (Template parsed(value); parsed.is_constant()) {
      parsed.expand(Context{}, text);
    } else {
      values_.emplace_back(std::move(parsed));
      continue;
    }
    values_.push_back(make_value(op.comparison, text));
  }
}

// Null with "true" wants the key to be absent or to hold no value, with "false" the reverse (test:
// NullAsksForAbsence).
bool Condition::null_holds(const Context::Value* value) const {
  const bool null = value == nullptr || (value->multivalued && is_null_set(*value));
  return std::any_of(values_.begin(), values_.end(), [&](const ConditionValue& wanted) {
    const bool* want_null = std::get_if<bool>(&wanted);
    return want_null != nullptr && *want_null == null;
  });
}

// The values of a condition are alternatives (OR). A negated operator holds when none of them
// matches, so the caller negates the whole ("Multiple context keys or values").
bool Condition::matches_some(const std::string& text, const Context& context,
                             StepBudget& budget) const {
  const Comparison comparison = operator_.comparison;
  if (reads_all(comparison) && !budget.spend(text.size())) return false;
  const Actual actual(operator_, text);
  return std::any_of(values_.begin(), values_.end(), [&](const ConditionValue& wanted) {
    const auto* variable = std::get_if<Template>(&wanted);
    if (variable == nullptr) return actual.matches(wanted, budget);
    // A variable without a value: this value matches nothing, so a positive operator is false and a
    // negated one true ("Variables and tags").
    const bool wildcards = comparison == kStringLike || comparison == kArn;
    const auto least = variable->least_size(context, !wildcards);
    if (!least || !can_match(comparison, *least, text.size())) return false;
    GlobText expanded;
    return budget.spend(variable->steps(*least)) && variable->expand(context, expanded) &&
           actual.matches(make_value(comparison, expanded), budget);
  });
}

bool Condition::holds(const Context& context, StepBudget& budget) const {
  const Context::Value* value = context.find_lower(key_);
  if (operator_.comparison == kNull) return null_holds(value);

  // The absence of a key is decided before the quantifiers: a set operator treats an empty set like
  // an absent key.
  const bool set = operator_.quantifier != Quantifier::kNone;
  if (value == nullptr || (set && is_null_set(*value))) {
    // An absent key makes the condition false. It is true under a negated operator, under IfExists
    // and under ForAllValues, which asks nothing of a set without members (test: MissingKey). That
    // IfExists also covers a set without values is inferred from "null data set".
    if (operator_.if_exists) return true;
    if (set) return operator_.quantifier == Quantifier::kForAllValues;
    return operator_.negated;
  }
  // Under a set operator the negation is applied to each value of the request:
  // ForAnyValue:StringNotEquals holds when some value equals none of the policy's (test:
  // SetOperators).
  const auto pass = [&](const std::string& actual) { return passes(actual, context, budget); };
  if (operator_.quantifier == Quantifier::kForAllValues) {
    return std::all_of(value->values.begin(), value->values.end(), pass);
  }
  if (operator_.quantifier == Quantifier::kForAnyValue) {
    return std::any_of(value->values.begin(), value->values.end(), pass);
  }
  // A multivalued key needs one of the set operators; without one the condition never holds
  // ("Single-valued vs. multivalued context keys"; test: SetOperators).
  return !value->multivalued && pass(value->values[0]);
}

}  // namespace ecr::auth::iam
