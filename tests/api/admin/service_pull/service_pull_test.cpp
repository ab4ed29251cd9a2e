// POST /_ecr-local/service-pull: whether a service of AWS could pull.
#include "tests/api/admin/what_if/fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kFunction = "arn:aws:lambda:us-east-1:111122223333:function:resize";
constexpr const char* kForeignFunction = "arn:aws:lambda:us-east-1:222233334444:function:resize";

class ServicePullTest : public WhatIfTest {
 protected:
  Json ask_pull(const std::string& service, const Json& more = Json::object(),
                const std::string& repository = kOpsArn) {
    Json question = {{"service", service}, {"repository", repository}};
    question.update(more);
    return answer("POST", "service-pull", question);
  }
  std::string refuse_pull(const Json& question) {
    return refusal("POST", "service-pull", question);
  }

  void set_policy(const std::string& repository, const Json& statements) {
    const Json document = {{"Version", "2012-10-17"}, {"Statement", statements}};
    answer("PUT", "policies", change("repository", repository, document));
  }
  static Json statement(const Json& principal, const Json& condition = Json::object()) {
    Json one = {{"Effect", "Allow"},
                {"Principal", principal},
                {"Action", {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}}};
    if (!condition.empty()) one["Condition"] = condition;
    return one;
  }
  static Json lambda() { return {{"Service", "lambda.amazonaws.com"}}; }

  void add_role(const std::string& name, const std::string& service, const Json& actions,
                const std::string& account = "111122223333") {
    const Json trust = {{"Version", "2012-10-17"},
                        {"Statement",
                         {{{"Effect", "Allow"},
                           {"Principal", {{"Service", service}}},
                           {"Action", "sts:AssumeRole"}}}}};
    const Json role = {{"name", name},
                       {"trustPolicy", trust},
                       {"policies", {{"given", policy("Allow", actions, "*")}}}};
    answer("POST", "seed", {{"accounts", {{account, {{"roles", {role}}}}}}});
  }
  // Does what the answer advises: sets the one repository policy.
  void follow(const Json& pull) {
    ASSERT_EQ(pull["documents"].size(), 1U) << pull["documents"];
    answer("PUT", "policies",
           change("repository", pull["repository"].get<std::string>(),
                  pull["documents"][0]["document"]));
  }
};

TEST_F(ServicePullTest, LambdaNeedsTheRepositoryPolicy) {
  const Json more = {{"sourceArn", kFunction}};
  const Json refused = ask_pull("lambda", more);
  EXPECT_EQ(refused["allowed"], false);
  EXPECT_EQ(refused["sourceAccount"], "111122223333");
  ASSERT_EQ(refused["checks"].size(), 1U);
  EXPECT_EQ(refused["checks"][0]["principal"], "lambda.amazonaws.com");
  EXPECT_EQ(refused["checks"][0]["requests"].size(), 2U);
  const Json& asked = refused["checks"][0]["requests"][0];
  EXPECT_EQ(asked["context"]["aws:SourceArn"], kFunction);
  EXPECT_EQ(asked["context"]["aws:SourceAccount"], "111122223333");
  EXPECT_EQ(asked["context"]["aws:PrincipalIsAWSService"], "true");
  follow(refused);
  EXPECT_EQ(ask_pull("lambda", more)["allowed"], true);
  // The advice is for that function alone.
  const Json other = {{"sourceArn", "arn:aws:lambda:us-east-1:111122223333:function:other"}};
  EXPECT_EQ(ask_pull("lambda", other)["allowed"], false);
  EXPECT_EQ(decisions.newest(), 0U);
}

TEST_F(ServicePullTest, TheFunctionIsAConditionKey) {
  set_policy(
      kOpsArn,
      {statement(lambda(),
                 {{"ArnLike", {{"aws:SourceArn", "arn:aws:lambda:*:111122223333:function:*"}}}})});
  EXPECT_EQ(ask_pull("lambda", {{"sourceArn", kFunction}})["allowed"], true);
  EXPECT_EQ(ask_pull("lambda")["allowed"], true);
  const Json foreign = ask_pull("lambda", {{"sourceArn", kForeignFunction}});
  EXPECT_EQ(foreign["allowed"], false);
  EXPECT_EQ(foreign["checks"][0]["requests"][0]["trace"][0]["condition"]["key"], "aws:SourceArn");
}

TEST_F(ServicePullTest, AnotherAccountsLambdaNeedsTheAccountToo) {
  const Json more = {{"sourceArn", kForeignFunction}};
  set_policy(kOpsArn, {statement(lambda())});
  const Json half = ask_pull("lambda", more);
  EXPECT_EQ(half["allowed"], false);
  ASSERT_EQ(half["checks"].size(), 2U);
  EXPECT_EQ(half["checks"][0]["allowed"], true);
  EXPECT_EQ(half["checks"][1]["allowed"], false);
  EXPECT_EQ(half["checks"][1]["principal"], "arn:aws:iam::222233334444:root");
  ASSERT_EQ(half["suggestion"].size(), 1U);
  const Json& advised = half["suggestion"][0]["statement"];
  EXPECT_EQ(advised["Principal"]["AWS"], "arn:aws:iam::222233334444:root");
  EXPECT_FALSE(advised.contains("Condition")) << advised;
  follow(half);
  EXPECT_EQ(ask_pull("lambda", more)["allowed"], true);
  // Whoever makes the function needs permissions of its own, too.
  Json by_olga = more;
  by_olga["role"] = "arn:aws:iam::222233334444:user/olga";
  EXPECT_EQ(ask_pull("lambda", by_olga)["allowed"], true);
}

TEST_F(ServicePullTest, LambdaAddsItsStatementWhereItsMakerMay) {
  add_role("deploy", "ec2.amazonaws.com", {"ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy"});
  const Json made = ask_pull("lambda", {{"role", arn_of("role/deploy")}});
  EXPECT_EQ(made["allowed"], true);
  EXPECT_EQ(made["checks"][0]["allowed"], false);
  EXPECT_EQ(made["checks"][1]["needed"], false);
  EXPECT_FALSE(made["notes"].empty());
  add_role("other", "ec2.amazonaws.com", "ecr:GetRepositoryPolicy");
  EXPECT_EQ(ask_pull("lambda", {{"role", arn_of("role/other")}})["allowed"], false);
  // A statement that is added does not lift a Deny.
  Json deny = statement(lambda());
  deny["Effect"] = "Deny";
  set_policy(kOpsArn, {deny});
  EXPECT_EQ(ask_pull("lambda", {{"role", arn_of("role/deploy")}})["allowed"], false);
}

TEST_F(ServicePullTest, EcsPullsAsTheTaskExecutionRole) {
  add_role("task", "ecs-tasks.amazonaws.com",
           {"ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"});
  const Json good = ask_pull("ecs", {{"role", arn_of("role/task")}});
  EXPECT_EQ(good["allowed"], true) << good;
  ASSERT_EQ(good["checks"].size(), 2U);
  EXPECT_EQ(good["checks"][0]["requests"][0]["action"], "sts:AssumeRole");
  EXPECT_EQ(good["checks"][1]["principal"], "arn:aws:sts::111122223333:assumed-role/task/ecs");
  add_role("wrong", "ec2.amazonaws.com", "ecr:*");
  const Json untrusted = ask_pull("ecs", {{"role", arn_of("role/wrong")}});
  EXPECT_EQ(untrusted["allowed"], false);
  EXPECT_EQ(untrusted["checks"][0]["allowed"], false);
  EXPECT_EQ(untrusted["checks"][1]["allowed"], true);
  EXPECT_EQ(untrusted["suggestion"][0]["where"], "the trust policy of " + arn_of("role/wrong"));
}

TEST_F(ServicePullTest, AnotherAccountsTaskNeedsBothPolicies) {
  add_role("task", "ecs-tasks.amazonaws.com",
           {"ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
           "222233334444");
  const Json more = {{"role", "arn:aws:iam::222233334444:role/task"}};
  const Json refused = ask_pull("ecs", more);
  EXPECT_EQ(refused["allowed"], false);
  follow(refused);
  EXPECT_EQ(ask_pull("ecs", more)["allowed"], true);
}

TEST_F(ServicePullTest, CodeBuildAsksAsItselfOrAsItsRole) {
  EXPECT_EQ(ask_pull("codebuild")["allowed"], false);
  const Json refused = ask_pull("codebuild");
  EXPECT_EQ(refused["checks"][0]["principal"], "codebuild.amazonaws.com");
  EXPECT_EQ(refused["checks"][0]["requests"].size(), 3U);
  follow(refused);
  EXPECT_EQ(ask_pull("codebuild")["allowed"], true);
  add_role("build", "codebuild.amazonaws.com", "ecr:*");
  const Json by_role = ask_pull("codebuild", {{"role", arn_of("role/build")}});
  EXPECT_EQ(by_role["allowed"], true);
  EXPECT_EQ(by_role["checks"][1]["principal"],
            "arn:aws:sts::111122223333:assumed-role/build/codebuild");
}

TEST_F(ServicePullTest, SageMakerPullsAsTheExecutionRole) {
  add_role("model", "sagemaker.amazonaws.com", "ecr:*");
  EXPECT_EQ(ask_pull("sagemaker", {{"role", arn_of("role/model")}})["allowed"], true);
}

TEST_F(ServicePullTest, AVpcEndpointIsInTheWayOfTasksAlone) {
  add_role("task", "ecs-tasks.amazonaws.com", "ecr:*");
  set_policy(kOpsArn, {statement(lambda())});
  settings.endpoint_policy =
      R"({"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}})";
  EXPECT_EQ(ask_pull("lambda")["allowed"], true);
  EXPECT_EQ(ask_pull("ecs", {{"role", arn_of("role/task")}})["allowed"], false);
}

TEST_F(ServicePullTest, QuestionsThatCannotBeAsked) {
  const auto with = [](Json more) {
    Json question = {{"service", "lambda"}, {"repository", kOpsArn}};
    question.update(more);
    return question;
  };
  EXPECT_EQ(refuse_pull(with({{"service", "fargate"}})).substr(0, 8), "service:");
  EXPECT_EQ(refuse_pull(with({{"repository", "arn:aws:s3:::x"}})),
            "repository: must be the ARN of a repository, or its name");
  EXPECT_EQ(refuse_pull(with({{"sourceArn", "resize"}})), "sourceArn: must be an ARN");
  EXPECT_EQ(refuse_pull(with({{"sourceAccount", "1"}})), "sourceAccount: must be 12 digits");
  EXPECT_EQ(refuse_pull(with({{"service", "ecs"}})),
            "role: is missing: Amazon ECS pulls as a role");
  EXPECT_EQ(refuse_pull(with({{"service", "ecs"}, {"role", arn_of("role/nobody")}})),
            "role: must be the ARN of a role that is here");
  EXPECT_EQ(refuse_pull(with({{"service", "ecs"}, {"role", arn_of("user/jane")}})),
            "role: must be the ARN of a role");
  EXPECT_EQ(refuse_pull(with({{"sourceArm", "x"}})).substr(0, 9), "sourceArm");
  const Json missing =
      ask_pull("lambda", Json::object(), "arn:aws:ecr:us-east-1:111122223333:repository/nothing");
  EXPECT_EQ(missing["notes"].back(), "there is no such repository here");
}

}  // namespace
}  // namespace ecr::api::test
