// Advice as whole policies.
#include "api/admin/decisions/advised_document.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "api/admin/decisions/image_work.h"

namespace ecr::api::admin {
namespace {

using auth::iam::Policy;
using auth::iam::PolicySet;
using auth::iam::PolicyType;
using auth::iam::Request;
using Json = nlohmann::json;

constexpr const char* kPushedTo = "arn:aws:ecr:us-east-1:111111111111:repository/app";

Request push_by(const char* principal) {
  Request request;
  request.principal = *auth::iam::make_principal(principal, "");
  request.action = "ecr:InitiateLayerUpload";
  request.resource = kPushedTo;
  request.resource_account = "111111111111";
  return request;
}

auth::iam::AttachedPolicy attached(const Json& statements, PolicyType type, const char* source) {
  const Json document = {{"Version", "2012-10-17"}, {"Statement", statements}};
  return {*Policy::parse(document.dump(), type), source};
}

TEST(AdvisedDocument, IsAValidPolicyThatAllowsTheWholePush) {
  const Request request = push_by("arn:aws:iam::111111111111:user/jane");
  PolicySet policies;
  const auto work = missing_for_work(request, policies, evaluate(request, policies));
  const auto documents = advised_documents(policies, work.steps);
  ASSERT_EQ(documents.size(), 1u);  // the token and the push stand in one
  EXPECT_EQ(documents[0].how,
            "add this policy to arn:aws:iam::111111111111:user/jane (aws iam put-user-policy)");
  const auto policy = Policy::parse(documents[0].document, PolicyType::kIdentity);
  ASSERT_TRUE(policy.has_value());
  policies.identity = {{*policy, ""}};
  for (const std::string_view action : image_works()[0].actions) {
    Request each = request;
    each.action = action;
    EXPECT_TRUE(evaluate(each, policies).allowed()) << action;
  }
}

TEST(AdvisedDocument, ForARepositoryHasWhatItsPolicySaysAlready) {
  const Request request = push_by("arn:aws:sts::222222222222:assumed-role/ci/run1");
  const Json old = {{"Effect", "Allow"},
                    {"Principal", {{"AWS", "arn:aws:iam::333333333333:root"}}},
                    {"Action", "ecr:ListImages"}};
  PolicySet policies;
  policies.resource = {
      attached(Json::array({old}), PolicyType::kRepository, "repository policy of app")};
  const auto verdict = evaluate(request, policies);
  const auto documents = advised_documents(policies, advise(request, policies, verdict));
  ASSERT_EQ(documents.size(), 2u);
  EXPECT_EQ(documents[0].how,
            "make this the repository policy of app in account 111111111111 (aws ecr "
            "set-repository-policy)");
  EXPECT_TRUE(Policy::parse(documents[0].document, PolicyType::kRepository).has_value());
  const Json statements = Json::parse(documents[0].document)["Statement"];
  ASSERT_EQ(statements.size(), 2u);
  EXPECT_EQ(statements[0], old);
  EXPECT_EQ(statements[1]["Action"], "ecr:InitiateLayerUpload");
  EXPECT_EQ(documents[1].how,
            "add this policy to arn:aws:iam::222222222222:role/ci (aws iam put-role-policy)");
}

TEST(AdvisedDocument, IsLeftOutWhereTheOldStatementsCannotStay) {
  const Request request = push_by("arn:aws:iam::222222222222:user/guest");
  const Json by_tag = {
      {"Effect", "Allow"},
      {"Principal", {{"AWS", "arn:aws:iam::333333333333:root"}}},
      {"Action", "ecr:ListImages"},
      {"Condition", {{"StringEquals", {{"aws:ResourceTag/t", "${aws:username}"}}}}}};
  const Json deny = {{"Effect", "Deny"}, {"Principal", "*"}, {"Action", "ecr:InitiateLayerUpload"}};
  for (const Json& statement : {by_tag, deny}) {
    PolicySet policies;
    policies.resource = {
        attached(Json::array({statement}), PolicyType::kRepository, "repository policy of app")};
    const auto steps = advise(request, policies, evaluate(request, policies));
    for (const auto& document : advised_documents(policies, steps)) {
      EXPECT_EQ(document.type, auth::iam::DecidedBy::kIdentity) << statement;
    }
  }
}

}  // namespace
}  // namespace ecr::api::admin
