// Faults on request: which requests they hit, how they are asked for, what clients are told.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "server/faults/fault_json.h"
#include "server/faults/fault_response.h"
#include "server/faults/fault_rules.h"

namespace ecr::server {
namespace {

using Json = nlohmann::json;

class CountingRandom : public base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 1;
};

const std::vector<std::string> kOperations{"ecr:PutImage", "ecr:DescribeImages", "iam:CreateUser",
                                           "registry:GetManifest"};

std::vector<FaultRule> parse(const std::string& text) {
  CountingRandom random;
  return parse_fault_rules(text, kOperations, random);
}

std::string error_of(const std::string& text) {
  try {
    parse(text);
  } catch (const FaultError& error) {
    return error.what();
  }
  return "";
}

FaultRule rule(const std::string& operation, FaultKind kind, double rate = 1) {
  FaultRule made;
  made.operation = operation;
  made.kind = kind;
  made.rate = rate;
  return made;
}

// Which of `n` requests were hit.
std::string hits(FaultRules& rules, int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += rules.draw("ecr:PutImage").kind ? 'x' : '.';
  return text;
}

TEST(FaultMatches, BareAndQualifiedNamesAndWildcards) {
  EXPECT_TRUE(fault_matches("*", "ecr:PutImage"));
  EXPECT_TRUE(fault_matches("PutImage", "ecr:PutImage"));
  EXPECT_TRUE(fault_matches("Put*", "ecr:PutImage"));
  EXPECT_TRUE(fault_matches("ecr:*", "ecr:PutImage"));
  EXPECT_FALSE(fault_matches("iam:*", "ecr:PutImage"));
  EXPECT_FALSE(fault_matches("registry:Put*", "ecr:PutImage"));
  EXPECT_FALSE(fault_matches("Image", "ecr:PutImage"));
}

TEST(FaultRules, WithoutRulesThereIsNothing) {
  FaultRules rules;
  EXPECT_FALSE(rules.any());
  rules.replace({rule("*", FaultKind::kError)});
  EXPECT_TRUE(rules.any());
  rules.replace({});
  EXPECT_FALSE(rules.any());
}

TEST(FaultRules, TheSameSeedHitsTheSameRequests) {
  FaultRule half = rule("PutImage", FaultKind::kThrottle, 0.5);
  half.seed = 7;
  FaultRules first;
  FaultRules second;
  first.replace({half});
  second.replace({half});
  const std::string seen = hits(first, 400);
  EXPECT_EQ(seen, hits(second, 400));
  const auto count = std::count(seen.begin(), seen.end(), 'x');
  EXPECT_GT(count, 150);
  EXPECT_LT(count, 250);
  half.seed = 8;
  second.replace({half});
  EXPECT_NE(seen, hits(second, 400));
}

TEST(FaultRules, RateZeroNeverAndRateOneAlways) {
  FaultRules rules;
  rules.replace({rule("*", FaultKind::kError, 0)});
  EXPECT_EQ(hits(rules, 5), ".....");
  rules.replace({rule("*", FaultKind::kError, 1)});
  EXPECT_EQ(hits(rules, 5), "xxxxx");
}

TEST(FaultRules, CountEndsARule) {
  FaultRules rules;
  FaultRule twice = rule("PutImage", FaultKind::kError);
  twice.count = 2;
  rules.replace({twice});
  EXPECT_FALSE(rules.draw("ecr:DescribeImages").kind);
  EXPECT_EQ(hits(rules, 4), "xx..");
  const auto state = rules.list().front();
  EXPECT_EQ(state.matched, 2u);
  EXPECT_EQ(state.injected, 2u);
  EXPECT_EQ(rules.totals().error, 2u);
}

TEST(FaultRules, LatenciesAddUpAndTheFirstOfTheRestCounts) {
  FaultRules rules;
  FaultRule slow = rule("*", FaultKind::kLatency);
  slow.latency = std::chrono::milliseconds(20);
  FaultRule lost = rule("*", FaultKind::kReset);
  lost.after = true;
  rules.replace({slow, slow});
  rules.add({lost, rule("*", FaultKind::kThrottle)});
  const Fault fault = rules.draw("ecr:PutImage");
  EXPECT_EQ(fault.latency.count(), 40);
  EXPECT_EQ(fault.kind, FaultKind::kReset);
  EXPECT_TRUE(fault.after);
  EXPECT_EQ(rules.list()[3].matched, 0u);
}

TEST(FaultJson, RulesAreReadAndWritten) {
  const auto rules = parse(R"({"rules": [
      {"operation": "PutImage", "kind": "throttle", "rate": 0.25, "count": 3, "seed": 9},
      {"kind": "latency", "milliseconds": 50},
      {"kind": "error", "operation": "ecr:*", "status": 503},
      {"kind": "reset", "after": true}]})");
  ASSERT_EQ(rules.size(), 4u);
  FaultRules all;
  all.replace(rules);
  const Json json = Json::parse(fault_rules_json(all.list()))["rules"];
  EXPECT_EQ(json[0], (Json{{"operation", "PutImage"},
                           {"kind", "throttle"},
                           {"rate", 0.25},
                           {"count", 3},
                           {"seed", 9},
                           {"matched", 0},
                           {"injected", 0}}));
  EXPECT_EQ(json[1]["operation"], "*");
  EXPECT_EQ(json[1]["milliseconds"], 50);
  EXPECT_GT(json[1]["seed"].get<int>(), 0);  // chosen, and shown
  EXPECT_EQ(json[2]["status"], 503);
  EXPECT_EQ(json[3]["after"], true);
  EXPECT_EQ(parse(R"({"kind": "error"})").size(), 1u);
}

TEST(FaultJson, ErrorsNameTheField) {
  const struct {
    const char* text;
    const char* message;
  } kCases[] = {
      {"[]", "must be {\"rules\""},
      {R"({"rules": {}})", "rules: must be a list"},
      {R"({"rules": [1]})", "rules[0]: must be an object"},
      {R"({"rules": [{"kind": "reset"}, {}]})", "rules[1].kind: must be throttle, error, latency"},
      {R"({"kind": "slow"})", "kind: must be throttle"},
      {R"({"kind": "error", "rate": 1.5})", "rate: must be a number from 0 to 1"},
      {R"({"kind": "error", "rate": "1"})", "rate: must be a number from 0 to 1"},
      {R"({"kind": "error", "count": 0})", "count: must be a whole number from 1"},
      {R"({"kind": "error", "count": -1})", "count: must be a whole number from 1"},
      {R"({"kind": "error", "seed": 1.5})", "seed: must be a whole number"},
      {R"({"kind": "error", "status": 404})", "status: must be a whole number from 500 to 504"},
      {R"({"kind": "throttle", "status": 500})", "status: only a rule of kind error has it"},
      {R"({"kind": "latency"})", "milliseconds: must be given"},
      {R"({"kind": "error", "milliseconds": 5})", "milliseconds: only a rule of kind latency"},
      {R"({"kind": "error", "after": true})", "after: only a rule of kind reset"},
      {R"({"kind": "error", "after": 1})", "after: must be true or false"},
      {R"({"kind": "error", "opration": "x"})",
       "opration: is not known here, did you mean "
       "operation?"},
      {R"({"kind": "error", "operation": "PutImages"})",
       "operation: no operation is called PutImages, did you mean PutImage?"},
      {R"({"kind": "error", "operation": "s3:*"})", "operation: no operation is called s3:*"},
      {R"({"kind": "error", "kind": "reset"})", "line 1"},
  };
  for (const auto& [text, message] : kCases) {
    EXPECT_TRUE(error_of(text).starts_with(message)) << text << "\n" << error_of(text);
  }
}

// Status and body of a fault's answer.
std::pair<int, std::string> answer(FaultKind kind, int status, api::Plane plane,
                                   std::vector<api::HeaderView> headers,
                                   const std::string& method = "POST") {
  api::HttpRequest request;
  request.method = method;
  request.headers = api::HeaderList(headers);
  request.id = "the-id";
  request.plane = plane;
  Fault fault;
  fault.kind = kind;
  fault.status = status;
  const auto response = fault_response(fault, request);
  EXPECT_NE(response.note.error.find("/_ecr-local/faults"), std::string::npos);
  return {response.status, std::get<std::string>(response.body)};
}

TEST(FaultResponse, IsInTheFormOfTheProtocol) {
  const std::vector<api::HeaderView> json{{"X-Amz-Target", "A.PutImage"}};
  auto [status, body] = answer(FaultKind::kThrottle, 500, api::Plane::kApi, json);
  EXPECT_EQ(status, 400);
  EXPECT_EQ(Json::parse(body)["__type"], "ThrottlingException");
  EXPECT_EQ(Json::parse(body)["message"], "Rate exceeded");
  std::tie(status, body) = answer(FaultKind::kError, 500, api::Plane::kApi, json);
  EXPECT_EQ(status, 500);
  EXPECT_EQ(Json::parse(body)["__type"], "ServerException");

  std::tie(status, body) = answer(FaultKind::kThrottle, 500, api::Plane::kApi, {});
  EXPECT_EQ(status, 400);
  EXPECT_NE(body.find("<Code>Throttling</Code>"), std::string::npos);
  EXPECT_NE(body.find("<RequestId>the-id</RequestId>"), std::string::npos);
  std::tie(status, body) = answer(FaultKind::kError, 503, api::Plane::kApi, {});
  EXPECT_EQ(status, 503);
  EXPECT_NE(body.find("<Code>ServiceUnavailable</Code>"), std::string::npos);

  std::tie(status, body) = answer(FaultKind::kThrottle, 500, api::Plane::kRegistry, {}, "GET");
  EXPECT_EQ(status, 429);
  EXPECT_EQ(Json::parse(body)["errors"][0]["code"], "TOOMANYREQUESTS");
  std::tie(status, body) = answer(FaultKind::kError, 502, api::Plane::kRegistry, {}, "HEAD");
  EXPECT_EQ(status, 502);
  EXPECT_EQ(body, "");
}

}  // namespace
}  // namespace ecr::server
