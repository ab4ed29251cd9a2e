#include "server/cli/explain_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/explain_reason.h"
#include "server/cli/text_tree.h"

namespace ecr::server {
namespace {

using base::OrderedJson;
using base::text_member;

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kKinds = {{
    {"scp", "service control policies"},
    {"rcp", "resource control policies"},
    {"resource", "resource-based policies"},
    {"identity", "identity-based policies"},
    {"boundary", "permissions boundaries"},
    {"session", "session policies"},
}};

// An array member; empty where there is none.
const OrderedJson& list(const OrderedJson& object, const char* name) {
  static const OrderedJson kNone = OrderedJson::array();
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : kNone;
}

std::string number(const OrderedJson& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? std::string() : base::dump(*found);
}

std::string statement_line(const OrderedJson& entry, const OrderedJson& decision) {
  const bool matched = text_member(entry, "outcome") == "Matched";
  const std::string sid = text_member(entry, "sid");
  return base::format("{} {} (statement {}{}): {}", matched ? "✓" : "✗",
                      text_member(entry, "effect"), number(entry, "index"),
                      sid.empty() ? "" : ", Sid " + sid,
                      matched ? std::string("applies") : reason_of_mismatch(entry, decision));
}

// The policies of one kind, each with its statements.
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
      if (!level.empty()) name = base::format("level {}: {}", level, name);
      tree.children.emplace_back(std::move(name), std::vector<TextTree>{});
    }
    tree.children.back().children.emplace_back(statement_line(entry, decision),
                                               std::vector<TextTree>{});
  }
  if (tree.children.empty()) tree.text += ": none";
  return tree;
}

// Kinds without policies are told only where that says something.
bool is_worth_telling(const OrderedJson& decision, std::string_view kind, const TextTree& tree) {
  return !tree.children.empty() || kind == "identity" || kind == "resource" ||
         text_member(decision, "decidedBy") == kind;
}

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

TextTree deciding_tree(const OrderedJson& decision) {
  const auto statement = decision.find("statement");
  if (statement == decision.end() || !statement->is_object()) {
    if (text_member(decision, "decision") == "Allowed") {
      return {"deciding statement: none, the action needs no permission", {}};
    }
    const std::string kind = text_member(decision, "decidedBy");
    const auto* found = std::find_if(kKinds.begin(), kKinds.end(),
                                     [&](const auto& known) { return known.first == kind; });
    return {base::format("deciding statement: none, the {} do not allow it",
                         found == kKinds.end() ? "policies" : found->second),
            {}};
  }
  return {base::format("deciding statement: {} of {}", number(*statement, "index"),
                       text_member(*statement, "source", "a policy")),
          {{base::dump(statement->value("document", OrderedJson())), {}}}};
}

TextTree suggestion_tree(const OrderedJson& decision) {
  TextTree tree("to allow it", {});
  for (const OrderedJson& step : list(decision, "suggestion")) {
    const std::string where = text_member(step, "where");
    const std::string sid = text_member(step, "sid");
    const std::string what =
        text_member(step, "change") == "add"
            ? "add to " + where
            : base::format("remove or narrow statement {}{} of {}", number(step, "index"),
                           sid.empty() ? "" : " (Sid " + sid + ")", where);
    tree.children.push_back({what, {{base::dump(step.value("statement", OrderedJson())), {}}}});
  }
  return tree;
}

}  // namespace

std::string explain_text(const OrderedJson& decision) {
  const std::string verdict = text_member(decision, "decision");
  const bool allowed = verdict == "Allowed";
  TextTree tree(base::format("{} {} on {}", allowed ? "✓" : "✗", text_member(decision, "action"),
                             text_member(decision, "resource")),
                {});
  const auto leaf = [&tree](std::string line) {
    tree.children.emplace_back(std::move(line), std::vector<TextTree>{});
  };
  leaf("principal: " + text_member(decision, "principal", "anonymous"));
  leaf("request: " + text_member(decision, "requestId") + " at " + text_member(decision, "time"));
  std::string line = base::format("verdict: {} ({})", verdict, text_member(decision, "decidedBy"));
  if (!allowed && !decision.value("enforced", true)) line += ", but let pass: --iam soft";
  leaf(std::move(line));
  if (!allowed) leaf("message: " + text_member(decision, "message"));
  for (const auto& [kind, title] : kKinds) {
    TextTree policies = policies_of_kind(decision, kind, title);
    if (is_worth_telling(decision, kind, policies)) tree.children.push_back(std::move(policies));
  }
  tree.children.push_back(context_tree(decision));
  tree.children.push_back(deciding_tree(decision));
  if (!allowed) tree.children.push_back(suggestion_tree(decision));
  return render(tree);
}

}  // namespace ecr::server
