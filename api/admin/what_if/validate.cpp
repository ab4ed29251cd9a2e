#include "api/admin/what_if/validate.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/body_node.h"
#include "api/admin/what_if/change.h"
#include "api/images/lifecycle/lint.h"
#include "auth/iam/policy/policy.h"

namespace ecr::api::admin::what_if {
namespace {

using auth::iam::PolicyType;
using base::OrderedJson;

constexpr std::pair<std::string_view, std::optional<PolicyType>> kPolicyTypes[] = {
    {"identity", PolicyType::kIdentity},
    {"session", PolicyType::kSession},
    {"repository", PolicyType::kRepository},
    {"resource", PolicyType::kRepository},
    {"registry", PolicyType::kRegistry},
    {"trust", PolicyType::kTrust},
    {"scp", PolicyType::kScp},
    {"rcp", PolicyType::kRcp},
    {"endpoint", PolicyType::kEndpoint},
    {"lifecycle", std::nullopt}};

// Where the text of a line begins: the place of a finding is known by its line.
std::size_t first_column(std::string_view text, std::size_t line) {
  std::size_t begin = 0;
  for (std::size_t i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) return 1;
    begin = end + 1;
  }
  const std::size_t at = text.find_first_not_of(" \t\r", begin);
  return at == std::string_view::npos ? 1 : at - begin + 1;
}

OrderedJson finding_json(std::string_view text, const auth::iam::PolicyProblem& problem) {
  const std::size_t line = std::max<std::size_t>(problem.line, 1);
  return {{"severity", problem.warning ? "warning" : "error"},
          {"path", problem.path},
          {"message", problem.message},
          {"detail", problem.detail},
          {"line", line},
          {"column", first_column(text, line)}};
}

}  // namespace

HttpResponse answer_validate_policy(const HttpRequest& request) {
  const OrderedJson document = read_body(request.body);
  const BodyNode body(document, "");
  body.check_members({"document", "type"});
  std::vector<std::string> names;
  for (const auto& row : kPolicyTypes) names.emplace_back(row.first);
  const std::string name = body.choice("type", names);
  const std::string text = body.document("document", kMostDocumentBytes);
  const auto row = std::find_if(std::begin(kPolicyTypes), std::end(kPolicyTypes),
                                [&](const auto& one) { return one.first == name; });
  const auto problems =
      row->second ? auth::iam::lint_policy(text, *row->second) : lifecycle::lint(text);
  bool valid = true;
  OrderedJson findings = OrderedJson::array();
  for (const auto& problem : problems) {
    valid = valid && problem.warning;
    findings.push_back(finding_json(text, problem));
  }
  return json_response(200, OrderedJson{{"valid", valid}, {"findings", std::move(findings)}});
}

}  // namespace ecr::api::admin::what_if
