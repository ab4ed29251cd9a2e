// The work of one decision is bounded, whatever policies and requests say, and a decision that was
// broken off allows nothing.
#include "auth/iam/match/step_budget.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/auth/iam/support.h"

namespace ecr::auth::iam {
namespace {

using namespace test;

const std::string kLongAgent(30'000, 'a');

// `count` times the text, as a JSON list.
std::string list_of(const std::string& text, int count) {
  std::string list = "[";
  for (int i = 0; i < count; ++i) list += (i == 0 ? "\"" : ",\"") + text + "\"";
  return list + "]";
}

std::string statement(const std::string& effect, const std::string& resources,
                      const std::string& condition) {
  return R"({"Version":"2012-10-17","Statement":{"Effect":")" + effect +
         R"(","Action":"*","Resource":)" + resources + R"(,"Condition":)" + condition + "}}";
}

Request with_agent(const std::string& agent) {
  Request asked = request(kUser);
  asked.context.set("aws:UserAgent", agent);
  asked.context.set("aws:Referer", std::string(agent.size(), 'b'));  // as long, and no match
  asked.context.set("aws:username", "jane");
  asked.context.set("aws:PrincipalArn", kUser);
  return asked;
}

Verdict decide_by(const std::string& document, const Request& asked,
                  std::size_t steps = kMostEvaluationSteps) {
  PolicySet set;
  set.identity = {attached(kAllowAll), attached(document)};
  return evaluate(asked, set, steps);
}

TEST(IamStepBudget, AnExpansionIsNoLongerThanWhatItIsComparedWith) {
  const std::string agents = list_of("${aws:UserAgent}", 500);
  const std::string arns = list_of("arn:aws:ecr:*:*:repository/${aws:UserAgent}*", 500);
  const std::string all = R"("*")";
  const std::pair<std::string, std::string> cases[] = {
      {arns, R"({"StringEquals":{"aws:username":"jane"}})"},
      {all, R"({"StringEquals":{"aws:username":)" + agents + "}}"},
      {all, R"({"StringEqualsIgnoreCase":{"aws:username":)" + agents + "}}"},
      {all, R"({"StringLike":{"aws:username":)" + agents + "}}"},
      {all, R"({"Bool":{"aws:username":)" + agents + "}}"},
      {all, R"({"ArnLike":{"aws:PrincipalArn":)" + arns + "}}"},
  };
  for (const auto& [resources, condition] : cases) {
    const Verdict verdict =
        decide_by(statement("Deny", resources, condition), with_agent(kLongAgent), 20'000);
    EXPECT_TRUE(verdict.allowed()) << condition;
    EXPECT_FALSE(verdict.over_budget) << condition;
  }
}

TEST(IamStepBudget, AnEvaluationHasABudget) {
  const std::string costly[] = {
      R"({"StringLike":{"aws:UserAgent":)" + list_of("*${aws:Referer}*", 1) + "}}",
      R"({"StringEquals":{"aws:UserAgent":)" + list_of("${aws:Referer}", 500) + "}}",
      R"({"StringLike":{"aws:UserAgent":)" + list_of("*${aws:Referer}*", 500) + "}}",
      R"({"StringLike":{"aws:UserAgent":)" + list_of("*a?a?b*", 1000) + "}}",
      R"({"StringLike":{"aws:UserAgent":)" + list_of("*aaaaaaab*", 1000) + "}}",
  };
  bool first = true;
  for (const std::string& condition : costly) {
    const std::string deny = statement("Deny", "\"*\"", condition);
    EXPECT_FALSE(decide_by(deny, with_agent("aws-cli/2.9")).over_budget) << condition;
    // One costly comparison is nothing; hundreds are too many.
    const Verdict verdict = decide_by(deny, with_agent(kLongAgent));
    EXPECT_EQ(verdict.over_budget, !first) << condition;
    EXPECT_EQ(verdict.allowed(), first) << condition;
    first = false;
  }
}

TEST(IamStepBudget, ABrokenOffDecisionAllowsNothingAndSaysWhy) {
  const std::string referers = list_of("${aws:Referer}", 500);
  const std::string condition = R"({"StringEquals":{"aws:UserAgent":)" + referers + "}}";
  const Request asked = with_agent(kLongAgent);
  for (const char* effect : {"Allow", "Deny"}) {
    const Verdict verdict = decide_by(statement(effect, "\"*\"", condition), asked);
    EXPECT_FALSE(verdict.allowed());
    EXPECT_EQ(verdict.policy, nullptr);
    EXPECT_EQ(verdict.trace.size(), 2u);
    EXPECT_NE(denial_message(asked, verdict).find(std::to_string(kMostEvaluationSteps)),
              std::string::npos);
  }
}

TEST(IamStepBudget, TextThatIsNotAsciiIsCountedToo) {
  std::string agent;
  while (agent.size() < kLongAgent.size()) agent += "\xC3\xA9";
  const std::string condition = R"({"StringLike":{"aws:UserAgent":)" + list_of("*?x", 20) + "}}";
  EXPECT_TRUE(decide_by(statement("Deny", "\"*\"", condition), with_agent(agent)).over_budget);
}

TEST(IamStepBudget, AnOrdinaryDecisionNeedsLittle) {
  const std::string document = statement(
      "Allow", R"(["arn:aws:ecr:*:*:repository/team/${aws:username}/*","arn:aws:ecr:*:*:*/app"])",
      R"({"StringLike":{"aws:UserAgent":["aws-cli/*","docker/*linux*"]},
          "ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}})");
  EXPECT_FALSE(
      decide_by(document, with_agent("docker/24.0.5 os/linux arch/amd64"), 1000).over_budget);
}

}  // namespace
}  // namespace ecr::auth::iam
