// Policy documents as users store them: parsed, linted and evaluated for every place a policy can
// be stored in.
#include <algorithm>
#include <array>
#include <string>

#include <nlohmann/json.hpp>

#include "auth/iam/evaluate.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace ecr::auth::iam;
using ecr::fuzz::require;

constexpr std::array kTypes = {
    PolicyType::kIdentity, PolicyType::kSession,  PolicyType::kRepository,
    PolicyType::kRegistry, PolicyType::kTrust,    PolicyType::kScp,
    PolicyType::kRcp,      PolicyType::kEndpoint, PolicyType::kAny};

const Request& fixed_request() {
  static const Request request = [] {
    Request made;
    made.principal = make_principal("arn:aws:iam::123456789012:user/jane", "").value();
    made.principal.unique_id = "AIDAJANE";
    made.action = "ecr:PutImage";
    made.resource = "arn:aws:ecr:us-east-1:123456789012:repository/team/app";
    made.resource_account = "123456789012";
    made.context = {{"aws:username", "jane"},
                    {"aws:SourceIp", "10.0.0.1"},
                    {"aws:CurrentTime", "2026-01-01T00:00:00Z"},
                    {"aws:EpochTime", "1767225600"},
                    {"aws:SecureTransport", "true"},
                    {"aws:PrincipalArn", "arn:aws:iam::123456789012:user/jane"},
                    {"aws:PrincipalTag/team", "a*b"},
                    {"ecr:ResourceTag/size", "12.5"}};
    made.context.set_multi("aws:TagKeys", {"a", "B"});
    return made;
  }();
  return request;
}

const PolicyPtr& deny_everything() {
  static const PolicyPtr policy = Policy::parse(R"({"Version":"2012-10-17",
                        "Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})",
                                                PolicyType::kIdentity)
                                      .value();
  return policy;
}

void check_verdict(const Verdict& verdict, const PolicySet& policies) {
  const Verdict again = evaluate(fixed_request(), policies);
  require(again.decision == verdict.decision && again.decided_by == verdict.decided_by &&
              again.statement == verdict.statement,
          "the same request has the same verdict");
  if (verdict.policy != nullptr) {
    require(verdict.statement < verdict.policy->statement_count(), "the statement exists");
  }
  if (!verdict.allowed()) {
    require(!denial_message(fixed_request(), verdict).empty(), "a denial has its sentence");
  }
}

void check_evaluation(const PolicyPtr& policy) {
  const AttachedPolicy attached{policy, "p"};
  PolicySet identity;
  identity.identity.push_back(attached);
  check_verdict(evaluate(fixed_request(), identity), identity);
  PolicySet everywhere = identity;
  everywhere.boundaries.push_back(attached);
  everywhere.session.push_back(attached);
  everywhere.scope_down.push_back(attached);
  everywhere.endpoint.push_back(attached);
  everywhere.resource.push_back(attached);
  everywhere.scps.push_back({attached});
  everywhere.rcps.push_back({attached});
  check_verdict(evaluate(fixed_request(), everywhere), everywhere);
  everywhere.identity.push_back({deny_everything(), "deny"});
  require(evaluate(fixed_request(), everywhere).decision == Decision::kExplicitlyDenied,
          "an explicit deny trumps everything");
}

void check_policy(const PolicyPtr& policy) {
  for (std::size_t i = 0; i < policy->statement_count(); ++i) {
    require(ecr::base::parse_json(policy->statement_json(i)).has_value(),
            "a statement is shown as JSON");
    static_cast<void>(policy->sid(i));
  }
  for (const std::string& arn : policy->principal_arns()) {
    require(arn.starts_with("arn:"), "a named principal is an ARN");
  }
  check_evaluation(policy);
}

}  // namespace

ECR_FUZZ_TARGET(policy) {
  constexpr std::size_t kLeastSizeLimit = 2048;  // of session policies
  const std::string_view document = ecr::fuzz::as_text(data, size);
  require(counted_size(document) <= size, "no more characters than bytes");
  const auto lines = static_cast<std::size_t>(std::count(document.begin(), document.end(), '\n'));
  for (const PolicyType type : kTypes) {
    const auto policy = Policy::parse(document, type);
    const auto problems = lint_policy(document, type);
    const bool clean = std::all_of(problems.begin(), problems.end(),
                                   [](const PolicyProblem& problem) { return problem.warning; });
    // The size that a policy may have is a problem of its own: parsing does not look at it.
    require(clean == policy.has_value() || size > kLeastSizeLimit,
            "what parses has no problem but warnings");
    for (const PolicyProblem& problem : problems) {
      require(!problem.message.empty(), "a problem has its sentence");
      require(problem.line <= lines + 1, "a problem is within the document");
    }
    if (policy) {
      check_policy(*policy);
    } else {
      require(!policy.error().warning && !policy.error().message.empty(), "a refusal has a reason");
    }
  }
  return 0;
}
