// Warnings about values that AWS accepts though they match nothing, or not what is written.
#include <algorithm>
#include <array>
#include <string>

#include <nlohmann/json.hpp>

#include "auth/iam/match/condition.h"
#include "auth/iam/policy/document.h"
#include "auth/iam/policy/json_access.h"
#include "schemas/base/encoding.h"

namespace ecr::auth::iam {
namespace {

using base::OrderedJson;

// The keys that hold several values, from "AWS global condition context keys" and the references of
// STS and IAM.
constexpr std::array<std::string_view, 9> kMultivalued = {
    "aws:calledvia",        "aws:principalorgpaths", "aws:principalservicenameslist",
    "aws:resourceorgpaths", "aws:sourceorgpaths",    "aws:tagkeys",
    "aws:vpceorgpaths",     "sts:transitivetagkeys", "iam:accountpropertynamespaces"};

// The form that a value needs for the operator to match anything; empty: it has that form, or any
// form will do.
std::string_view wanted_form(Comparison comparison, std::string_view text) {
  switch (comparison) {
    case Comparison::kNumeric:
      return parse_number(text) ? "" : "a number";
    case Comparison::kDate:
      return parse_date(text) ? "" : "a date";
    case Comparison::kBool:
    case Comparison::kNull:
      return parse_bool(text) ? "" : "true or false";
    case Comparison::kBinary:
      return base::base64_decode(text) ? "" : "base64";
    case Comparison::kIp:
      return IpNetwork::parse(text) ? "" : "an address or a CIDR block";
    // ArnLike matches part by part, so a text of fewer parts matches no ARN at all.
    case Comparison::kArn:
      return std::count(text.begin(), text.end(), ':') >= 5 ? "" : "an ARN of six parts";
    case Comparison::kString:
    case Comparison::kStringIgnoreCase:
    case Comparison::kStringLike:
      break;
  }
  return {};
}

// The comparisons in which policy variables are read, as in condition.cpp.
bool comparison_takes_variables(Comparison comparison) {
  using enum Comparison;
  return comparison == kString || comparison == kStringIgnoreCase || comparison == kStringLike ||
         comparison == kArn || comparison == kBool;
}

bool has_variable(std::string_view text) { return text.find("${") != std::string_view::npos; }

class ValueLinter {
 public:
  ValueLinter(const OrderedJson& statement, std::string path, bool variables)
      : statement_(statement), path_(std::move(path)), variables_(variables) {}

  std::vector<Finding> run() {
    for (const char* name : {"Resource", "NotResource"}) check_resources(name);
    const OrderedJson* condition = member(statement_, "Condition");
    if (condition == nullptr) return std::move(findings_);
    for (const auto& [name, keys] : condition->items()) {
      const auto op = ConditionOperator::parse(name);
      // The grammar accepts an unknown operator without keys, as AWS does.
      if (!op) continue;
      for (const auto& [key, values] : keys.items()) {
        check_condition(*op, key, texts(values),
                        child(child(child(path_, "Condition"), name), key));
      }
    }
    return std::move(findings_);
  }

 private:
  void warn(const std::string& path, std::string message) {
    findings_.push_back({Stage::kWarning, path, std::move(message), {}});
  }

  // A common mistake: a policy copied without its Version. AWS accepts it, and no request ever has
  // a literal "${aws:username}" (test: VariablesWithoutTheirVersion).
  void warn_of_literal(const std::string& path, const std::string& text) {
    warn(path, "Without Version 2012-10-17 there are no policy variables: \"" + text +
                   "\" is taken literally.");
  }

  void check_resources(const char* name) {
    const OrderedJson* element = member(statement_, name);
    if (element == nullptr || variables_) return;
    const auto all = texts(*element);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string at = child(path_, name);
      if (has_variable(all[i])) warn_of_literal(element->is_array() ? item(at, i) : at, all[i]);
    }
  }

  void check_condition(const ConditionOperator& op, const std::string& key,
                       const std::vector<std::string>& values, const std::string& at) {
    const bool many = std::find(kMultivalued.begin(), kMultivalued.end(), base::to_lower(key)) !=
                      kMultivalued.end();
    // Null needs no set operator: it only asks whether the key is there.
    if (many && op.quantifier == Quantifier::kNone && op.comparison != Comparison::kNull) {
      warn(at, "The key " + key +
                   " may have several values: without ForAllValues or ForAnyValue the condition "
                   "never holds where it is present.");
    }
    for (const std::string& value : values) check_value(op, value, at);
  }

  void check_value(const ConditionOperator& op, const std::string& value, const std::string& at) {
    // The value of a variable is known only at the request, so its form cannot be checked.
    if (has_variable(value) && comparison_takes_variables(op.comparison)) {
      if (!variables_) warn_of_literal(at, value);
      return;
    }
    const std::string_view form = wanted_form(op.comparison, value);
    if (form.empty()) return;
    warn(at, "The value \"" + value + "\" is not " + std::string(form) + ": it matches nothing.");
  }

  const OrderedJson& statement_;
  const std::string path_;
  const bool variables_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> find_doubtful_values(const OrderedJson& statement, const std::string& path,
                                          bool variables) {
  return ValueLinter(statement, path, variables).run();
}

}  // namespace ecr::auth::iam
