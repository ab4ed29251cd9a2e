#include "auth/iam/policy/document_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ecr::auth::iam {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

PolicyPtr parse(std::string_view text) { return Policy::parse(text, PolicyType::kAny).value(); }

TEST(DocumentText, KeysOfConditionsAndVariablesEachOnce) {
  const auto policy = parse(R"({"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"ecr:*","Resource":"arn:aws:ecr:*:*:repository/${aws:username}/*",
     "Condition":{"StringEquals":{"aws:SourceVpc":"v","ecr:ResourceTag/team":"${aws:PrincipalTag/team, 'x'}"}}},
    {"Effect":"Deny","Action":"*","Resource":"*${*}",
     "Condition":{"Null":{"AWS:sourcevpc":"true"}}}]})");
  EXPECT_THAT(context_keys(*policy), ElementsAre("aws:PrincipalTag/team", "aws:SourceVpc",
                                                 "aws:username", "ecr:ResourceTag/team"));
  EXPECT_THAT(
      context_keys(*parse(R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})")),
      IsEmpty());
}

TEST(DocumentText, StatementsStandWhereTheyAreWritten) {
  const auto positions = statement_positions(
      "{\"Version\":\"2012-10-17\",\n \"Statement\": [{\"Effect\":\"Allow}\",\n"
      "  \"Action\":\"*\",\"Resource\":[\"*\"]}, {\"Effect\":\"Deny\"}]}");
  ASSERT_EQ(positions.size(), 2u);
  EXPECT_EQ(positions[0].begin.line, 2u);
  EXPECT_EQ(positions[0].begin.column, 16u);
  EXPECT_EQ(positions[0].end.line, 3u);
  EXPECT_EQ(positions[0].end.column, 33u);
  EXPECT_EQ(positions[1].begin.column, 34u);
  // Captured from AWS for this text of AdministratorAccess: from 3:17 to 8:6.
  const auto captured = statement_positions(
      "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n"
      "      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}");
  ASSERT_EQ(captured.size(), 1u);
  EXPECT_EQ(captured[0].begin.line, 3u);
  EXPECT_EQ(captured[0].begin.column, 17u);
  EXPECT_EQ(captured[0].end.line, 8u);
  EXPECT_EQ(captured[0].end.column, 6u);
  const auto single = statement_positions(R"({"Statement":{"Effect":"Deny"}})");
  ASSERT_EQ(single.size(), 1u);
  EXPECT_EQ(single[0].begin.column, 15u);  // seen in an answer of AWS: behind the brace
  EXPECT_EQ(single[0].end.column, 31u);
}

}  // namespace
}  // namespace ecr::auth::iam
