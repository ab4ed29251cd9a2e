#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "auth/iam/policy/policy.h"

namespace ecr::auth::iam::test {
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

TEST(IamLint, AFaultHidesNoOther) {
  const auto problems = lint_policy(R"({
    "Version": "2012-10-17",
    "Statement": [
      {"Effect": "Maybe",
       "Action": ["PutImage"],
       "Resource": [
         "x"],
       "Principal": 1},
      {"Effect": "Allow",
       "Action": "ecr:PutImagee", "Resource": "*"},
      7
    ]})",
                                    PolicyType::kIdentity);
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const auto& problem : problems) found.emplace_back(problem.line, problem.path);
  const std::vector<std::pair<std::size_t, std::string>> expected = {
      {4, "Statement[0].Effect"},    {4, "Statement[0]"},
      {5, "Statement[0].Action[0]"}, {7, "Statement[0].Resource[0]"},
      {8, "Statement[0].Principal"}, {10, "Statement[1].Action"},
      {11, "Statement[2]"},
  };
  EXPECT_EQ(found, expected);
}

TEST(IamLint, ADetailSaysWhatAwsSentenceDoesNot) {
  const auto detail = [](const char* statement, PolicyType type) {
    const auto problems =
        lint_policy(std::string(R"({"Version":"2012-10-17","Statement":)") + statement + "}", type);
    return problems.size() == 1 ? problems[0].detail : "problems: not 1";
  };
  EXPECT_EQ(detail(R"({"Effect":"Maybe","Action":"*","Resource":"*"})", PolicyType::kIdentity),
            "neither Allow nor Deny");
  EXPECT_EQ(
      detail(R"({"Effect":"Allow","Principal":"*","Action":"s3:*"})", PolicyType::kRepository),
      "not an action of ECR");
  EXPECT_EQ(detail(R"({"Effect":"Allow","Principal":"*","Action":"ecr:*","Resource":"*"})",
                   PolicyType::kRepository),
            "Has prohibited field Resource");
}

TEST(IamLint, SizesByWhatThePolicyIsFor) {
  const struct {
    PolicyType type;
    std::size_t size;
    const char* level;  // "", "warning", "error"
  } cases[] = {
      {PolicyType::kIdentity, 6144, ""},
      {PolicyType::kIdentity, 6145, "warning"},
      {PolicyType::kIdentity, 10240, "warning"},
      {PolicyType::kIdentity, 10241, "error"},
      {PolicyType::kTrust, 2048, ""},
      {PolicyType::kTrust, 2049, "warning"},
      {PolicyType::kTrust, 4097, "error"},
      {PolicyType::kSession, 2048, ""},
      {PolicyType::kSession, 2049, "error"},
      {PolicyType::kRepository, 10240, ""},
      {PolicyType::kRepository, 10241, "error"},
  };
  for (const auto& c : cases) {
    const bool names_principals = c.type == PolicyType::kTrust || c.type == PolicyType::kRepository;
    std::string document = R"({"Version":"2012-10-17","Statement":{"Effect":"Allow",)";
    document += c.type == PolicyType::kTrust ? R"("Action":"sts:AssumeRole",)" : R"("Action":"*",)";
    document += names_principals ? R"("Principal":"*",)" : R"("Resource":"*",)";
    document += R"("Sid":"")" + std::string("}}");
    document.insert(document.size() - 3, std::string(c.size - document.size(), 'a'));
    ASSERT_EQ(document.size(), c.size);
    // White space does not count, but in ECR's own policies.
    if (c.type != PolicyType::kRepository) document += std::string(20'000, '\n');
    const auto problems = lint_policy(document, c.type);
    const std::string level = problems.empty() ? "" : problems[0].warning ? "warning" : "error";
    EXPECT_EQ(level, c.level) << c.size << " " << (problems.empty() ? "" : problems[0].message);
  }
}

TEST(IamLint, VariablesWithoutTheirVersion) {
  const auto count = [](const char* version) {
    return lint_policy(std::string(R"({"Version":")") + version +
                           R"(","Statement":{"Effect":"Allow","Principal":"*","Action":"ecr:*",
                              "Condition":{"StringLike":{"aws:PrincipalArn":"*/${aws:username}"}}}})",
                       PolicyType::kRepository)
        .size();
  };
  EXPECT_EQ(count("2012-10-17"), 0u);
  EXPECT_EQ(count("2008-10-17"), 1u);
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
      // The operation is authorized as ecr:BatchGetImage.
      {R"({"Effect":"Allow","Action":"ecr:ListImageReferrers","Resource":"*"})",
       {"There is no action ecr:ListImageReferrers."}},
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
      {R"({"Effect":"Allow","Action":["ecr:PutImage","ecr:GetAuthorizationToken"],
           "Resource":["arn:aws:s3:::b","*"]})",
       {"No action of the statement works on the resource arn:aws:s3:::b."}},
      {R"({"Effect":"Allow","Action":"ecr:*","Resource":["arn:aws:ecr:*:*:repository/*",
           "arn:aws:ecr:*:*:registry/*"]})",
       {"No action of the statement works on the resource arn:aws:ecr:*:*:registry/*."}},
      {R"({"Effect":"Allow","Action":"ecr:GetAccountSetting","Resource":"*",
           "Condition":{"StringEquals":{"ecr:AccountSetting":"REGISTRY_POLICY_SCOPE"}}})",
       {}},
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"*",
           "Condition":{"StringEquals":{"ecr:AccountSetting":"REGISTRY_POLICY_SCOPE"}}})",
       {"No action of the statement carries the condition key ecr:AccountSetting."}},
      {R"({"Effect":"Allow","Action":"ecr:TagResource","Resource":"*",
           "Condition":{"StringEquals":{"aws:TagKeys":"team"}}})",
       {"The key aws:TagKeys may have several values: without ForAllValues or ForAnyValue the "
        "condition never holds where it is present."}},
      {R"({"Effect":"Allow","Action":"ecr:TagResource","Resource":"*",
           "Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"team"},
                        "Null":{"aws:TagKeys":"false"}}})",
       {}},
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"*",
           "Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":"soon"}}})",
       {R"(The value "soon" is not a number: it matches nothing.)"}},
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"*",
           "Condition":{"Bool":{"aws:SecureTransport":"yes"}}})",
       {R"(The value "yes" is not true or false: it matches nothing.)"}},
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"*",
           "Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","10.0.0.0/33"]}}})",
       {R"(The value "10.0.0.0/33" is not an address or a CIDR block: it matches nothing.)"}},
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"*",
           "Condition":{"ArnLike":{"aws:PrincipalArn":["*/ci","${aws:PrincipalArn}"]}}})",
       {R"(The value "*/ci" is not an ARN of six parts: it matches nothing.)"}},
      {R"({"Effect":"Allow","Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],"Resource":"*",
           "Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"a",
                                        "token.actions.githubusercontent.com:sub":"a",
                                        "token.actions.githubusercontent.com:repository_owner_id":"1",
                                        "gitlab.com:user_login":"a","example.com/x:sub":"a",
                                        "agent.buildkite.com:pipeline_slug":"a",
                                        "oidc.circleci.com/org/1:oidc.circleci.com/project-id":"a",
                                        "idcs-1.identity.oraclecloud.com:rpst_id":"a"},
                        "NumericEquals":{"accounts.google.com:google/organization_number":1}}})",
       {}},
      {R"({"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Resource":"*",
           "Condition":{"StringEquals":{"gitlab.com:run_id":"1"}}})",
       {"No action of the statement carries the condition key gitlab.com:run_id."}},
  };
  for (const LintCase& c : cases) EXPECT_EQ(warnings(c.statement), c.warnings) << c.statement;
}

}  // namespace
}  // namespace ecr::auth::iam::test
