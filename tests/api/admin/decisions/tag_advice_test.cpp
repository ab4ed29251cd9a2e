// Tags that would allow a request: what is advised is enough, and nothing is advised that is not.
#include "api/admin/decisions/tag_advice.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ecr::api::admin {
namespace {

using auth::iam::Policy;
using auth::iam::PolicySet;
using auth::iam::PolicyType;
using auth::iam::Request;
using Json = nlohmann::json;
using Tags = std::map<std::string, std::string>;

constexpr const char* kTeamApp = "arn:aws:ecr:us-east-1:111111111111:repository/team/app";

Request tag_request() {
  Request request;
  request.principal = *auth::iam::make_principal("arn:aws:iam::111111111111:user/jane", "");
  request.action = "ecr:PutImage";
  request.resource = kTeamApp;
  request.resource_account = "111111111111";
  request.context.set("aws:PrincipalTag/team", "web");
  return request;
}

Json allow_where(const Json& condition) {
  return {{"Effect", "Allow"}, {"Action", "ecr:*"}, {"Resource", "*"}, {"Condition", condition}};
}

PolicySet identity_with(const Json& statements) {
  const Json document = {{"Version", "2012-10-17"}, {"Statement", statements}};
  PolicySet set;
  set.identity = {{*Policy::parse(document.dump(), PolicyType::kIdentity), "own"}};
  return set;
}

std::vector<TagAdvice> tag_advice_on(const Request& request, const PolicySet& policies) {
  return advise_tags(request, policies, evaluate(request, policies));
}

std::vector<Tags> tags_for(const Request& request, const PolicySet& policies) {
  std::vector<Tags> list;
  for (const TagAdvice& one : tag_advice_on(request, policies)) list.push_back(one.tags);
  return list;
}

std::vector<Tags> tags_for(const Json& condition) {
  return tags_for(tag_request(), identity_with({allow_where(condition)}));
}

TEST(TagAdvice, NamesTheCommandAndWhomItConcerns) {
  Request request = tag_request();
  const auto policies =
      identity_with({allow_where({{"StringEquals", {{"aws:ResourceTag/team", "web"}}}})});
  auto found = tag_advice_on(request, policies);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].tags, (Tags{{"team", "web"}}));
  EXPECT_EQ(found[0].where, "repository team/app in account 111111111111");
  EXPECT_EQ(found[0].command, std::string("aws ecr tag-resource --resource-arn ") + kTeamApp +
                                  " --tags Key=team,Value=web");
  EXPECT_TRUE(found[0].caution.starts_with("careful: this changes what every caller may do"));
  EXPECT_EQ(found[0].caution.find("replaces"), std::string::npos);
  request.context.set("aws:ResourceTag/team", "data");
  found = tag_advice_on(request, policies);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].caution.ends_with("; it replaces team=data")) << found[0].caution;
}

TEST(TagAdvice, TheValueIsThatOfThePolicyOrOfItsVariable) {
  const std::vector<Tags> web = {{{"team", "web"}}};
  EXPECT_EQ(tags_for({{"StringEquals", {{"aws:ResourceTag/team", "${aws:PrincipalTag/team}"}}}}),
            web);
  EXPECT_EQ(tags_for({{"StringEqualsIgnoreCase", {{"ecr:ResourceTag/team", "web"}}}}), web);
  EXPECT_EQ(tags_for({{"ForAnyValue:StringEquals", {{"aws:ResourceTag/team", {"web", "x"}}}}}),
            web);
  EXPECT_EQ(tags_for({{"StringLike", {{"aws:ResourceTag/team", {"a*", "web"}}}}}), web);
  const std::vector<Tags> both = {{{"env", "dev"}, {"team", "web"}}};
  EXPECT_EQ(tags_for({{"StringEquals",
                       {{"aws:ResourceTag/team", "web"}, {"aws:ResourceTag/env", "dev"}}}}),
            both);
}

TEST(TagAdvice, NothingIsAdvisedThatIsNotEnoughOrNotKnown) {
  const std::vector<Tags> none;
  EXPECT_EQ(tags_for({{"StringLike", {{"aws:ResourceTag/team", "w*"}}}}), none);
  EXPECT_EQ(tags_for({{"StringNotEquals", {{"aws:ResourceTag/team", "web"}}}}), none);  // allowed
  EXPECT_EQ(tags_for({{"StringEquals", {{"aws:ResourceTag/team", "${aws:PrincipalTag/x}"}}}}),
            none);
  EXPECT_EQ(tags_for({{"StringEquals", {{"aws:ResourceTag/aws:x", "web"}}}}), none);
  EXPECT_EQ(tags_for({{"StringEquals", {{"aws:ResourceTag/team", "web"}}},
                      {"Bool", {{"aws:MultiFactorAuthPresent", "true"}}}}),
            none);
  Json deny = {{"Effect", "Deny"}, {"Action", "*"}, {"Resource", "*"}};
  EXPECT_EQ(
      tags_for(tag_request(),
               identity_with(
                   {allow_where({{"StringEquals", {{"aws:ResourceTag/team", "web"}}}}), deny})),
      none);
  // Where the Deny looks at the same tag, the tag helps against it, too.
  deny["Condition"] = {{"StringNotEquals", {{"aws:ResourceTag/team", "web"}}}};
  EXPECT_EQ(
      tags_for(tag_request(),
               identity_with(
                   {allow_where({{"StringEquals", {{"aws:ResourceTag/team", "web"}}}}), deny})),
      (std::vector<Tags>{{{"team", "web"}}}));
  Request listing = tag_request();
  listing.resource = "arn:aws:ecr:us-east-1:111111111111:repository/*";
  EXPECT_EQ(tags_for(listing, identity_with(
                                  {allow_where({{"StringEquals", {{"aws:ResourceTag/a", "b"}}}})})),
            none);
}

// Values that the short form of the AWS CLI would cut.
TEST(TagAdvice, SpacesAreWrittenAsJson) {
  const auto found = tag_advice_on(
      tag_request(),
      identity_with({allow_where({{"StringEquals", {{"aws:ResourceTag/team", "web and more"}}}})}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].command.ends_with(R"(--tags '[{"Key":"team","Value":"web and more"}]')"))
      << found[0].command;
}

}  // namespace
}  // namespace ecr::api::admin
