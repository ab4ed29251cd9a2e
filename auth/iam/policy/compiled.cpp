#include "auth/iam/policy/compiled.h"

#include <nlohmann/json.hpp>

#include "auth/iam/policy/json_access.h"

namespace ecr::auth::iam {
namespace {

using base::OrderedJson;

// The grammar has checked the element: a text can only be "*", and every entry has a form that
// parse() reads.
void add_principals(const OrderedJson& element, PrincipalSet& out) {
  if (element.is_string()) {
    out.add({PrincipalEntry::Kind::kEveryone, {}});  // "Principal": "*"
    return;
  }
  for (const auto& [type, values] : element.items()) {
    for (const std::string& text : texts(values)) out.add(*PrincipalEntry::parse(type, text));
  }
}

// Makes the evaluator's form of one statement. `variables`: the policy's Version is 2012-10-17.
Statement compile_statement(const OrderedJson& json, bool variables) {
  Statement statement;
  statement.allow = json["Effect"] == "Allow";
  statement.not_action = json.contains("NotAction");
  statement.not_resource = json.contains("NotResource");
  statement.not_principal = json.contains("NotPrincipal");
  if (const OrderedJson* sid = member(json, "Sid")) statement.sid = sid->get<std::string>();
  // Kept for explanations and for `ecr-local evaluate`, which print the statement with its members
  // in their order (test: StatementsAreKeptAsWritten).
  statement.json = base::dump(json);

  // A single text may stand for a list everywhere in the language ("Grammar of the IAM JSON policy
  // language").
  statement.actions = ActionSet(texts(json[statement.not_action ? "NotAction" : "Action"]));
  if (const auto* element = member(json, statement.not_resource ? "NotResource" : "Resource")) {
    // Without the element the statement is about every resource. Only repository and trust policies
    // may leave it out.
    statement.has_resource = true;
    for (const std::string& text : texts(*element)) {
      statement.resources.emplace_back(text, variables);
    }
  }
  if (const auto* element = member(json, statement.not_principal ? "NotPrincipal" : "Principal")) {
    statement.has_principal = true;
    add_principals(*element, statement.principals);
  }
  if (const OrderedJson* conditions = member(json, "Condition")) {
    for (const auto& [name, keys] : conditions->items()) {
      for (const auto& [key, values] : keys.items()) {
        statement.conditions.emplace_back(name, *ConditionOperator::parse(name), key, texts(values),
                                          variables);
      }
    }
  }
  return statement;
}

}  // namespace

std::unique_ptr<const Policy::Compiled> compile(const OrderedJson& document) {
  auto compiled = std::make_unique<Policy::Compiled>();
  const OrderedJson* version = member(document, "Version");
  // A policy without Version is of version 2008-10-17, in which "${" is plain text ("IAM JSON
  // policy elements: Version").
  const bool variables = version != nullptr && *version == "2012-10-17";
  const OrderedJson& statements = document["Statement"];
  if (statements.is_object()) {
    compiled->statements.push_back(compile_statement(statements, variables));
  } else {
    compiled->statements.reserve(statements.size());
    for (const OrderedJson& statement : statements) {
      compiled->statements.push_back(compile_statement(statement, variables));
    }
  }
  return compiled;
}

}  // namespace ecr::auth::iam
