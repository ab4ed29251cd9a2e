// The way of a document: text (document.cpp) → JSON → findings (grammar.cpp) → compiled form
// (compiled.cpp). parse() stops at a problem; lint_policy() goes on and collects all of them.
#include "auth/iam/policy/policy.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "auth/iam/policy/compiled.h"
#include "auth/iam/policy/document.h"
#include "auth/iam/policy/grammar.h"
#include "auth/iam/policy/json_access.h"
#include "auth/iam/policy/json_text.h"

namespace ecr::auth::iam {
namespace {

// The checks know only the path of an element; its line is looked up here, when the problem is
// reported.
PolicyProblem to_problem(const Finding& finding, const LineIndex& lines) {
  PolicyProblem problem;
  problem.warning = finding.stage == Stage::kWarning;
  problem.line = lines.line_of(finding.path);
  problem.message = finding.message;
  problem.path = finding.path;
  problem.detail = finding.detail;
  return problem;
}

}  // namespace

tl::expected<PolicyPtr, PolicyProblem> make_policy(const base::OrderedJson& document,
                                                   PolicyType type, std::string_view text) {
  const auto findings = check_grammar(document, type);
  // AWS reports one problem: that of the earliest of its stages, and the first one of that stage.
  // min_element returns the first of equals.
  if (!findings.empty()) {
    const auto first =
        std::min_element(findings.begin(), findings.end(),
                         [](const Finding& a, const Finding& b) { return a.stage < b.stage; });
    return tl::unexpected(to_problem(*first, LineIndex(text)));
  }
  return std::make_shared<const Policy>(compile(document));
}

tl::expected<PolicyPtr, PolicyProblem> Policy::parse(std::string_view document, PolicyType type) {
  const auto json = read_document(document, type);
  if (!json) return tl::unexpected(json.error());
  return make_policy(*json, type, document);
}

Policy::Policy(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

Policy::~Policy() = default;

std::size_t Policy::statement_count() const { return compiled_->statements.size(); }

std::string Policy::sid(std::size_t statement) const {
  return compiled_->statements.at(statement).sid;
}

std::string Policy::statement_json(std::size_t statement) const {
  return compiled_->statements.at(statement).json;
}

std::string Policy::condition_text(std::size_t statement, std::size_t condition) const {
  const Condition& found = compiled_->statements.at(statement).conditions.at(condition);
  return found.operator_name() + " " + found.key_name();
}

// Unique ids are left out: a policy that IAM has stored may name an entity that is gone, and stays
// valid.
std::vector<std::string> Policy::principal_arns() const {
  std::vector<std::string> arns;
  for (const Statement& statement : compiled_->statements) {
    for (const PrincipalEntry& entry : statement.principals.entries()) {
      if (entry.kind == PrincipalEntry::Kind::kArn &&
          std::find(arns.begin(), arns.end(), entry.text) == arns.end()) {
        arns.push_back(entry.text);
      }
    }
  }
  return arns;
}

namespace {

// "Statement[1]" holds "Statement[1].Action", but not "Statement[10]".
bool is_within(std::string_view path, std::string_view statement) {
  return path.starts_with(statement) &&
         (path.size() == statement.size() || path[statement.size()] == '.');
}

// Returns the warnings about each statement without a syntax error of its own: the checks rely on
// the JSON types of its elements.
std::vector<Finding> find_doubtful_statements(const base::OrderedJson& document,
                                              const std::vector<Finding>& faults, PolicyType type) {
  std::vector<Finding> warnings;
  const auto add = [&](const base::OrderedJson& statement, const std::string& path) {
    const bool broken = std::any_of(faults.begin(), faults.end(), [&](const Finding& fault) {
      return fault.stage == Stage::kSyntax && is_within(fault.path, path);
    });
    if (broken) return;
    // As in compile(): only this version has policy variables.
    const auto* version = member(document, "Version");
    const bool variables = version != nullptr && *version == "2012-10-17";
    for (auto& some :
         {find_doubtful(statement, path), find_doubtful_values(statement, path, variables),
          find_open_doors(statement, path, type)}) {
      warnings.insert(warnings.end(), some.begin(), some.end());
    }
  };
  const auto* statements = document.is_object() ? member(document, "Statement") : nullptr;
  if (statements == nullptr) return warnings;
  if (statements->is_object()) add(*statements, "Statement");
  if (!statements->is_array()) return warnings;
  for (std::size_t i = 0; i < statements->size(); ++i) {
    add((*statements)[i], item("Statement", i));
  }
  return warnings;
}

}  // namespace

std::vector<PolicyProblem> lint_policy(std::string_view document, PolicyType type) {
  const auto json = read_document(document, type);
  // A text that is no JSON has one problem: there is nothing else to check.
  if (!json) return {json.error()};
  auto findings = check_grammar(*json, type);
  for (const auto& more :
       {find_doubtful_statements(*json, findings, type), check_size(document, type)}) {
    findings.insert(findings.end(), more.begin(), more.end());
  }
  std::vector<PolicyProblem> problems;
  const LineIndex lines(document);
  for (const Finding& finding : findings) problems.push_back(to_problem(finding, lines));
  // Stable: problems of one line keep the order in which they were found, faults before warnings.
  std::stable_sort(problems.begin(), problems.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  return problems;
}

}  // namespace ecr::auth::iam
