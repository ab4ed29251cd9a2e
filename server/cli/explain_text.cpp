#include "server/cli/explain_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::server {
namespace {

using base::OrderedJson;
using base::text_member;

// The order is that of IAM's evaluation (IAM user guide, "Policy evaluation logic"): organization,
// resource, identity, boundary, session, scope-down, VPC endpoint.
struct Kind {
  std::string_view name, one, all;
};
constexpr std::array<Kind, 8> kKinds = {{
    {"scp", "service control policy", "service control policies"},
    {"rcp", "resource control policy", "resource control policies"},
    {"resource", "resource-based policy", "resource-based policies"},
    {"identity", "identity-based policy", "identity-based policies"},
    {"boundary", "permissions boundary", "permissions boundaries"},
    {"session", "session policy", "session policies"},
    {"scope_down", "scope-down policy", "scope-down policies"},
    {"endpoint", "VPC endpoint policy", "VPC endpoint policies"},
}};

// An array member; empty where there is none. The answer comes from a server that may be newer or
// older than this program, so a member that is missing or has another type is taken as absent and
// never as an error (ExplainText.SurvivesWhatItDoesNotKnow).
const OrderedJson& list(const OrderedJson& object, const char* name) {
  static const OrderedJson kNone = OrderedJson::array();
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : kNone;
}

std::string number(const OrderedJson& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? std::string() : base::dump(*found);
}

// The context's value of a key, compared without case; null: absent. Names of condition keys have
// no case (IAM user guide, "Condition").
const OrderedJson* find_key(const OrderedJson& decision, std::string_view key) {
  const auto context = decision.find("context");
  if (context == decision.end() || !context->is_object()) return nullptr;
  for (const auto& [name, value] : context->items()) {
    if (base::equals_ignore_case(name, key)) return &value;
  }
  return nullptr;
}

// The values of the variables in a piece of policy: "; aws:username is \"jane\"".
std::string variables_note(const std::string& policy_text, const OrderedJson& decision) {
  std::string note;
  for (std::size_t at = 0; (at = policy_text.find("${", at)) != std::string::npos;) {
    // "${key, 'default'}" has a default behind a comma (IAM user guide, "Policy variables").
    const std::size_t end = policy_text.find_first_of(",}", at);
    if (end == std::string::npos) break;
    const std::string key = policy_text.substr(at + 2, end - at - 2);
    at = end;
    // ${*}, ${?} and ${$} stand for the characters themselves.
    if (key == "*" || key == "?" || key == "$") continue;
    const OrderedJson* value = find_key(decision, key);
    const std::string one = base::format(
        "; {} is {}", key, value == nullptr ? std::string("not there") : base::dump(*value));
    // A variable that occurs twice is explained once.
    if (note.find(one) == std::string::npos) note += one;
  }
  return note;
}

// For "Action" and "NotAction" alike: what the statement says, and what the request had.
std::string element_reason(const OrderedJson& entry, const OrderedJson& decision,
                           const std::string& name, const std::string& asked) {
  const auto document = entry.find("document");
  if (document == entry.end() || !document->is_object()) return name + " does not match";
  // A statement has either the element or its negation, never both (IAM JSON policy grammar).
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
  // null means that the request does not have the key. Most operators do not match then (IAM user
  // guide, "Condition operators").
  const OrderedJson actual = condition->value("actual", OrderedJson());
  const std::string wanted = base::dump(condition->value("wanted", OrderedJson()));
  return base::format("{} {} wants {}, the request {}{}", text_member(*condition, "operator"),
                      text_member(*condition, "key"), wanted,
                      actual.is_null() ? "does not have it" : "has " + base::dump(actual),
                      variables_note(wanted, decision));
}

// Why a statement did not apply, in words. `entry`: of the trace, with another outcome than
// "Matched".
std::string reason_of_mismatch(const OrderedJson& entry, const OrderedJson& decision) {
  const std::string outcome = text_member(entry, "outcome");
  // The outcomes are the elements in the order in which they are compared; the first that does not
  // fit is the reason.
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

// The marks say what a statement did to the request: ✓ allowed it, ✗ denied it, and – neither, as
// it does not apply. A Deny that does not apply must not look like one that denies.
std::string statement_line(const OrderedJson& entry, const OrderedJson& decision) {
  const bool matched = text_member(entry, "outcome") == "Matched";
  const std::string effect = text_member(entry, "effect");
  const std::string sid = text_member(entry, "sid");
  return base::format(
      "{} {} (statement {}{}) {}",
      !matched           ? "–"
      : effect == "Deny" ? "✗"
                         : "✓",
      effect, number(entry, "index"), sid.empty() ? "" : ", Sid " + sid,
      matched ? std::string("applies") : "does not apply: " + reason_of_mismatch(entry, decision));
}

// The policies of one kind, each with its statements. The trace is flat. Neighbouring entries of
// the same level and policy are the statements of one policy.
TextTree policies_of_kind(const OrderedJson& decision, std::string_view kind,
                          std::string_view title) {
  TextTree tree(std::string(title), {});
  std::string current;
  for (const OrderedJson& entry : list(decision, "trace")) {
    if (text_member(entry, "policyType") != kind) continue;
    const std::string level = number(entry, "level");
    const std::string key = level + "/" + number(entry, "policy");
    if (tree.children.empty() || key != current) {
      current = key;
      std::string name = text_member(entry, "source");
      if (name.empty()) name = "policy " + number(entry, "policy");
      // SCPs and RCPs apply at each level of the organization, from the root down to the account,
      // and every level has to allow.
      if (!level.empty()) name = base::format("level {}: {}", level, name);
      tree.children.emplace_back(std::move(name), std::vector<TextTree>{});
    }
    tree.children.back().children.emplace_back(statement_line(entry, decision),
                                               std::vector<TextTree>{});
  }
  if (tree.children.empty()) tree.text += ": none";
  return tree;
}

// A kind without policies is shown only where its absence explains the decision.
bool is_worth_showing(const OrderedJson& decision, std::string_view kind, const TextTree& tree) {
  return !tree.children.empty() || kind == "identity" || kind == "resource" ||
         text_member(decision, "decidedBy") == kind;
}

// The values that conditions were compared with, as the server had them. A wrong expectation about
// them is a usual cause of a denial.
TextTree context_tree(const OrderedJson& decision) {
  TextTree tree("context", {});
  const auto context = decision.find("context");
  if (context == decision.end() || !context->is_object()) return tree;
  for (const auto& [key, value] : context->items()) {
    tree.children.emplace_back(
        base::format("{} = {}", key,
                     value.is_string() ? value.get<std::string>() : base::dump(value)),
        std::vector<TextTree>{});
  }
  return tree;
}

// No statement decided: either no policy was needed (as for sts:GetCallerIdentity), or none allowed
// the request, and then the kind that should have is named.
TextTree deciding_tree(const OrderedJson& decision) {
  const auto statement = decision.find("statement");
  if (statement == decision.end() || !statement->is_object()) {
    if (text_member(decision, "decision") == "Allowed") {
      return {"deciding statement: none, the action needs no permission", {}};
    }
    const std::string kind = text_member(decision, "decidedBy");
    const auto* found = std::find_if(kKinds.begin(), kKinds.end(),
                                     [&](const auto& known) { return known.name == kind; });
    return {base::format("deciding statement: none, as no {} allows it",
                         found == kKinds.end() ? "policy" : found->one),
            {}};
  }
  return {base::format("deciding statement: {} of {}", number(*statement, "index"),
                       text_member(*statement, "source", "a policy")),
          {{base::dump(statement->value("document", OrderedJson())), {}}}};
}

std::string member_json(const OrderedJson& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? "null" : base::dump(*found);
}

void add_leaf(TextTree& tree, std::string line) {
  tree.children.emplace_back(std::move(line), std::vector<TextTree>{});
}

// An implicit denial is lifted by one more statement, an explicit one only by changing the
// statement that denies. What takes its place denies as much as before, but for the request.
TextTree step_tree(const OrderedJson& step) {
  const std::string where = text_member(step, "where");
  if (text_member(step, "change") == "add") {
    return {"add to " + where, {{member_json(step, "statement"), {}}}};
  }
  const std::string sid = text_member(step, "sid");
  const std::string which = base::format("statement {}{} of {}", number(step, "index"),
                                         sid.empty() ? "" : " (Sid " + sid + ")", where);
  const OrderedJson& narrowed = list(step, "narrowed");
  if (narrowed.empty()) {
    return {"remove or narrow " + which + ", which denies it",
            {{member_json(step, "statement"), {}}}};
  }
  TextTree tree("replace " + which + ", which denies it, by", {});
  for (const OrderedJson& statement : narrowed) add_leaf(tree, base::dump(statement));
  const std::string more = text_member(step, "narrowedAlsoAllows");
  if (!more.empty()) {
    add_leaf(tree, "careful: this no longer denies the caller " + more +
                       " either, as no statement can leave one name out of a pattern");
  }
  return tree;
}

// Where the statements are good and only a tag is missing.
void add_alternatives(const OrderedJson& advice, TextTree& tree) {
  for (const OrderedJson& one : list(advice, "alternatives")) {
    if (!one.is_object() || text_member(one, "change") != "tag") continue;
    tree.children.emplace_back("or tag " + text_member(one, "where"), std::vector<TextTree>{});
    add_leaf(tree.children.back(), text_member(one, "command"));
    add_leaf(tree.children.back(), text_member(one, "caution"));
  }
}

// docker is the usual client, others have the same requests.
std::string_view client_word(const OrderedJson& decision) {
  const OrderedJson* agent = find_key(decision, "aws:UserAgent");
  if (agent == nullptr || !agent->is_string()) return "docker ";
  return agent->get_ref<const std::string&>().starts_with("docker/") ? "docker " : "";
}

// `advice`: a decision or its work. Additions are shown as the whole policies that the APIs take,
// where the server has them.
TextTree suggestion_tree(std::string title, const OrderedJson& advice) {
  TextTree tree(std::move(title), {});
  std::vector<std::string> shown;  // places
  const auto place = [](const OrderedJson& one) {
    return number(one, "level") + "/" + text_member(one, "where");
  };
  for (const OrderedJson& step : list(advice, "suggestion")) {
    if (text_member(step, "change") != "add") tree.children.push_back(step_tree(step));
  }
  for (const OrderedJson& one : list(advice, "documents")) {
    tree.children.emplace_back(text_member(one, "how"), std::vector<TextTree>{});
    add_leaf(tree.children.back(), member_json(one, "document"));
    shown.push_back(place(one));
  }
  for (const OrderedJson& step : list(advice, "suggestion")) {
    if (text_member(step, "change") != "add") continue;
    if (std::find(shown.begin(), shown.end(), place(step)) == shown.end()) {
      tree.children.push_back(step_tree(step));
    }
    const std::string caution = text_member(step, "caution");
    if (!caution.empty()) add_leaf(tree, caution);
  }
  return tree;
}

// A client is refused at the first request that it may not make. Advice on that request alone would
// only lead to the next refusal, so that the advice on the whole push or pull comes first.
void add_suggestions(const OrderedJson& decision, TextTree& tree) {
  if (list(decision, "suggestion").empty()) return;
  const auto work = decision.find("work");
  if (work == decision.end() || !work->is_object()) {
    tree.children.push_back(suggestion_tree("to allow it", decision));
    add_alternatives(decision, tree.children.back());
    return;
  }
  TextTree all = suggestion_tree(
      base::format("to allow the whole {}{}", client_word(decision), text_member(*work, "name")),
      *work);
  add_alternatives(*work, all);
  std::vector<std::string> denied;
  for (const OrderedJson& one : list(*work, "denied")) {
    if (one.is_string()) denied.push_back(one.get<std::string>());
  }
  if (!denied.empty()) {
    add_leaf(all, "change the statements that deny " + base::join(denied, ", "));
  }
  tree.children.push_back(std::move(all));
  tree.children.push_back(suggestion_tree(
      base::format("to allow {} alone", text_member(decision, "action")), decision));
  if (list(*work, "alternatives").empty()) add_alternatives(decision, tree.children.back());
}

// Who asked. A web identity is nobody yet when it assumes a role: its token tells who it is.
std::string principal_text(const OrderedJson& decision) {
  const std::string arn = text_member(decision, "principal");
  if (!arn.empty()) return arn;
  const OrderedJson* provider = find_key(decision, "aws:FederatedProvider");
  if (provider == nullptr || !provider->is_string()) return "anonymous";
  const std::string name = provider->get<std::string>();
  constexpr std::string_view kKind = ":oidc-provider/";
  const std::size_t at = name.find(kKind);
  const OrderedJson* subject = find_key(
      decision, (at == std::string::npos ? name : name.substr(at + kKind.size())) + ":sub");
  return base::format("a web identity of {}{}", name,
                      subject == nullptr ? "" : ", subject " + base::dump(*subject));
}

// "request: 0f1e at 2026-01-31T12:00:00.000Z, 2 minutes ago"
std::string request_text(const OrderedJson& entry) {
  const std::string age = text_member(entry, "age");
  return base::format("request: {} at {}{}", text_member(entry, "requestId"),
                      text_member(entry, "time"), age.empty() ? "" : ", " + age);
}

// Bytes from 0x80 on pass: they are UTF-8, and part of names that people chose.
void append_line(std::string& out, const std::string& text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  out += '\n';
}

// The trees here are four levels deep, so the recursion is bounded.
void append_children(std::string& out, const TextTree& tree, const std::string& indent) {
  for (std::size_t i = 0; i < tree.children.size(); ++i) {
    const bool last = i + 1 == tree.children.size();
    out += indent;
    out += last ? "└─ " : "├─ ";
    append_line(out, tree.children[i].text);
    append_children(out, tree.children[i], indent + (last ? "   " : "│  "));
  }
}

}  // namespace

std::string render(const TextTree& tree) {
  std::string out;
  append_line(out, tree.text);
  append_children(out, tree, "");
  return out;
}

std::string explain_text(const OrderedJson& decision) {
  const std::string verdict = text_member(decision, "decision");
  const bool allowed = verdict == "Allowed";
  // With --iam soft a denial is recorded and the request goes on.
  const auto enforced = decision.find("enforced");
  const bool passed =
      !allowed && enforced != decision.end() && enforced->is_boolean() && !enforced->get<bool>();
  TextTree tree(base::format("{} {} on {}{}", allowed ? "✓" : "✗", text_member(decision, "action"),
                             text_member(decision, "resource"),
                             passed ? " (allowed all the same: --iam soft)" : ""),
                {});
  add_leaf(tree, base::format("verdict: {} ({}){}", verdict, text_member(decision, "decidedBy"),
                              passed ? ", but not enforced" : ""));
  if (!allowed) add_leaf(tree, "message: " + text_member(decision, "message"));
  // A question of `ecr-local test` is no request.
  if (!text_member(decision, "requestId").empty()) add_leaf(tree, request_text(decision));
  for (const OrderedJson& line : list(decision, "since")) {
    if (line.is_string()) add_leaf(tree, "since then: " + line.get<std::string>());
  }
  for (const OrderedJson& hint : list(decision, "hints")) {
    if (hint.is_string()) add_leaf(tree, "note: " + hint.get<std::string>());
  }
  add_suggestions(decision, tree);
  add_leaf(tree, "principal: " + principal_text(decision));
  tree.children.push_back(deciding_tree(decision));
  for (const Kind& kind : kKinds) {
    TextTree policies = policies_of_kind(decision, kind.name, kind.all);
    if (is_worth_showing(decision, kind.name, policies))
      tree.children.push_back(std::move(policies));
  }
  tree.children.push_back(context_tree(decision));
  return render(tree);
}

std::string failure_text(const OrderedJson& failure) {
  TextTree tree(base::format("✗ {}: the caller is not known ({})", text_member(failure, "request"),
                             text_member(failure, "error")),
                {});
  add_leaf(tree, "why: " + text_member(failure, "why"));
  add_leaf(tree, "message: " + text_member(failure, "message"));
  const std::string key = text_member(failure, "accessKeyId");
  if (!key.empty()) add_leaf(tree, "access key: " + key);
  add_leaf(tree, request_text(failure));
  return render(tree);
}

}  // namespace ecr::server
