// The policy simulator with the policies of an organization, without some policies, and across
// accounts.
#include "tests/api/iam/simulator_fixture.h"

namespace ecr::api::test::simulator {
namespace {

// The conditions and resources of SCPs count. A denial is explicit, also where a level merely does
// not allow.
TEST_F(Simulator, EvaluatesTheOrganizationPoliciesOfTheRequest) {
  const Json full = policy("Allow", "*", "*");
  const auto simulate = [&](const Json& root, const Json& account, const Parameters& more = {}) {
    return custom(
        full, with(with(of("ecr:PutImage", kApp), {{"OrderedOrganizationPolicyInputList.member.1."
                                                    "ServiceControlPolicyInputList.member.1",
                                                    text(root)},
                                                   {"OrderedOrganizationPolicyInputList.member.2."
                                                    "ServiceControlPolicyInputList.member.1",
                                                    text(account)}}),
                   more));
  };
  Json output = simulate(full, full);
  EXPECT_EQ(decision(output), "allowed");
  EXPECT_EQ(output["EvaluationResults"][0]["OrganizationsDecisionDetail"],
            Json({{"AllowedByOrganizations", true}}));
  output = simulate(full, policy("Allow", "ecr:ListImages", "*"));
  EXPECT_EQ(decision(output), "explicitDeny");
  EXPECT_EQ(output["EvaluationResults"][0]["OrganizationsDecisionDetail"],
            Json({{"AllowedByOrganizations", false}}));
  Json deny = policy("Deny", "ecr:PutImage", kOther);
  deny["Statement"].push_back({{"Effect", "Allow"}, {"Action", "*"}, {"Resource", "*"}});
  EXPECT_EQ(decision(simulate(deny, full)), "allowed");
  deny["Statement"][0]["Resource"] = kApp;
  EXPECT_EQ(decision(simulate(deny, full)), "explicitDeny");
  deny["Statement"][0]["Condition"] = {{"StringEquals", {{"aws:RequestedRegion", "eu-west-1"}}}};
  output = simulate(deny, full);
  EXPECT_EQ(decision(output), "allowed");
  EXPECT_EQ(output["EvaluationResults"][0]["ResourceSpecificResults"][0]["MissingContextValues"],
            Json({"aws:RequestedRegion"}));
  EXPECT_EQ(decision(simulate(deny, full, entry("aws:RequestedRegion", "string", {"eu-west-1"}))),
            "explicitDeny");
}

TEST_F(Simulator, TakesSevenLevelsAtMost) {
  Parameters parameters = of("ecr:PutImage");
  const auto add = [&](int level) {
    parameters.emplace_back("OrderedOrganizationPolicyInputList.member." + std::to_string(level) +
                                ".ServiceControlPolicyInputList.member.1",
                            text(policy("Allow", "*", "*")));
  };
  for (int level = 1; level <= 7; ++level) add(level);
  EXPECT_EQ(decision(custom(policy("Allow", "*", "*"), parameters)), "allowed");
  add(8);
  parameters.emplace_back("PolicyInputList.member.1", text(policy("Allow", "*", "*")));
  EXPECT_EQ(fail_query("iam", "SimulateCustomPolicy", parameters, 400).first, "ValidationError");
}

// ResourceOwner says that the resource is another account's: without a policy of it nothing allows.
TEST_F(Simulator, DecidesAcrossAccountsWhereTheOwnerIsGiven) {
  const Parameters owner = {{"ResourceOwner", "arn:aws:iam::999988887777:root"}};
  const std::string bucket = "arn:aws:s3:::bucket/key";
  const Json full = policy("Allow", "*", "*");
  const Json output = custom(full, with(of("s3:GetObject", bucket), owner));
  EXPECT_EQ(decision(output), "implicitDeny");
  EXPECT_EQ(output["EvaluationResults"][0]["EvalDecisionDetails"],
            (Json{{"IAM Policy", "allowed"}, {"Resource Policy", "implicitDeny"}}));
  EXPECT_EQ(decision(custom(full, of("s3:GetObject", bucket))), "allowed");
}

TEST_F(SimulatedPrincipal, PoliciesCanBeLeftOut) {
  seed({{"organization",
         {{"id", "o-example"},
          {"managementAccount", "999999999999"},
          {"policies",
           {{{"id", "p-nopush"},
             {"type", "SERVICE_CONTROL_POLICY"},
             {"name", "nopush"},
             {"document", policy("Deny", "ecr:PutImage", "*")}}}},
          {"accounts", {{"111122223333", {{"policies", {"p-nopush"}}}}}}}}});
  use(Keys{"111122223333", "test"});
  const std::string arn =
      call_query("iam", "CreatePolicy",
                 {{"PolicyName", "put"},
                  {"PolicyDocument", text(policy("Allow", "ecr:PutImage", "*"))}})["Policy"]["Arn"]
          .get<std::string>();
  call_query("iam", "CreateUser", {{"UserName", "sue"}});
  call_query("iam", "AttachUserPolicy", {{"UserName", "sue"}, {"PolicyArn", arn}});
  call_query("iam", "PutUserPolicy",
             {{"UserName", "sue"},
              {"PolicyName", "list"},
              {"PolicyDocument", text(policy("Allow", "ecr:ListImages", "*"))}});
  const std::string sue = "arn:aws:iam::111122223333:user/sue";
  const std::string member = "PolicyExclusionList.member.1.";
  const auto simulate = [&](const std::string& action, const Parameters& exclusion) {
    return decision(principal(sue, with(of(action, kApp), exclusion)));
  };
  EXPECT_EQ(simulate("ecr:PutImage", {}), "explicitDeny");
  const Parameters no_scps = {{member + "PolicyType", "scp"}};
  EXPECT_EQ(simulate("ecr:PutImage", no_scps), "allowed");
  EXPECT_EQ(
      simulate("ecr:PutImage", with(no_scps, {{"PolicyExclusionList.member.2.PolicyArn", arn}})),
      "implicitDeny");
  EXPECT_EQ(simulate("ecr:PutImage",
                     with(no_scps, {{"PolicyExclusionList.member.2.PolicyType", "user-managed"}})),
            "implicitDeny");
  EXPECT_EQ(simulate("ecr:PutImage",
                     with(no_scps, {{"PolicyExclusionList.member.2.PolicyType", "aws-managed"}})),
            "allowed");
  EXPECT_EQ(simulate("ecr:ListImages", {}), "allowed");
  const std::string named = member + "InlinePolicyIdentifier.";
  EXPECT_EQ(simulate("ecr:ListImages", {{named + "PolicyName", "list"},
                                        {named + "AttachmentType", "user"},
                                        {named + "AttachmentName", "sue"}}),
            "implicitDeny");
  EXPECT_EQ(simulate("ecr:ListImages", {{named + "PolicyName", "list"},
                                        {named + "AttachmentType", "group"},
                                        {named + "AttachmentName", "sue"}}),
            "allowed");
  EXPECT_EQ(simulate("ecr:ListImages", {{member + "PolicyType", "inline"}}), "implicitDeny");
}

}  // namespace
}  // namespace ecr::api::test::simulator
