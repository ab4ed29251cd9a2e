#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "auth/iam/policy.h"

namespace ecr::auth::iam::testing {
namespace {

std::vector<std::string> warnings(const std::string& statement) {
  std::vector<std::string> out;
  for (const PolicyProblem& problem : lint_policy(
           R"({"Version":"2012-10-17","Statement":)" + statement + "}", PolicyType::kIdentity)) {
    EXPECT_TRUE(problem.warning) << problem.message;
    out.push_back(problem.message);
  }
  return out;
}

TEST(IamLint, EveryProblemWithItsLine) {
  const auto problems = lint_policy(R"({
    "Version": "2008-10-17",
    "Statement": [
      {"Sid": "a", "Effect": "Allow", "Action": "PutImage", "Resource": "*"},
      {"Sid": "a", "Effect": "Allow",
       "Action": ["ecr:PutImage", "ecr:PutImagee"],
       "Resource": "x"}
    ]})",
                                    PolicyType::kIdentity);
  ASSERT_EQ(problems.size(), 5u);
  const std::size_t lines[] = {2, 4, 5, 6, 7};
  const bool warning[] = {false, false, false, true, false};
  for (std::size_t i = 0; i < problems.size(); ++i) {
    EXPECT_EQ(problems[i].line, lines[i]) << problems[i].message;
    EXPECT_EQ(problems[i].warning, warning[i]) << problems[i].message;
  }
}

TEST(IamLint, SyntaxErrorHasTheLineOfTheParser) {
  const auto problems = lint_policy("{\n\"Version\": oops}", PolicyType::kIdentity);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].line, 2u);
}

struct LintCase {
  const char* statement;
  std::vector<std::string> warnings;
};

TEST(IamLint, Warnings) {
  const LintCase cases[] = {
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"*"})", {}},
      {R"({"Effect":"Allow","Action":"ecr:*","Resource":"arn:aws:ecr:*:*:repository/*"})", {}},
      {R"({"Effect":"Allow","Action":"ecr:ListImageReferrers","Resource":"*"})", {}},
      {R"({"Effect":"Allow","Action":"unknown:Thing","Resource":"*"})", {}},
      {R"({"Effect":"Allow","Action":"ecr:Puttt*","Resource":"*"})",
       {"There is no action ecr:Puttt*."}},
      {R"({"Effect":"Allow","Action":"ecr:GetAuthorizationToken",
           "Resource":"arn:aws:ecr:*:*:repository/*"})",
       {"ecr:GetAuthorizationToken knows no resources: only \"*\" matches it."}},
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"arn:aws:s3:::bucket"})",
       {"No resource of the statement is of a kind that ecr:PutImage works on."}},
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"arn:aws:ecr:*:*:registry/x"})",
       {"No resource of the statement is of a kind that ecr:PutImage works on."}},
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"arn:aws:ecr:*:*:rep*"})", {}},
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"*",
           "Condition":{"StringEquals":{"aws:ResourceTag/team":"x","aws:PrincipalTag/t":"x"},
                        "Bool":{"aws:SecureTransport":"true"}}})",
       {}},
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"*",
           "Condition":{"StringEquals":{"aws:RequestTag/team":"x"}}})",
       {"No action of the statement carries the condition key aws:RequestTag/team."}},
      {R"({"Effect":"Allow","Action":["ecr:PutImage","ecr:CreateRepository"],"Resource":"*",
           "Condition":{"StringEquals":{"aws:RequestTag/team":"x"}}})",
       {"ecr:PutImage never carries the condition key aws:RequestTag/team."}},
      {R"({"Effect":"Allow","NotAction":"ecr:PutImage","Resource":"*",
           "Condition":{"StringEquals":{"aws:RequestTag/team":"x"}}})",
       {}},
  };
  for (const LintCase& c : cases) EXPECT_EQ(warnings(c.statement), c.warnings) << c.statement;
}

}  // namespace
}  // namespace ecr::auth::iam::testing
