// The policy of a VPC endpoint (--endpoint-policy): in the gate, in decisions, and in questions.
#include "tests/api/admin/what_if/fixture.h"

namespace ecr::api::test {
namespace {

class EndpointTest : public WhatIfTest {
 protected:
  static Json endpoint(const Json& principal, const Json& actions) {
    return {{"Statement",
             {{{"Effect", "Allow"},
               {"Principal", principal},
               {"Action", actions},
               {"Resource", "*"}}}}};
  }
  void come_by(const Json& document) {
    settings.endpoint_policy = document.dump();
    settings.endpoint_policy_file = "endpoint.json";
  }
  static Json endpoint_change(const Json& document) {
    return {{"kind", "endpoint"}, {"document", document}};
  }
  Json latest() { return answer("GET", "decisions?trace=true&limit=1")["decisions"][0]; }
};

const std::string kJaneHere = "arn:aws:iam::111122223333:user/jane";

TEST_F(EndpointTest, WhatItDoesNotAllowIsRefused) {
  come_by(endpoint({{"AWS", kJaneHere}}, "ecr:DescribeRepositories"));
  become("jane");
  const auto [type, message] = fail("ListImages", {{"repositoryName", "app"}});
  EXPECT_EQ(type, "AccessDeniedException");
  EXPECT_EQ(message, "User: " + kJaneHere + " is not authorized to perform: ecr:ListImages on " +
                         "resource: " + kAppArn +
                         " because no VPC endpoint policy allows the ecr:ListImages action");
  call("DescribeRepositories", Json::object());
  // It allows nothing that the other policies do not.
  become("mark");
  fail("DescribeRepositories", Json::object());
}

TEST_F(EndpointTest, AnExplicitDenyHasItsSentence) {
  Json document = endpoint("*", "*");
  Json deny = document["Statement"][0];
  deny["Effect"] = "Deny";
  document["Statement"].push_back(deny);
  come_by(document);
  become("jane");
  const std::string message = fail("ListImages", {{"repositoryName", "app"}}).second;
  EXPECT_TRUE(message.ends_with("with an explicit deny in a VPC endpoint policy")) << message;
}

TEST_F(EndpointTest, TheRegistryIsBehindItToo) {
  keys = {"111122223333", "test"};
  push_image("app", "v1", "content");
  come_by(endpoint("*", {"ecr:GetAuthorizationToken", "ecr:ListImages"}));
  EXPECT_EQ(registry("GET", "/v2/app/tags/list").status, 200);
  const HttpResponse refused = registry("GET", "/v2/app/manifests/v1");
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(body_of(refused).find("no VPC endpoint policy allows"), std::string::npos);
}

TEST_F(EndpointTest, AdviceAndTraceNameTheFile) {
  come_by(endpoint("*", "ecr:DescribeRepositories"));
  become("jane");
  fail("ListImages", {{"repositoryName", "app"}});
  const Json decision = latest();
  EXPECT_EQ(decision["decidedBy"], "endpoint");
  ASSERT_EQ(decision["suggestion"].size(), 1U) << decision["suggestion"];
  const Json& step = decision["suggestion"][0];
  EXPECT_EQ(step["where"], "the VPC endpoint policy in endpoint.json");
  EXPECT_TRUE(step["target"].is_null());
  EXPECT_EQ(step["statement"],
            Json::parse(R"({"Effect":"Allow","Principal":{"AWS":")" + kJaneHere +
                        R"("},"Action":"ecr:ListImages","Resource":")" + kAppArn + R"("})"));
  ASSERT_EQ(decision["documents"].size(), 1U);
  EXPECT_EQ(decision["documents"][0]["document"]["Statement"].size(), 2U);
  bool traced = false;
  for (const Json& entry : decision["trace"]) traced |= entry["policyType"] == "endpoint";
  EXPECT_TRUE(traced);
  // The advice is enough.
  come_by(decision["documents"][0]["document"]);
  call("ListImages", {{"repositoryName", "app"}});
}

TEST_F(EndpointTest, QuestionsKnowIt) {
  const std::string before = cell(kJaneHere, "ecr:ListImages", kAppArn);
  EXPECT_EQ(before, "Allowed");
  const Json none = endpoint("*", "ecr:PutImage");
  EXPECT_EQ(cell(kJaneHere, "ecr:ListImages", kAppArn, {endpoint_change(none)}),
            "ImplicitlyDenied");
  come_by(none);
  EXPECT_EQ(cell(kJaneHere, "ecr:ListImages", kAppArn), "ImplicitlyDenied");
  EXPECT_EQ(cell(kJaneHere, "ecr:ListImages", kAppArn, {endpoint_change(nullptr)}), "Allowed");
  // IAM and STS have other endpoints.
  EXPECT_EQ(cell(kJaneHere, "sts:AssumeRole", arn_of("role/ci")), "Allowed");
}

TEST_F(EndpointTest, AReplaySaysWhatAPolicyWouldRefuse) {
  become("jane");
  call("ListImages", {{"repositoryName", "app"}});
  const Json json = answer("POST", "decisions/replay",
                           {{"changes", {endpoint_change(endpoint("*", "ecr:PutImage"))}}});
  ASSERT_EQ(json["changed"].size(), 1U);
  EXPECT_EQ(json["changed"][0]["after"]["decidedBy"], "endpoint");
}

TEST_F(EndpointTest, ChangesOfItAreChecked) {
  const auto refused = [&](const Json& change) {
    return refusal("POST", "decisions/replay", {{"changes", {change}}});
  };
  Json with_target = endpoint_change(endpoint("*", "*"));
  with_target["target"] = "vpce-1";
  EXPECT_EQ(refused(with_target),
            "changes[0].target: is given, but there is only one VPC endpoint");
  const std::string no_principal = refused(endpoint_change(policy("Allow", "*", "*")));
  EXPECT_NE(no_principal.find("Missing required field Principal"), std::string::npos);
  EXPECT_NE(refusal("PUT", "policies", endpoint_change(nullptr)).find("--endpoint-policy"),
            std::string::npos);
}

}  // namespace
}  // namespace ecr::api::test
