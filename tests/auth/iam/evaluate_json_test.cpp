#include "auth/iam/evaluate_json.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "auth/iam/policy/json_text.h"

namespace ecr::auth::iam::test {
namespace {

std::string evaluated(std::string_view line, bool explain = false) {
  bool ok = false;
  std::string out = evaluate_line(line, explain, ok);
  EXPECT_EQ(ok, out.find("{\"error\"") != 0) << out;
  EXPECT_EQ(out.find('\n'), std::string::npos);
  return out;
}

constexpr const char* kLine =
    R"({"request": {"principal": "arn:aws:iam::123456789012:user/jane", "action": "ecr:PutImage",
    "resource": "arn:aws:ecr:us-east-1:123456789012:repository/app",
    "resource_account": "123456789012",
    "context": {"aws:SourceIp": "10.0.0.1", "aws:TagKeys": ["a", "b"]}},
    "policies": {"identity": [{"Version": "2012-10-17", "Statement": [{"Sid": "One",
      "Effect": "Allow", "Action": "ecr:*", "Resource": "*",
      "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]}],
    "boundaries": [], "session": [], "resource": null, "scps": [], "rcps": []}})";

TEST(IamEvaluateLine, OutputHasTheDocumentedForm) {
  EXPECT_EQ(evaluated(kLine),
            R"({"decision":"Allowed","decided_by":"identity","statement":{"Sid":"One",)"
            R"("Effect":"Allow","Action":"ecr:*","Resource":"*",)"
            R"("Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}})");
}

TEST(IamEvaluateLine, ImplicitDenialHasNoStatement) {
  EXPECT_EQ(evaluated(R"({"request":{"principal":"arn:aws:iam::123456789012:user/jane",)"
                      R"("action":"ecr:PutImage","resource":"*"}})"),
            R"({"decision":"ImplicitlyDenied","decided_by":"identity","statement":null})");
}

TEST(IamEvaluateLine, ExplainAddsTheTrace) {
  const auto json = nlohmann::json::parse(evaluated(kLine, true));
  ASSERT_EQ(json["trace"].size(), 1u);
  EXPECT_EQ(json["trace"][0],
            nlohmann::json::parse(R"({"type":"identity","policy":0,"statement":0,"sid":"One",
                                      "effect":"Allow","outcome":"Matched"})"));
}

TEST(IamEvaluateLine, TraceNamesTheConditionAndTheLevel) {
  const auto json = nlohmann::json::parse(evaluated(
      R"({"request":{"principal":"arn:aws:iam::123456789012:user/jane","action":"ecr:X"},"policies":
      {"scps":[[],[{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":
      {"Bool":{"aws:SecureTransport":true}}}}]]}})",
      true));
  EXPECT_EQ(json["decided_by"], "scp");
  EXPECT_EQ(json["decision"], "ImplicitlyDenied");
  EXPECT_EQ(json["trace"][0]["level"], 1);
  EXPECT_EQ(json["trace"][0]["outcome"], "ConditionMismatch");
  EXPECT_EQ(json["trace"][0]["condition"], "Bool aws:SecureTransport");
}

TEST(IamEvaluateLine, TooMuchWorkIsAnErrorAndNoDecision) {
  auto line = nlohmann::json::parse(kLine);
  line["request"]["context"]["aws:UserAgent"] = std::string(30'000, 'a');
  EXPECT_NE(evaluated(line.dump()).find("Allowed"), std::string::npos);
  auto& condition = line["policies"]["identity"][0]["Statement"][0]["Condition"];
  condition["StringLike"]["aws:UserAgent"] = std::vector<std::string>(1000, "*aaab*");
  EXPECT_NE(evaluated(line.dump()).find("more work than one decision may take"), std::string::npos);
}

TEST(IamEvaluateLine, RootHasEverythingInItsAccount) {
  const std::string line = R"({"request":{"principal":"arn:aws:iam::123456789012:root",)"
                           R"("action":"ecr:X","resource_account":")";
  EXPECT_NE(evaluated(line + "123456789012\"}}").find("Allowed"), std::string::npos);
  EXPECT_NE(evaluated(line + "210987654321\"}}").find("\"resource\""), std::string::npos);
}

TEST(IamEvaluateLine, AnonymousAndServices) {
  const std::string policies =
      R"("policies":{"resource":{"Statement":{"Effect":"Allow","Principal":)"
      R"({"Service":"x.amazonaws.com"},"Action":"ecr:*"}}})";
  EXPECT_NE(evaluated(R"({"request":{"principal":null,"action":"ecr:X"},)" + policies + "}")
                .find("ImplicitlyDenied"),
            std::string::npos);
  EXPECT_NE(
      evaluated(R"({"request":{"principal":"x.amazonaws.com","action":"ecr:X"},)" + policies + "}")
          .find("\"Allowed\""),
      std::string::npos);
}

TEST(IamEvaluateLine, TheEndpointIsAKindOfPolicy) {
  const std::string line =
      R"({"request":{"principal":"arn:aws:iam::123456789012:user/jane","action":"ecr:X"},)"
      R"("policies":{"identity":[{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}],)"
      R"("endpoint":)";
  const auto endpoint = [](const std::string& action) {
    return R"({"Statement":{"Effect":"Allow","Principal":"*","Action":")" + action +
           R"(","Resource":"*"}})";
  };
  EXPECT_NE(evaluated(line + "null}}").find("\"Allowed\""), std::string::npos);
  EXPECT_NE(evaluated(line + endpoint("ecr:X") + "}}").find("\"Allowed\""), std::string::npos);
  EXPECT_EQ(evaluated(line + endpoint("ecr:Y") + "}}"),
            R"({"decision":"ImplicitlyDenied","decided_by":"endpoint","statement":null})");
}

TEST(IamEvaluateLine, ResourceAccountComesFromTheArn) {
  EXPECT_EQ(evaluated(R"({"request":{"principal":"arn:aws:iam::123456789012:user/jane",)"
                      R"("action":"ecr:X","resource":"arn:aws:ecr:r:210987654321:repository/x"},)"
                      R"("policies":{"identity":[{"Statement":{"Effect":"Allow","Action":"*",)"
                      R"("Resource":"*"}}]}})"),
            R"({"decision":"ImplicitlyDenied","decided_by":"resource","statement":null})");
}

TEST(IamEvaluateLine, ATypingErrorInAMemberIsNamedAndOtherMembersAreLeftAlone) {
  const auto error = [](const std::string& line) {
    bool ok = true;
    const auto out = nlohmann::json::parse(evaluate_line(line, false, ok));
    EXPECT_EQ(ok, !out.contains("error")) << line;
    return out.value("error", "");
  };
  const std::string request = R"("request":{"principal":null,"action":"ecr:X")";
  EXPECT_EQ(error("{" + request + R"(},"polices":{}})"),
            "unknown key polices, did you mean policies?");
  EXPECT_EQ(error("{" + request + R"(,"resuorce":"*"}})"),
            "unknown key resuorce, did you mean resource?");
  EXPECT_EQ(error("{" + request + R"(},"policies":{"boundarys":[]}})"),
            "policies.boundarys is not a kind of policy, did you mean boundaries?");
  EXPECT_EQ(error("{" + request + R"(},"id":7,"comment":"x"})"), "");
}

TEST(IamEvaluateLine, MalformedLines) {
  const std::string request =
      R"({"request":{"principal":"arn:aws:iam::123456789012:user/jane","action":"ecr:X"},)";
  const std::string lines[] = {
      "",
      "null",
      "[]",
      "{",
      "{}",
      R"({"request":1})",
      R"({"request":{"action":"ecr:X"}})",
      R"({"request":{"principal":"jane","action":"ecr:X"}})",
      R"({"request":{"principal":null}})",
      R"({"request":{"principal":null,"action":""}})",
      R"({"request":{"principal":"","action":"ecr:X"}})",
      R"({"request":{"principal":null,"action":1}})",
      R"({"request":{"principal":null,"action":"ecr:X","context":[]}})",
      R"({"request":{"principal":null,"action":"ecr:X","context":{"a":{}}}})",
      R"({"request":{"principal":null,"action":"ecr:X","context":{"a:b":"1","A:B":"2"}}})",
      R"({"request":{"principal":null,"action":"ecr:X"},"request":{}})",
      request + R"("policies":[]})",
      request + R"("policies":{"identities":[]}})",
      request + R"("policies":{"identity":{}}})",
      request + R"("policies":{"identity":[1]}})",
      request + R"("policies":{"identity":[{"Statement":[]}]}})",
      request +
          R"("policies":{"identity":[{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}]}})",
      request + R"("policies":{"identity":[{"Statement":{"Effect":"Allow","Action":"*"}}]}})",
      request +
          R"("policies":{"identity":[{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}]}})",
      request +
          R"("policies":{"identity":[{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Effect":"Deny"}}]}})",
      request + R"("policies":{"resource":{"Statement":{"Effect":"Allow","Action":"*"}}}})",
      request +
          R"("policies":{"scps":[{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}]}})",
      request + R"("policies":{}]})",
      request + R"("policies":{}},)",
      request + R"("policies":{},"policies":{}})",
      request + R"("policies":{"identity":[}})",
  };
  for (const std::string& line : lines) {
    bool ok = true;
    const std::string out = evaluate_line(line, false, ok);
    EXPECT_FALSE(ok) << line;
    EXPECT_TRUE(nlohmann::json::parse(out).at("error").is_string()) << line;
  }
}

TEST(IamEvaluateLine, EqualPoliciesGiveEqualAnswersFromTheMemo) {
  LineEvaluator evaluator;
  bool ok = false;
  const std::string first = evaluator.evaluate(kLine, true, ok);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(evaluator.evaluate(kLine, true, ok), first);
  std::string other = kLine;
  other.replace(other.find("10.0.0.1"), 8, "11.0.0.1");
  EXPECT_NE(evaluator.evaluate(other, false, ok), first);
}

TEST(IamEvaluateLine, FindsATopLevelMember) {
  const auto text = [](std::string_view json) -> std::string {
    const auto span = find_top_level_member(json, "p");
    return span ? std::string(json.substr(span->offset, span->size)) : "none";
  };
  EXPECT_EQ(text(R"({"p":{"a":[1,"]}"]}})"), R"({"a":[1,"]}"]})");
  EXPECT_EQ(text(R"({"q":"p","r":{"p":1},"p" : [1] , "s":2})"), "[1]");
  EXPECT_EQ(text(R"({"q":"\"p\":{}","p":{}})"), "{}");
  for (const char* none : {"", "[]", "{", R"({"p":1})", R"({"q":{"p":{}}})", R"({"p":{)", R"({"p)",
                           R"({"p":)", R"({"q":"\)"}) {
    EXPECT_EQ(text(none), "none") << none;
  }
}

}  // namespace
}  // namespace ecr::auth::iam::test
