// The policy simulator: what it decides, and what it tells of how.
#include "tests/api/iam/simulator_fixture.h"

namespace ecr::api::test::simulator {
namespace {

TEST_F(Simulator, DecidesEachActionOnEachResource) {
  const Json output = custom({{"Version", "2012-10-17"},
                              {"Statement",
                               {{{"Effect", "Allow"}, {"Action", "ecr:*"}, {"Resource", kApp}},
                                {{"Effect", "Deny"}, {"Action", "ecr:Put*"}, {"Resource", "*"}}}}},
                             {{"ActionNames.member.1", "ecr:ListImages"},
                              {"ActionNames.member.2", "ecr:PutImage"},
                              {"ResourceArns.member.1", kApp},
                              {"ResourceArns.member.2", kOther}});
  EXPECT_EQ(output["IsTruncated"], false);
  const Json& results = output["EvaluationResults"];
  ASSERT_EQ(results.size(), 4u);
  const char* expected[] = {"allowed", "implicitDeny", "explicitDeny", "explicitDeny"};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(results[i]["EvalActionName"], i < 2 ? "ecr:ListImages" : "ecr:PutImage");
    EXPECT_EQ(results[i]["EvalResourceName"], i % 2 == 0 ? kApp : kOther);
    EXPECT_EQ(decision(output, i), expected[i]);
    EXPECT_EQ(results[i]["ResourceSpecificResults"][0]["EvalResourceDecision"], expected[i]);
    EXPECT_EQ(results[i]["EvalDecisionDetails"], Json::object());
    EXPECT_FALSE(results[i]["ResourceSpecificResults"][0].contains("EvalDecisionDetails"));
  }
  EXPECT_EQ(results[1]["MatchedStatements"], Json::array());
  // A denial lists the denying statement only, although another statement allows.
  ASSERT_EQ(results[2]["MatchedStatements"].size(), 1u);
  EXPECT_EQ(results[2]["MatchedStatements"][0]["SourcePolicyId"], "PolicyInputList.1");
}

TEST_F(Simulator, GivesThePositionOfTheStatement) {
  // Text and positions as captured from AWS.
  const std::string document =
      "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n"
      "      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}";
  const Json output =
      call_query("iam", "SimulateCustomPolicy",
                 with(of("ecr:GetAuthorizationToken"), {{"PolicyInputList.member.1", document}}));
  EXPECT_EQ(output["EvaluationResults"][0],
            (Json{{"EvalActionName", "ecr:GetAuthorizationToken"},
                  {"EvalResourceName", "*"},
                  {"EvalDecision", "allowed"},
                  {"MatchedStatements",
                   {{{"SourcePolicyId", "PolicyInputList.1"},
                     {"SourcePolicyType", "IAM Policy"},
                     {"StartPosition", {{"Line", 3}, {"Column", 17}}},
                     {"EndPosition", {{"Line", 8}, {"Column", 6}}}}}},
                  {"MissingContextValues", Json::array()}}));
}

TEST_F(Simulator, AnActionWithoutResourcesIsDecidedOnAllOfThem) {
  EXPECT_EQ(decision(custom(policy("Allow", "ecr:GetAuthorizationToken", kApp),
                            of("ecr:GetAuthorizationToken", kApp))),
            "implicitDeny");
}

TEST_F(Simulator, ContextEntriesAreTypedAndMissingOnesNamed) {
  Json document = policy("Allow", "ecr:ListImages", "*");
  document["Statement"][0]["Condition"] = {{"NumericLessThan", {{"custom:Age", "30"}}},
                                           {"ForAnyValue:StringEquals", {{"custom:Keys", "b"}}}};
  Json output = custom(document, of("ecr:ListImages"));
  EXPECT_EQ(decision(output), "implicitDeny");
  EXPECT_EQ(output["EvaluationResults"][0]["MissingContextValues"],
            Json({"custom:Age", "custom:Keys"}));
  output =
      custom(document, with(of("ecr:ListImages", kApp), entry("custom:age", "numeric", {"7"})));
  EXPECT_EQ(output["EvaluationResults"][0]["MissingContextValues"], Json::array());
  EXPECT_EQ(output["EvaluationResults"][0]["ResourceSpecificResults"][0]["MissingContextValues"],
            Json({"custom:Keys"}));
  Parameters both = with(of("ecr:ListImages"), entry("custom:age", "numeric", {"7"}));
  for (auto [name, value] : entry("custom:keys", "stringList", {"a", "b"})) {
    both.emplace_back(name.replace(name.find("member.1"), 8, "member.2"), value);
  }
  EXPECT_EQ(decision(custom(document, both)), "allowed");
  // Also of a statement about another action.
  EXPECT_EQ(custom(document, of("ecr:PutImage"))["EvaluationResults"][0]["MissingContextValues"],
            Json({"custom:Age", "custom:Keys"}));
}

TEST_F(Simulator, MissingContextValuesAreThoseOfAllPolicies) {
  Json document = policy("Allow", "ecr:ListImages", kApp);
  document["Statement"][0]["Condition"] = {{"StringLike", {{"aws:PrincipalTag/allowed", "ecr"}}}};
  document["Statement"].push_back(
      {{"Effect", "Allow"},
       {"Action", "ecr:PutImage"},
       {"Resource", "arn:aws:ecr:us-east-1:111122223333:repository/${aws:username}"}});
  Json boundary = policy("Allow", "*", "*");
  boundary["Statement"][0]["Condition"] = {{"Bool", {{"aws:SecureTransport", "true"}}}};
  const Parameters with_boundary = {
      {"PermissionsBoundaryPolicyInputList.member.1", boundary.dump()}};
  const Json output = custom(document, with(of("ecr:ListImages"), with_boundary));
  EXPECT_EQ(output["EvaluationResults"][0]["MissingContextValues"],
            Json({"aws:PrincipalTag/allowed", "aws:SecureTransport", "aws:username"}));
  const Json given =
      custom(document, with(of("ecr:ListImages", kApp), entry("aws:username", "string", {"jane"})));
  EXPECT_EQ(given["EvaluationResults"][0]["ResourceSpecificResults"][0]["MissingContextValues"],
            Json({"aws:PrincipalTag/allowed"}));
}

// Seen in an answer without a date: the statement that allows is listed beside the boundary's.
TEST_F(Simulator, ABoundaryThatDeniesIsNamed) {
  const Json output = custom(
      policy("Allow", "*", "*"),
      with(of("ecr:ListImages"),
           {{"PermissionsBoundaryPolicyInputList.member.1", policy("Deny", "*", "*").dump()}}));
  EXPECT_EQ(decision(output), "explicitDeny");
  const Json& matched = output["EvaluationResults"][0]["MatchedStatements"];
  ASSERT_EQ(matched.size(), 2u);
  EXPECT_EQ(matched[0]["SourcePolicyType"], "IAM Policy");
  EXPECT_EQ(matched[1]["SourcePolicyType"], "Permissions Boundary Policy");
}

TEST_F(Simulator, RefusesWhatItCannotSimulate) {
  const std::string allow = text(policy("Allow", "*", "*"));
  const Parameters base = {{"PolicyInputList.member.1", allow}};
  const Parameters cases[] = {
      {{"PolicyInputList.member.1", "{"}, {"ActionNames.member.1", "ecr:ListImages"}},
      with(base, of("ecr:List*")),
      with(base, of("ListImages")),
      with(base, of("ecr:ListImages", "app")),
      with(with(base, of("ecr:ListImages")), entry("custom:k", "numeric", {"x"})),
      with(with(base, of("ecr:ListImages")), entry("custom:k", "ip", {"1.2.3"})),
      with(with(base, of("ecr:ListImages")), entry("custom:k", "string", {"a", "b"})),
      with(with(base, of("ecr:ListImages")), {{"Marker", "forged"}}),
      with(with(base, of("ecr:ListImages")), {{"CallerArn", "arn:aws:iam::111122223333:role/r"}}),
      with(with(base, of("ecr:ListImages")), {{"ResourceOwner", "me"}}),
      with(with(base, of("ecr:ListImages", kApp)), {{"ResourcePolicy", allow}}),
  };
  for (const Parameters& parameters : cases) {
    EXPECT_EQ(fail_query("iam", "SimulateCustomPolicy", parameters, 400).first, "InvalidInput")
        << Json(parameters).dump();
  }
}

TEST_F(Simulator, ResourcePoliciesAndCallersOfOtherAccounts) {
  const std::string trusted =
      text({{"Version", "2012-10-17"},
            {"Statement",
             {{{"Effect", "Allow"},
               {"Principal", {{"AWS", "arn:aws:iam::999988887777:user/bob"}}},
               {"Action", "ecr:ListImages"},
               {"Resource", kApp}}}}});
  const Parameters caller = {{"CallerArn", "arn:aws:iam::999988887777:user/bob"},
                             {"ResourcePolicy", trusted}};
  Json output =
      custom(policy("Allow", "ecr:ListImages", "*"), with(of("ecr:ListImages", kApp), caller));
  EXPECT_EQ(decision(output), "allowed");
  EXPECT_EQ(output["EvaluationResults"][0]["EvalDecisionDetails"],
            (Json{{"IAM Policy", "allowed"}, {"Resource Policy", "allowed"}}));
  EXPECT_EQ(output["EvaluationResults"][0]["MatchedStatements"].size(), 2u);
  output = custom(policy("Allow", "ecr:PutImage", "*"), with(of("ecr:ListImages", kApp), caller));
  EXPECT_EQ(decision(output), "implicitDeny");
  EXPECT_EQ(output["EvaluationResults"][0]["EvalDecisionDetails"],
            (Json{{"IAM Policy", "implicitDeny"}, {"Resource Policy", "allowed"}}));
  // A resource whose ARN has no account.
  const Parameters bucket = with(of("ecr:ListImages", "arn:aws:s3:::bucket"),
                                 {{"CallerArn", kJane}, {"ResourcePolicy", trusted}});
  EXPECT_EQ(
      custom(policy("Allow", "*", "*"), bucket)["EvaluationResults"][0]["EvalDecisionDetails"],
      Json::object());
  EXPECT_EQ(decision(custom(policy("Allow", "*", "*"),
                            with(bucket, {{"ResourceOwner", "arn:aws:iam::999988887777:root"}}))),
            "implicitDeny");
}

TEST_F(Simulator, PagesGoThroughAllOfThem) {
  Parameters parameters = {{"MaxItems", "2"}};
  for (int i = 1; i <= 5; ++i) {
    parameters.emplace_back("ActionNames.member." + std::to_string(i), "ecr:A" + std::to_string(i));
  }
  std::vector<std::string> seen;
  std::string marker;
  for (int page = 0; page < 3; ++page) {
    Parameters one = parameters;
    if (!marker.empty()) one.emplace_back("Marker", marker);
    const Json output = custom(policy("Allow", "ecr:*", "*"), one);
    for (const Json& result : output["EvaluationResults"]) {
      seen.push_back(result["EvalActionName"].get<std::string>());
    }
    EXPECT_EQ(output["IsTruncated"], page < 2);
    EXPECT_EQ(output.contains("Marker"), page < 2);
    marker = output.value("Marker", "");
    if (page == 0) {  // a marker belongs to its own request
      EXPECT_EQ(fail_query("iam", "SimulateCustomPolicy",
                           {{"PolicyInputList.member.1", text(policy("Allow", "*", "*"))},
                            {"ActionNames.member.1", "ecr:A1"},
                            {"Marker", marker}},
                           400)
                    .first,
                "InvalidInput");
    }
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"ecr:A1", "ecr:A2", "ecr:A3", "ecr:A4", "ecr:A5"}));
}

TEST_F(SimulatedPrincipal, HasTheUsersOwnAttachedAndGroupPolicies) {
  Json output = principal(kJane, of("ecr:ListImages", kApp));
  EXPECT_EQ(decision(output), "allowed");
  EXPECT_EQ(output["EvaluationResults"][0]["MatchedStatements"][0]["SourcePolicyId"],
            "user_jane_own");
  output = principal(kJane, of("ecr:PutImage", kApp));
  EXPECT_EQ(output["EvaluationResults"][0]["MatchedStatements"][0]["SourcePolicyId"], "push");
  output = principal(
      kJane, of("ecr:DescribeImages", "arn:aws:ecr:us-east-1:111122223333:repository/jane/x"));
  EXPECT_EQ(output["EvaluationResults"][0]["MatchedStatements"][0]["SourcePolicyId"],
            "group_devs_self");
  EXPECT_EQ(decision(principal(kJane, of("ecr:DeleteRepository", kApp))), "implicitDeny");
  EXPECT_FALSE(output["EvaluationResults"][0].contains("PermissionsBoundaryDecisionDetail"));
  // A group alone knows no user name.
  output =
      principal("arn:aws:iam::111122223333:group/devs",
                of("ecr:DescribeImages", "arn:aws:ecr:us-east-1:111122223333:repository/jane/x"));
  EXPECT_EQ(decision(output), "implicitDeny");
  EXPECT_EQ(output["EvaluationResults"][0]["ResourceSpecificResults"][0]["MissingContextValues"],
            Json({"aws:username"}));
}

TEST_F(SimulatedPrincipal, ABoundaryLimitsAndCanBeReplaced) {
  const std::string role = "arn:aws:iam::111122223333:role/ci";
  Json output = principal(role, of("ecr:PutImage", kApp));
  EXPECT_EQ(decision(output), "implicitDeny");
  EXPECT_EQ(output["EvaluationResults"][0]["PermissionsBoundaryDecisionDetail"],
            Json({{"AllowedByPermissionsBoundary", false}}));
  output = principal(role, of("ecr:ListImages", kApp));
  EXPECT_EQ(decision(output), "allowed");
  EXPECT_EQ(output["EvaluationResults"][0]["PermissionsBoundaryDecisionDetail"],
            Json({{"AllowedByPermissionsBoundary", true}}));
  output = principal(
      role, with(of("ecr:PutImage", kApp), {{"PermissionsBoundaryPolicyInputList.member.1",
                                             text(policy("Allow", "ecr:PutImage", "*"))}}));
  EXPECT_EQ(decision(output), "allowed");
  // For AssumeRole only the caller's side is simulated.
  EXPECT_EQ(decision(principal(role, of("sts:AssumeRole", "arn:aws:iam::999988887777:role/x"))),
            "allowed");
}

TEST_F(SimulatedPrincipal, PoliciesCanBeAdded) {
  const Json output = principal(
      kJane, with(of("ecr:PutImage", kApp),
                  {{"PolicyInputList.member.1", text(policy("Deny", "ecr:PutImage", "*"))}}));
  EXPECT_EQ(decision(output), "explicitDeny");
  EXPECT_EQ(output["EvaluationResults"][0]["MatchedStatements"][0]["SourcePolicyId"],
            "PolicyInputList.1");
}

TEST_F(SimulatedPrincipal, IsLimitedByTheOrganization) {
  seed({{"organization",
         {{"id", "o-example"},
          {"managementAccount", "999999999999"},
          {"policies",
           {{{"id", "p-nopush"},
             {"type", "SERVICE_CONTROL_POLICY"},
             {"name", "nopush"},
             {"document", policy("Deny", "ecr:PutImage", "*")}}}},
          {"accounts", {{"111122223333", {{"policies", {"p-nopush"}}}}}}}}});
  Json output = principal(kJane, of("ecr:PutImage", kApp));
  EXPECT_EQ(decision(output), "explicitDeny");
  EXPECT_EQ(output["EvaluationResults"][0]["OrganizationsDecisionDetail"],
            Json({{"AllowedByOrganizations", false}}));
  EXPECT_EQ(output["EvaluationResults"][0]["MatchedStatements"], Json::array());
  output = principal(kJane, of("ecr:ListImages", kApp));
  EXPECT_EQ(decision(output), "allowed");
  EXPECT_EQ(output["EvaluationResults"][0]["OrganizationsDecisionDetail"],
            Json({{"AllowedByOrganizations", true}}));
}

TEST_F(SimulatedPrincipal, IsAuthorizedOnThePrincipal) {
  use(kSeededKeys);
  EXPECT_EQ(
      fail_query("iam", "SimulatePrincipalPolicy",
                 with(of("ecr:PutImage"), {{"PolicySourceArn", kJane}}), 403),
      Error("AccessDenied",
            "User: arn:aws:iam::111122223333:user/jane is not authorized to perform: "
            "iam:SimulatePrincipalPolicy on resource: arn:aws:iam::111122223333:user/jane "
            "because no identity-based policy allows the iam:SimulatePrincipalPolicy action"));
  EXPECT_EQ(fail_query("iam", "GetContextKeysForPrincipalPolicy", {{"PolicySourceArn", kJane}}, 403)
                .first,
            "AccessDenied");
  seed(seed_user("jane", {{"simulate", policy("Allow", "iam:SimulatePrincipalPolicy", kJane)}}));
  EXPECT_EQ(decision(principal(kJane, of("ecr:PutImage"))), "implicitDeny");
  EXPECT_EQ(
      fail_query(
          "iam", "SimulatePrincipalPolicy",
          with(of("ecr:PutImage"), {{"PolicySourceArn", "arn:aws:iam::111122223333:role/ci"}}), 403)
          .first,
      "AccessDenied");
}

TEST_F(SimulatedPrincipal, MustExist) {
  EXPECT_EQ(fail_query("iam", "SimulatePrincipalPolicy",
                       with(of("ecr:PutImage"),
                            {{"PolicySourceArn", "arn:aws:iam::111122223333:user/nobody"}}),
                       404)
                .first,
            "NoSuchEntity");
  const std::string session = "arn:aws:sts::111122223333:assumed-role/ci/build";
  EXPECT_EQ(fail_query("iam", "SimulatePrincipalPolicy",
                       with(of("ecr:PutImage"), {{"PolicySourceArn", session}}), 400),
            Error("InvalidInput", "Invalid Entity Arn: " + session +
                                      " does not clearly define entity type and name."));
}

TEST_F(SimulatedPrincipal, ContextKeysOfPolicies) {
  Json document = policy("Allow", "ecr:*", "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}");
  document["Statement"][0]["Condition"] = {{"Bool", {{"aws:SecureTransport", "true"}}}};
  EXPECT_EQ(call_query("iam", "GetContextKeysForCustomPolicy",
                       {{"PolicyInputList.member.1", text(document)}})["ContextKeyNames"],
            Json({"aws:PrincipalTag/team", "aws:SecureTransport"}));
  EXPECT_EQ(call_query("iam", "GetContextKeysForPrincipalPolicy",
                       {{"PolicySourceArn", kJane},
                        {"PolicyInputList.member.1", text(document)}})["ContextKeyNames"],
            Json({"aws:PrincipalTag/team", "aws:SecureTransport", "aws:username"}));
}

TEST_F(Simulator, TooMuchWorkIsAnError) {
  Json document = policy("Allow", "*", "*");
  document["Statement"][0]["Condition"]["StringLike"]["aws:UserAgent"] =
      std::vector<std::string>(1000, "*aaab*");
  const auto simulate = [&](std::size_t length) {
    return send_query(
        "iam", "SimulateCustomPolicy",
        {{"PolicyInputList.member.1", text(document)},
         {"ActionNames.member.1", "ecr:PutImage"},
         {"ContextEntries.member.1.ContextKeyName", "aws:UserAgent"},
         {"ContextEntries.member.1.ContextKeyType", "string"},
         {"ContextEntries.member.1.ContextKeyValues.member.1", std::string(length, 'a')}});
  };
  EXPECT_EQ(simulate(10).status, 200);
  const auto response = simulate(30'000);
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(body_of(response).find("more work than one decision may take"), std::string::npos);
}

}  // namespace
}  // namespace ecr::api::test::simulator
