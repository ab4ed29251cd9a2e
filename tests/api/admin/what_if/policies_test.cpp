// GET and PUT /_ecr-local/policies, and POST /_ecr-local/validate-policy.
#include "storage/rows/iam/managed_policies.h"
#include "tests/api/admin/what_if/fixture.h"

namespace ecr::api::test {
namespace {

TEST_F(WhatIfTest, ThePoliciesOfAUserAreListedWithThoseOfItsGroups) {
  const Json json = answer("GET", "policies?target=" + arn_of("user/jane"));
  ASSERT_EQ(json["policies"].size(), 2u);
  EXPECT_EQ(json["policies"][0]["kind"], "inline");
  EXPECT_EQ(json["policies"][0]["name"], "pull");
  EXPECT_EQ(json["policies"][0]["target"], arn_of("user/jane"));
  EXPECT_EQ(json["policies"][0]["document"]["Version"], "2012-10-17");
  EXPECT_EQ(Json::parse(json["policies"][0]["text"].get<std::string>()),
            json["policies"][0]["document"]);
  EXPECT_EQ(json["policies"][1]["target"], arn_of("group/devs"));
}

TEST_F(WhatIfTest, ThePoliciesOfARoleAreItsOwnItsManagedOnesAndItsTrust) {
  const Json json = answer("GET", "policies?target=" + arn_of("role/ci"));
  std::vector<std::string> kinds;
  for (const Json& one : json["policies"]) kinds.push_back(one["kind"].get<std::string>());
  EXPECT_EQ(kinds, (std::vector<std::string>{"inline", "managed", "trust"}));
  EXPECT_EQ(json["policies"][1]["target"], arn_of("policy/reader"));
  EXPECT_EQ(
      answer("GET", "policies?target=arn:aws:sts::111122223333:assumed-role/ci/build")["policies"],
      json["policies"]);
  // Stored by id, shown by ARN.
  EXPECT_EQ(json["policies"][2]["document"]["Statement"][0]["Principal"]["AWS"],
            arn_of("user/jane"));
}

TEST_F(WhatIfTest, PoliciesAreStoredAsTheServicesDoIt) {
  const std::string mark = arn_of("user/mark");
  const Json pull = policy("Allow", "ecr:ListImages", "*");
  answer("PUT", "policies", inline_change(mark, "may", pull));
  become("mark");
  call("ListImages", {{"repositoryName", "ops"}});
  answer("PUT", "policies", inline_change(mark, "may", nullptr));
  fail("ListImages", {{"repositoryName", "ops"}});

  const Json lets_mark = {
      {"Version", "2012-10-17"},
      {"Statement",
       {{{"Effect", "Allow"}, {"Principal", {{"AWS", mark}}}, {"Action", "ecr:ListImages"}}}}};
  answer("PUT", "policies", change("repository", kOpsArn, lets_mark));
  call("ListImages", {{"repositoryName", "ops"}});
  answer("PUT", "policies", change("repository", kOpsArn, nullptr));
  fail("ListImages", {{"repositoryName", "ops"}});

  const std::string registry = "arn:aws:ecr:us-east-1:111122223333:registry";
  Json in_registry = lets_mark;
  in_registry["Statement"][0]["Resource"] = "*";
  const Json stored = answer("PUT", "policies", change("registry", registry, in_registry));
  EXPECT_EQ(stored["policies"][0]["document"], in_registry);
  call("ListImages", {{"repositoryName", "ops"}});
  answer("PUT", "policies", change("registry", registry, nullptr));
  fail("ListImages", {{"repositoryName", "ops"}});

  EXPECT_EQ(cell(arn_of("user/lena"), "ecr:PutImage", kAppArn), "ImplicitlyDenied");
  answer("PUT", "policies", change("boundary", arn_of("user/lena"), nullptr));
  EXPECT_EQ(cell(arn_of("user/lena"), "ecr:PutImage", kAppArn), "Allowed");

  Json trust = lets_mark;
  trust["Statement"][0]["Action"] = "sts:AssumeRole";
  answer("PUT", "policies", change("trust", arn_of("role/ci"), trust));
  EXPECT_EQ(cell(mark, "sts:AssumeRole", arn_of("role/ci")), "Allowed");
}

TEST_F(WhatIfTest, AManagedPolicyGetsANewVersionAndLosesTheOldestOne) {
  const std::string reader = arn_of("policy/reader");
  for (int i = 0; i < 8; ++i) {
    const Json document = policy("Allow", "ecr:Describe" + std::to_string(i), "*");
    const Json json = answer("PUT", "policies", change("managed", reader, document));
    EXPECT_EQ(json["policies"][0]["document"], document);
  }
  auto txn = store->database().begin(storage::sql::Access::kRead);
  const auto row = storage::find_managed_policy(txn, reader);
  EXPECT_EQ(storage::policy_versions(txn, row->id).size(), 5u);
  EXPECT_EQ(row->default_version, 9);
}

TEST_F(WhatIfTest, TheServicesChecksApply) {
  const std::string mark = arn_of("user/mark");
  const auto refused = [&](const Json& body) { return refusal("PUT", "policies", body); };
  // ECR refuses a policy that locks its author out, unless it is forced.
  const Json nobody = {
      {"Version", "2012-10-17"},
      {"Statement", {{{"Effect", "Deny"}, {"Principal", "*"}, {"Action", "ecr:*"}}}}};
  Json body = change("repository", kOpsArn, nobody);
  EXPECT_EQ(refused(body),
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'The new repository "
            "policy will not allow you to update the repository policy in the future'");
  body["force"] = true;
  answer("PUT", "policies", body);
  // IAM has a limit of the size.
  Json large = policy("Allow", "ecr:PutImage", Json::array());
  for (int i = 0; i < 100; ++i) {
    large["Statement"][0]["Resource"].push_back(kAppArn + std::to_string(i));
  }
  EXPECT_EQ(refused(inline_change(mark, "large", large)),
            "Maximum policy size of 2048 bytes exceeded for user mark");
  EXPECT_EQ(refused(change("boundary", arn_of("user/lena"), policy("Allow", "*", "*"))),
            "document: a boundary is a managed policy: change it by kind managed and its ARN");
  EXPECT_EQ(refused(change("trust", arn_of("role/ci"), nullptr)),
            "document: a role always has a trust policy");
  EXPECT_EQ(refused(change("identity", mark, policy("Allow", "*", "*"))),
            "name: is missing: of the inline policy");
  EXPECT_EQ(refused(change("managed", "arn:aws:iam::aws:policy/ReadOnlyAccess", nullptr)),
            "target: AWS's own policies cannot be changed");
  EXPECT_EQ(refusal("GET", "policies?target=x").substr(0, 7), "target:");
  EXPECT_EQ(refusal("GET", "policies"), "target: is missing: an ARN");
  // A policy that is attached cannot be deleted.
  EXPECT_EQ(refused(change("managed", arn_of("policy/reader"), nullptr)),
            "Cannot delete a policy attached to entities.");
}

TEST_F(WhatIfTest, AChangeIsRecordedAsTheRootUsersCall) {
  answer("PUT", "policies",
         inline_change(arn_of("user/mark"), "may", policy("Allow", "ecr:ListImages", "*")));
  const Json records = answer("GET", "events?eventName=PutUserPolicy")["events"];
  ASSERT_EQ(records.size(), 1u);
  EXPECT_NE(records.dump().find(arn_of("root")), std::string::npos);
}

TEST_F(WhatIfTest, ValidationNamesEveryProblemWithItsPlace) {
  const std::string text =
      "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n"
      "      \"Effect\": \"Allow\",\n      \"Action\": \"ecr:PutImages\",\n"
      "      \"Resource\": \"*\"\n    }\n  ]\n}";
  Json json = answer("POST", "validate-policy", {{"document", text}, {"type", "identity"}});
  EXPECT_EQ(json["valid"], true);
  ASSERT_EQ(json["findings"].size(), 1u);
  EXPECT_EQ(json["findings"][0]["severity"], "warning");
  EXPECT_EQ(json["findings"][0]["line"], 6);
  EXPECT_EQ(json["findings"][0]["column"], 7);
  EXPECT_EQ(json["findings"][0]["path"], "Statement[0].Action");
  json = answer("POST", "validate-policy", {{"document", text}, {"type", "repository"}});
  EXPECT_EQ(json["valid"], false);
  json = answer("POST", "validate-policy", {{"document", "{\n,"}, {"type", "identity"}});
  EXPECT_EQ(json["valid"], false);
  EXPECT_EQ(json["findings"][0]["severity"], "error");
  json = answer("POST", "validate-policy",
                {{"document", {{"rules", Json::array()}}}, {"type", "lifecycle"}});
  EXPECT_EQ(json["valid"], false);
  EXPECT_EQ(refusal("POST", "validate-policy", {{"document", text}, {"type", "x"}}).substr(0, 5),
            "type:");
  EXPECT_EQ(refusal("POST", "validate-policy", {{"type", "scp"}}), "document: is missing");
  EXPECT_EQ(refusal("POST", "validate-policy", {{"document", 7}, {"type", "scp"}}),
            "document: must be an object or its text");
}

}  // namespace
}  // namespace ecr::api::test
