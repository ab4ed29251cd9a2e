#include "server/cli/explain_reason.h"

#include <string_view>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::server {
namespace {

using base::OrderedJson;
using base::text_member;

// The context's value of a key, compared without case; null: absent.
const OrderedJson* find_key(const OrderedJson& decision, std::string_view key) {
  const auto context = decision.find("context");
  if (context == decision.end() || !context->is_object()) return nullptr;
  for (const auto& [name, value] : context->items()) {
    if (base::equals_ignore_case(name, key)) return &value;
  }
  return nullptr;
}

// What the variables in a piece of policy stand for: "; aws:username is \"jane\"".
std::string variables_note(const std::string& policy_text, const OrderedJson& decision) {
  std::string note;
  for (std::size_t at = 0; (at = policy_text.find("${", at)) != std::string::npos;) {
    const std::size_t end = policy_text.find_first_of(",}", at);
    if (end == std::string::npos) break;
    const std::string key = policy_text.substr(at + 2, end - at - 2);
    at = end;
    if (key == "*" || key == "?" || key == "$") continue;
    const OrderedJson* value = find_key(decision, key);
    const std::string one = base::format(
        "; {} is {}", key, value == nullptr ? std::string("not there") : base::dump(*value));
    if (note.find(one) == std::string::npos) note += one;
  }
  return note;
}

// "Action" and "NotAction" alike: what the statement says, and what the request had.
std::string element_reason(const OrderedJson& entry, const OrderedJson& decision,
                           const std::string& name, const std::string& asked) {
  const auto document = entry.find("document");
  if (document == entry.end() || !document->is_object()) return name + " does not match";
  const bool negated = document->contains("Not" + name);
  const std::string element = negated ? "Not" + name : name;
  const auto given = document->find(element);
  if (given == document->end()) return "it has no " + name;
  const std::string value = base::dump(*given);
  return base::format("{} {} {} {}{}", element, value, negated ? "leaves out" : "does not match",
                      asked, variables_note(value, decision));
}

std::string condition_reason(const OrderedJson& entry, const OrderedJson& decision) {
  const auto condition = entry.find("condition");
  if (condition == entry.end() || !condition->is_object()) return "a condition does not hold";
  const OrderedJson actual = condition->value("actual", OrderedJson());
  const std::string wanted = base::dump(condition->value("wanted", OrderedJson()));
  return base::format("{} {} wants {}, the request {}{}", text_member(*condition, "operator"),
                      text_member(*condition, "key"), wanted,
                      actual.is_null() ? "does not have it" : "has " + base::dump(actual),
                      variables_note(wanted, decision));
}

}  // namespace

std::string reason_of_mismatch(const OrderedJson& entry, const OrderedJson& decision) {
  const std::string outcome = text_member(entry, "outcome");
  if (outcome == "PrincipalMismatch") {
    const std::string principal = text_member(decision, "principal");
    return element_reason(entry, decision, "Principal",
                          principal.empty() ? "anonymous" : principal);
  }
  if (outcome == "ActionMismatch") {
    return element_reason(entry, decision, "Action", text_member(decision, "action"));
  }
  if (outcome == "ResourceMismatch") {
    return element_reason(entry, decision, "Resource", text_member(decision, "resource"));
  }
  return condition_reason(entry, decision);
}

}  // namespace ecr::server
