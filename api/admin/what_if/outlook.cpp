// A policy is evaluated twice: once with everything that is open counted for the caller, once with
// everything against. A condition that is open is dropped where it is met, and its statement where
// it is not: an Allow that is met for the caller is a Deny that is met against it.
#include "api/admin/what_if/outlook.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <tuple>

#include <nlohmann/json.hpp>

#include "api/admin/decisions/advice.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::admin::what_if {
namespace {

using auth::iam::AttachedPolicy;
using auth::iam::DecidedBy;
using auth::iam::Outcome;
using auth::iam::PolicyPtr;
using auth::iam::PolicySet;
using auth::iam::TraceEntry;
using base::OrderedJson;

using OpenKeys = std::vector<std::string>;

// Calls visit(position, length, key) for each variable with a key: "${aws:username}".
template <class Visit>
void each_variable(std::string_view text, Visit visit) {
  for (std::size_t at = 0; (at = text.find("${", at)) != std::string_view::npos; at += 2) {
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) return;
    const std::string_view inside = text.substr(at + 2, end - at - 2);
    const std::string_view key = inside.substr(0, inside.find(','));
    if (key.find(':') != std::string_view::npos) visit(at, end + 1 - at, key);
  }
}

void add_key(OpenKeys& keys, std::string_view key) {
  const bool known = std::any_of(keys.begin(), keys.end(), [&](const std::string& other) {
    return base::equals_ignore_case(other, key);
  });
  if (!known) keys.emplace_back(key);
}

void add_variables(const OrderedJson& json, OpenKeys& keys) {
  if (json.is_string()) {
    each_variable(json.get_ref<const std::string&>(),
                  [&](std::size_t, std::size_t, std::string_view key) { add_key(keys, key); });
  } else if (json.is_structured()) {
    for (const OrderedJson& element : json) add_variables(element, keys);
  }
}

bool contains(const OpenKeys& keys, std::string_view key) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const std::string& one) { return base::equals_ignore_case(one, key); });
}

bool has_open_variable(const OrderedJson& json, const OpenKeys& open) {
  OpenKeys found;
  add_variables(json, found);
  return std::any_of(found.begin(), found.end(),
                     [&](const std::string& key) { return contains(open, key); });
}

// The text with "*" in place of each open variable: any value may stand there.
std::string with_wildcards(std::string text, const OpenKeys& open) {
  for (bool again = true; again;) {
    again = false;
    each_variable(std::string(text), [&](std::size_t at, std::size_t length, std::string_view key) {
      if (again || !contains(open, key)) return;
      text.replace(at, length, "*");
      again = true;
    });
  }
  return text;
}

// Conditions that are open are met.
void drop_open_conditions(OrderedJson& statement, const OpenKeys& open) {
  const auto found = statement.find("Condition");
  if (found == statement.end()) return;
  OrderedJson kept = OrderedJson::object();
  for (const auto& [name, of_operator] : found->items()) {
    for (const auto& [key, values] : of_operator.items()) {
      if (!contains(open, key) && !has_open_variable(values, open)) kept[name][key] = values;
    }
  }
  if (kept.empty()) {
    statement.erase("Condition");
  } else {
    *found = std::move(kept);
  }
}

OrderedJson as_list(const OrderedJson& value) {
  return value.is_array() ? value : OrderedJson::array({value});
}

// Resources that are open match. What NotResource leaves out is not left out where it is open.
void widen_resources(OrderedJson& statement, const OpenKeys& open) {
  if (statement.contains("Resource")) {
    OrderedJson list = as_list(statement["Resource"]);
    for (OrderedJson& one : list) one = with_wildcards(one.get<std::string>(), open);
    statement["Resource"] = std::move(list);
  }
  if (!statement.contains("NotResource")) return;
  OrderedJson kept = OrderedJson::array();
  for (const OrderedJson& one : as_list(statement["NotResource"])) {
    if (!has_open_variable(one, open)) kept.push_back(one);
  }
  if (kept.empty()) {
    statement.erase("NotResource");
    statement["Resource"] = "*";
  } else {
    statement["NotResource"] = std::move(kept);
  }
}

// It takes the place of a statement that does not apply, so that the others keep their index.
OrderedJson empty_statement(const OrderedJson& statement) {
  OrderedJson empty = {{"Effect", statement.at("Effect")}, {"NotAction", "*"}};
  for (const char* member : {"Principal", "NotPrincipal"}) {
    if (statement.contains(member)) empty[member] = statement[member];
  }
  if (!statement.contains("Principal") && !statement.contains("NotPrincipal")) {
    empty["Resource"] = "*";
  }
  return empty;
}

// The lists in which one allow is enough for all of a list, or for each of its policies.
std::tuple<DecidedBy, std::size_t, std::size_t> group_of(const TraceEntry& entry) {
  const bool each = entry.type == DecidedBy::kBoundary || entry.type == DecidedBy::kScopeDown ||
                    entry.type == DecidedBy::kEndpoint;
  return {entry.type, entry.level, each ? entry.policy : 0};
}

// The verdict with its policy in the set that was asked about: statements keep their places.
void point_into(const PolicySet& from, const PolicySet& to, auth::iam::Verdict& verdict) {
  if (verdict.policy == nullptr) return;
  for (const TraceEntry& entry : verdict.trace) {
    if (entry.type != verdict.decided_by) continue;
    const AttachedPolicy& old = policies_of(from, entry.type, entry.level)[entry.policy];
    if (old.policy.get() != verdict.policy) continue;
    const AttachedPolicy& now = policies_of(to, entry.type, entry.level)[entry.policy];
    verdict.policy = now.policy.get();
    verdict.source = now.source;
    return;
  }
}

}  // namespace

const std::vector<OutlookMaker::Statement>& OutlookMaker::statements_of(const PolicyPtr& policy) {
  const auto known = statements_.find(policy);
  if (known != statements_.end()) return known->second;
  std::vector<Statement> statements;
  for (std::size_t i = 0; i < policy->statement_count(); ++i) {
    const auto json = OrderedJson::parse(policy->statement_json(i));
    Statement& statement = statements.emplace_back();
    statement.allow = json.at("Effect") == "Allow";
    if (const auto conditions = json.find("Condition"); conditions != json.end()) {
      for (const OrderedJson& of_operator : *conditions) {
        for (const auto& [key, values] : of_operator.items()) add_key(statement.keys, key);
      }
    }
    for (const char* member : {"Condition", "Resource", "NotResource"}) {
      if (json.contains(member)) add_variables(json[member], statement.keys);
    }
  }
  return statements_.emplace(policy, std::move(statements)).first->second;
}

OpenKeys OutlookMaker::open_keys(const Question& question, const PolicyPtr& policy,
                                 std::size_t statement) {
  OpenKeys open;
  for (const std::string& key : statements_of(policy)[statement].keys) {
    if (!question.knows(base::to_lower(key))) open.push_back(key);
  }
  return open;
}

PolicyPtr OutlookMaker::assume(const Question& question, const PolicyPtr& policy, bool best,
                               bool& changed) {
  const auto& statements = statements_of(policy);
  std::vector<OpenKeys> open;
  std::string name = base::format("{} {}", static_cast<const void*>(policy.get()), best);
  bool some = false;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    open.push_back(open_keys(question, policy, i));
    some = some || !open.back().empty();
    name += base::format("\n{}", base::join(open.back(), " "));
  }
  if (!some) return policy;
  changed = true;
  const auto known = assumed_.find(name);
  if (known != assumed_.end()) return known->second;
  OrderedJson list = OrderedJson::array();
  for (std::size_t i = 0; i < statements.size(); ++i) {
    auto statement = OrderedJson::parse(policy->statement_json(i));
    statement.erase("Sid");  // ECR's policies may repeat one
    if (!open[i].empty() && statements[i].allow != best) {
      statement = empty_statement(statement);
    } else if (!open[i].empty()) {
      drop_open_conditions(statement, open[i]);
      widen_resources(statement, open[i]);
    }
    list.push_back(std::move(statement));
  }
  const OrderedJson document = {{"Version", "2012-10-17"}, {"Statement", std::move(list)}};
  auto parsed = auth::iam::Policy::parse(base::dump(document), auth::iam::PolicyType::kAny);
  if (!parsed) throw std::logic_error("a policy that was taken apart does not parse");
  return assumed_.emplace(std::move(name), std::move(*parsed)).first->second;
}

PolicySet OutlookMaker::assume(const Question& question, bool best, bool& changed) {
  PolicySet set = question.policies;
  const auto each = [&](std::vector<AttachedPolicy>& list) {
    for (AttachedPolicy& one : list) one.policy = assume(question, one.policy, best, changed);
  };
  for (auto* list : {&set.identity, &set.boundaries, &set.session, &set.scope_down, &set.endpoint,
                     &set.resource}) {
    each(*list);
  }
  for (auto& level : set.scps) each(level);
  for (auto& level : set.rcps) each(level);
  return set;
}

// The tests of the statement that are open, and the keys of its variables.
void OutlookMaker::add_needs(const Question& question, const TraceEntry& entry, bool allows,
                             std::vector<Need>& needs) {
  const auto& attached = policies_of(question.policies, entry.type, entry.level)[entry.policy];
  OpenKeys open = open_keys(question, attached.policy, entry.statement);
  if (open.empty()) return;
  const auto json = OrderedJson::parse(attached.policy->statement_json(entry.statement));
  OpenKeys tested;
  if (const auto conditions = json.find("Condition"); conditions != json.end()) {
    for (const auto& [test, of_operator] : conditions->items()) {
      for (const auto& [key, values] : of_operator.items()) {
        if (!contains(open, key)) continue;
        needs.push_back({key, test, base::dump(values), allows});
        add_key(tested, key);
      }
    }
  }
  for (std::string& key : open) {
    if (!contains(tested, key)) needs.push_back({std::move(key), "", "", allows});
  }
}

// Of the statements that are met in the best case: an Allow counts where nothing else allows in
// its list, and a Deny where it is met in the worst case.
std::vector<Need> OutlookMaker::deciding_needs(const Question& question,
                                               const auth::iam::Verdict& best,
                                               const auth::iam::Verdict& worst) {
  using Group = std::tuple<DecidedBy, std::size_t, std::size_t>;
  const auto allows = [&](const TraceEntry& entry) {
    const auto& policy = policies_of(question.policies, entry.type, entry.level)[entry.policy];
    return statements_of(policy.policy)[entry.statement].allow;
  };
  std::set<Group> certain;  // lists with an allow in every case
  for (const TraceEntry& entry : worst.trace) {
    if (entry.outcome == Outcome::kMatched && allows(entry)) certain.insert(group_of(entry));
  }
  std::vector<Need> needs;
  for (const TraceEntry& entry : best.trace) {
    if (entry.outcome == Outcome::kMatched && allows(entry) && !certain.contains(group_of(entry))) {
      add_needs(question, entry, true, needs);
    }
  }
  for (const TraceEntry& entry : worst.trace) {
    if (entry.outcome == Outcome::kMatched && !allows(entry)) {
      add_needs(question, entry, false, needs);
    }
  }
  std::sort(needs.begin(), needs.end());
  needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
  return needs;
}

Outlook OutlookMaker::look(const Question& question, std::size_t most_steps) {
  Outlook outlook;
  outlook.verdict = evaluate(question.request, question.policies, most_steps);
  bool changed = false;
  const PolicySet best_set = assume(question, true, changed);
  if (!changed) {
    outlook.best = outlook.verdict;
    outlook.answer = outlook.verdict.allowed() ? Outlook::Answer::kAlways : Outlook::Answer::kNever;
    return outlook;
  }
  const PolicySet worst_set = assume(question, false, changed);
  outlook.best = evaluate(question.request, best_set, most_steps);
  const auto worst = evaluate(question.request, worst_set, most_steps);
  if (worst.allowed()) {
    outlook.answer = Outlook::Answer::kAlways;
    outlook.best = outlook.verdict;
  } else if (outlook.best.allowed()) {
    outlook.answer = Outlook::Answer::kSometimes;
    outlook.needs = deciding_needs(question, outlook.best, worst);
    for (const Need& need : outlook.needs) add_key(outlook.conditions, need.key);
    point_into(best_set, question.policies, outlook.best);
  } else {
    outlook.best = outlook.verdict;
  }
  return outlook;
}

}  // namespace ecr::api::admin::what_if
