// Reports of policy tests, and tests that are written from decisions.
#include "api/admin/policy_tests/report.h"

#include "api/admin/policy_tests/recorded.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

namespace policy_tests = admin::policy_tests;
using base::OrderedJson;
using policy_tests::CheckResult;

class PolicyReportTest : public ::testing::Test {
 protected:
  PolicyReportTest() {
    check.name = "a <case> & #1";
    check.path = "cases[0]";
    check.principal = "arn:p";
    check.action = "ecr:PutImage";
    check.resource = "*";
    report.file = "tests.yaml";
    report.took = std::chrono::milliseconds(1234);
    add(CheckResult::Status::kPassed, "");
    add(CheckResult::Status::kFailed, "is \"denied\"\x01");
    add(CheckResult::Status::kError, "nobody");
    report.run.results[1].allowed = false;
    report.run.results[1].allowed_before = true;
    report.run.results[1].decision = {{"decision", "ImplicitlyDenied"}};
    report.run.passed = 1;
    report.run.failed = 2;
    report.run.flips = 1;
  }
  void add(CheckResult::Status status, const std::string& problem) {
    CheckResult result;
    result.check = &check;
    result.status = status;
    result.problem = problem;
    report.run.results.push_back(std::move(result));
  }

  policy_tests::Check check;
  policy_tests::FileReport report;
};

TEST_F(PolicyReportTest, JUnit) {
  const std::string xml = policy_tests::junit_xml(
      {report}, [](const OrderedJson& decision) { return "<" + base::dump(decision); });
  EXPECT_EQ(
      xml,
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"ecr-local test\" tests=\"3\" failures=\"1\" errors=\"1\" "
      "time=\"1.234\">\n"
      "  <testsuite name=\"tests.yaml\" tests=\"3\" failures=\"1\" errors=\"1\" skipped=\"0\" "
      "time=\"1.234\">\n"
      "    <testcase classname=\"tests.yaml\" name=\"a &lt;case&gt; &amp; #1: ecr:PutImage by "
      "arn:p "
      "on *\"/>\n"
      "    <testcase classname=\"tests.yaml\" name=\"a &lt;case&gt; &amp; #1: ecr:PutImage by "
      "arn:p "
      "on *\">\n"
      "      <failure type=\"verdict\" message=\"is &quot;denied&quot;?\">"
      "&lt;{&quot;decision&quot;:&quot;ImplicitlyDenied&quot;}</failure>\n"
      "    </testcase>\n"
      "    <testcase classname=\"tests.yaml\" name=\"a &lt;case&gt; &amp; #1: ecr:PutImage by "
      "arn:p "
      "on *\">\n"
      "      <error type=\"question\" message=\"nobody\">cases[0]</error>\n"
      "    </testcase>\n"
      "  </testsuite>\n"
      "</testsuites>\n");
}

TEST_F(PolicyReportTest, Tap) {
  EXPECT_EQ(policy_tests::tap_text({report}),
            "TAP version 14\n1..3\n"
            "ok 1 - tests.yaml: a <case> & \\#1: ecr:PutImage by arn:p on *\n"
            "not ok 2 - tests.yaml: a <case> & \\#1: ecr:PutImage by arn:p on *\n"
            "  ---\n  at: \"cases[0]\"\n  message: \"is \\\"denied\\\"\\u0001\"\n  ...\n"
            "# flip: ecr:PutImage by arn:p on *: allowed before, denied now\n"
            "not ok 3 - tests.yaml: a <case> & \\#1: ecr:PutImage by arn:p on *\n"
            "  ---\n  at: \"cases[0]\"\n  message: \"nobody\"\n  ...\n");
}

TEST_F(PolicyReportTest, ForPrograms) {
  const OrderedJson json = policy_tests::report_json({report});
  EXPECT_EQ(json["good"], false);
  EXPECT_EQ(json["failed"], 2);
  EXPECT_EQ(json["flips"], 1);
  const OrderedJson& checks = json["files"][0]["checks"];
  EXPECT_EQ(checks[0]["passed"], true);
  EXPECT_EQ(checks[1]["before"], "allowed");
  EXPECT_EQ(checks[1]["verdict"], "denied");
  EXPECT_EQ(checks[1]["decision"]["decision"], "ImplicitlyDenied");
  EXPECT_TRUE(checks[2]["verdict"].is_null());
}

OrderedJson recorded_decision(const std::string& principal, const std::string& action,
                              const std::string& decision, const OrderedJson& document) {
  return {{"time", "2026-01-31T12:00:00.000Z"},
          {"principal", principal},
          {"action", action},
          {"resource", "arn:r"},
          {"context",
           {{"aws:SourceIp", "10.0.0.1"},
            {"aws:PrincipalArn", "arn:p"},
            {"aws:TagKeys", {"a"}},
            {"aws:CurrentTime", "2026-01-31T12:00:00Z"}}},
          {"decision", decision},
          {"trace", OrderedJson::array({{{"document", document}}})}};
}

TEST(RecordedTests, HaveWhatTheDecisionsNeed) {
  const OrderedJson plain = {{"Effect", "Allow"}, {"Action", "ecr:*"}, {"Resource", "*"}};
  OrderedJson condition = plain;
  condition["Condition"] = {{"IpAddress", {{"AWS:sourceip", "10.0.0.0/8"}}},
                            {"StringLike", {{"aws:PrincipalArn", "arn:*"}}},
                            {"DateLessThan", {{"aws:CurrentTime", "2027-01-01T00:00:00Z"}}}};
  OrderedJson decisions = OrderedJson::array();
  decisions.push_back(recorded_decision("arn:p", "ecr:A", "Allowed", plain));
  decisions.push_back(recorded_decision("arn:p", "ecr:B", "Allowed", plain));
  decisions.push_back(recorded_decision("arn:p", "ecr:A", "ExplicitlyDenied", plain));  // older
  decisions.push_back(recorded_decision("arn:p", "ecr:C", "ImplicitlyDenied", condition));
  decisions.push_back(recorded_decision("", "ecr:A", "Allowed", plain));
  const auto recorded = policy_tests::record_tests(decisions, {"seed.json"});
  EXPECT_EQ(recorded.checks, 3u);
  EXPECT_EQ(recorded.left_out, 1u);
  const OrderedJson& cases = recorded.file["cases"];
  ASSERT_EQ(cases.size(), 2u);
  EXPECT_EQ(recorded.file["seed"], "seed.json");
  EXPECT_EQ(cases[0]["actions"], OrderedJson({"ecr:A", "ecr:B"}));
  EXPECT_EQ(cases[0]["expect"], "allowed");
  EXPECT_FALSE(cases[0].contains("context"));
  EXPECT_EQ(cases[1]["context"], OrderedJson({{"aws:SourceIp", "10.0.0.1"}}));
  EXPECT_EQ(cases[1]["clock"], "2026-01-31T12:00:00.000Z");
  // What is written is a file of tests.
  OrderedJson file = recorded.file;
  for (auto& one : file["cases"]) one["resource"] = "*";
  EXPECT_EQ(policy_tests::read_test_file(file).checks.size(), 3u);
}

}  // namespace
}  // namespace ecr::api::test
