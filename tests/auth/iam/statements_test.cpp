// What a statement matches, and what the trace says of it.
#include <string>

#include <gtest/gtest.h>

#include "auth/iam/evaluate.h"
#include "tests/auth/iam/support.h"

namespace ecr::auth::iam::test {
namespace {

TEST(IamEvaluate, ActionsHaveNoCaseResourcesHave) {
  const Request r = request(kUser, "ecr:PutImage");
  EXPECT_TRUE(allows(R"("Action":"ECR:putIMAGE","Resource":"*")", r));
  EXPECT_TRUE(allows(R"("Action":"ecr:P?t*","Resource":"*")", r));
  EXPECT_FALSE(allows(R"("Action":"ecr:PutImage","Resource":"arn:aws:ecr:*:*:repository/APP")", r));
}

TEST(IamEvaluate, NotActionAndNotResource) {
  const Request r = request(kUser, "ecr:PutImage");
  EXPECT_FALSE(allows(R"("NotAction":"ecr:*","Resource":"*")", r));
  EXPECT_TRUE(allows(R"("NotAction":["iam:*","s3:*"],"Resource":"*")", r));
  EXPECT_FALSE(allows(R"("Action":"*","NotResource":"arn:aws:ecr:*:*:repository/a*")", r));
  EXPECT_TRUE(allows(R"("Action":"*","NotResource":"arn:aws:ecr:*:*:repository/b*")", r));
}

TEST(IamEvaluate, OperatorsAndKeysAreAndedValuesAreOred) {
  const struct {
    const char* condition;
    bool allows;
  } cases[] = {
      {R"({"StringEquals":{"a:x":"1","a:y":"2"}})", true},
      {R"({"StringEquals":{"a:x":"1","a:y":"3"}})", false},
      {R"({"StringEquals":{"a:x":"1"},"StringLike":{"a:y":"?"}})", true},
      {R"({"StringEquals":{"a:x":"1"},"StringLike":{"a:y":"??"}})", false},
      {R"({"StringEquals":{"a:x":["0","1"],"a:y":["2","3"]}})", true},
      {R"({"StringNotEquals":{"a:x":["0","1"]}})", false},
      {R"({"StringNotEquals":{"a:x":["0","2"]}})", true},
      {R"({"NumericEquals":{"a:x":1},"Bool":{"a:z":true}})", true},  // literals
      {R"({"NumericEquals":{"a:x":[1.0,7]},"Bool":{"a:z":[false]}})", false},
      {"{}", true},
  };
  Request r = request(kUser);
  r.context.set("a:x", "1");
  r.context.set("a:y", "2");
  r.context.set("a:z", "true");
  for (const auto& c : cases) {
    EXPECT_EQ(allows(R"("Action":"*","Resource":"*","Condition":)" + std::string(c.condition), r),
              c.allows)
        << c.condition;
  }
}

TEST(IamEvaluate, VariablesInResources) {
  Request r =
      request(kUser, "ecr:PutImage", "arn:aws:ecr:us-east-1:111111111111:repository/jane/x");
  r.context.set("aws:username", "jane");
  const std::string own =
      R"("Action":"*","Resource":"arn:aws:ecr:*:*:repository/${aws:username}/*")";
  EXPECT_TRUE(allows(own, r));
  // Version 2008-10-17, or none: literal.
  EXPECT_FALSE(allows(own, r, "2008-10-17"));
  EXPECT_FALSE(allows(own, r, ""));
  // No value: matches nothing, also in NotResource.
  const std::string missing = R"(Resource":"arn:aws:ecr:*:*:repository/${aws:PrincipalTag/none}*")";
  EXPECT_FALSE(allows("\"Action\":\"*\",\"" + missing, r));
  EXPECT_TRUE(allows("\"Action\":\"*\",\"Not" + missing, r));
  // Only after the fifth colon.
  r.context.set("aws:PrincipalAccount", "111111111111");
  EXPECT_FALSE(
      allows(R"("Action":"*","Resource":"arn:aws:ecr:*:${aws:PrincipalAccount}:repository/*")", r));
  // The value of a variable is literal text.
  r.context.set("aws:username", "*");
  EXPECT_FALSE(allows(own, r));
}

TEST(IamEvaluate, TraceNamesTheFirstTestThatFails) {
  PolicySet set;
  set.identity = {attached(R"({"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"s3:*","Resource":"*"},
    {"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b"},
    {"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a:b":"1"},
                                                              "Bool":{"a:c":"true"}}},
    {"Effect":"Allow","Action":"*","Resource":"*"}]})")};
  set.resource = {
      attached(resource_policy("Deny", R"({"AWS":")" + std::string(kForeigner) + R"("})"))};
  set.scps = {{attached(kAllowAll)}, {attached(kAllowAll)}};
  Request r = request(kUser);
  r.context.set("a:b", "1");
  const Verdict verdict = evaluate(r, set);
  EXPECT_TRUE(verdict.allowed());
  EXPECT_EQ(verdict.statement, 3u);
  EXPECT_EQ(verdict.source, "test");
  ASSERT_EQ(verdict.trace.size(), 7u);
  EXPECT_EQ(verdict.trace[1].type, DecidedBy::kScp);
  EXPECT_EQ(verdict.trace[1].level, 1);
  EXPECT_EQ(verdict.trace[2].outcome, Outcome::kPrincipalMismatch);
  EXPECT_EQ(verdict.trace[3].outcome, Outcome::kActionMismatch);
  EXPECT_EQ(verdict.trace[4].outcome, Outcome::kResourceMismatch);
  EXPECT_EQ(verdict.trace[5].outcome, Outcome::kConditionMismatch);
  EXPECT_EQ(verdict.trace[5].condition, 1);
  EXPECT_EQ(verdict.trace[6].outcome, Outcome::kMatched);
  EXPECT_EQ(set.identity[0].policy->condition_text(2, 1), "Bool a:c");
}

TEST(IamEvaluate, TraceHoldsMoreThanItsInlineRoom) {
  PolicySet set;
  for (int i = 0; i < 100; ++i) set.identity.push_back(attached(kAllowAll));
  const Verdict verdict = evaluate(request(kUser), set);
  ASSERT_EQ(verdict.trace.size(), 100u);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(verdict.trace[i].policy, i);
}

}  // namespace
}  // namespace ecr::auth::iam::test
