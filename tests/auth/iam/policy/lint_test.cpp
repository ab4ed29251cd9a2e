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
  EXPECT_EQ(detail(R"({"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:*"})",
                   PolicyType::kRepository),
            "not an action of ECR");
  EXPECT_EQ(
      detail(
          R"({"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ecr:*","Resource":"*"})",
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
    document += names_principals ? R"("Principal":{"AWS":"111122223333"},)" : R"("Resource":"*",)";
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

TEST(IamLint, SaysWhatMayHaveBeenMeant) {
  const LintCase cases[] = {
      {R"({"Effect":"Allow","Action":"ecr:PutImge","Resource":"*"})",
       {"There is no action ecr:PutImge. Did you mean ecr:PutImage?"}},
      {R"({"Effect":"Allow","Action":"ECR:batchgetimages","Resource":"*"})",
       {"There is no action ECR:batchgetimages. Did you mean ecr:BatchGetImage?"}},
      {R"({"Effect":"Allow","Action":"sts:AssumRole","Resource":"*"})",
       {"There is no action sts:AssumRole. Did you mean sts:AssumeRole?"}},
      {R"({"Effect":"Allow","Action":"ecr:Nothing","Resource":"*"})",
       {"There is no action ecr:Nothing."}},
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"*",
           "Condition":{"IpAddress":{"aws:SourceIP4":"10.0.0.0/8"}}})",
       {"No action of the statement carries the condition key aws:SourceIP4. Did you mean "
        "aws:SourceIp?"}},
      {R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"*",
           "Condition":{"StringEquals":{"aws:ResorceTag/team":"a"}}})",
       {"No action of the statement carries the condition key aws:ResorceTag/team. Did you mean "
        "aws:ResourceTag/team?"}},
  };
  for (const LintCase& c : cases) EXPECT_EQ(warnings(c.statement), c.warnings) << c.statement;
}

std::vector<std::string> door_warnings(const std::string& statement, PolicyType type) {
  std::vector<std::string> out;
  for (const PolicyProblem& problem :
       lint_policy(R"({"Version":"2012-10-17","Statement":)" + statement + "}", type)) {
    EXPECT_TRUE(problem.warning) << problem.message;
    out.push_back(problem.message);
  }
  return out;
}

TEST(IamLint, DoorsThatStandOpenToAProvider) {
  const auto trust = [](const std::string& provider, const std::string& condition) {
    return door_warnings(R"({"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
        "Principal":{"Federated":")" +
                             provider + "\"}" +
                             (condition.empty() ? "" : ",\"Condition\":" + condition) + "}",
                         PolicyType::kTrust);
  };
  const std::string github =
      "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
  const std::string own = "arn:aws:iam::111122223333:oidc-provider/gitlab.example.com";
  const std::string aud =
      R"("StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"})";
  const auto github_sub = [&](const std::string& op, const std::string& value) {
    return trust(github, R"({"StringEquals":{"token.actions.githubusercontent.com:aud":"a"},")" +
                             op + R"(":{"token.actions.githubusercontent.com:sub":")" + value +
                             "\"}}");
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(trust(github, "").size(), 2u);
  EXPECT_EQ(trust(github, "{" + aud + "}"),
            List{"No condition on token.actions.githubusercontent.com:sub: every identity of the "
                 "provider may assume the role, which is every repository of GitHub."});
  EXPECT_EQ(github_sub("StringLike", "repo:octo/*"), List{});
  EXPECT_EQ(github_sub("StringLike", "repo:octo/app:ref:refs/heads/main"), List{});
  EXPECT_EQ(github_sub("StringLike", "*"), List{"\"*\" matches every identity of the provider."});
  for (const char* open : {"repo:*", "repo:*/app:*", "re*"}) {
    const List found = github_sub("StringLike", open);
    ASSERT_EQ(found.size(), 1u) << open;
    EXPECT_NE(found[0].find("repositories of every owner on GitHub"), std::string::npos);
  }
  EXPECT_EQ(github_sub("ForAnyValue:StringEquals", "repo:octo/*").size(), 1u);  // taken literally
  // These let in everybody but a few, or everybody without the claim.
  EXPECT_EQ(github_sub("StringNotLike", "repo:octo/*").size(), 1u);
  EXPECT_EQ(github_sub("ForAllValues:StringLike", "repo:octo/*").size(), 1u);
  EXPECT_EQ(trust(own, R"({"StringEquals":{"gitlab.example.com:aud":"a",
                                           "gitlab.example.com:sub":"project_path:x"}})"),
            List{});
  EXPECT_EQ(trust(own, R"({"StringEquals":{"gitlab.example.com:sub":"project_path:x"}})").size(),
            1u);
  EXPECT_EQ(trust("accounts.google.com", R"({"StringEquals":{"accounts.google.com:aud":"a",
                                             "accounts.google.com:email":"j@example.com"}})"),
            List{});
}

TEST(IamLint, DoorsThatStandOpenToEverybody) {
  const std::string assume = R"({"Effect":"Allow","Action":"sts:AssumeRole","Principal":)";
  const std::string pull = R"({"Effect":"Allow","Action":"ecr:BatchGetImage","Principal":)";
  const std::string bound =
      R"(,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}})";
  const auto count = [](const std::string& statement, PolicyType type) {
    return door_warnings(statement, type).size();
  };
  EXPECT_EQ(count(assume + "\"*\"}", PolicyType::kTrust), 1u);
  EXPECT_EQ(count(assume + R"({"AWS":["*"]}})", PolicyType::kTrust), 1u);
  EXPECT_EQ(count(assume + "\"*\"" + bound, PolicyType::kTrust), 0u);
  EXPECT_EQ(count(assume + R"({"AWS":"111122223333"}})", PolicyType::kTrust), 0u);
  EXPECT_EQ(count(pull + "\"*\"}", PolicyType::kRepository), 1u);
  EXPECT_EQ(count(pull + "\"*\"" + bound, PolicyType::kRepository), 0u);
  EXPECT_EQ(count(R"({"Effect":"Deny","Action":"ecr:*","Principal":"*"})", PolicyType::kRepository),
            0u);
}

}  // namespace
}  // namespace ecr::auth::iam::test
