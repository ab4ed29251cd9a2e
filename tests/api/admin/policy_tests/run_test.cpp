// Policy tests: the file, and what is asked.
#include "api/admin/policy_tests/run.h"

#include "api/admin/admin_http.h"
#include "api/admin/offline/seeded_services.h"
#include "api/admin/policy_tests/proposed_change.h"
#include "schemas/base/text.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

namespace policy_tests = admin::policy_tests;
using policy_tests::CheckResult;
using Status = CheckResult::Status;

constexpr const char* kJaneArn = "arn:aws:iam::111122223333:user/jane";
constexpr const char* kCiArn = "arn:aws:iam::111122223333:role/ci";
constexpr const char* kTestedApp = "arn:aws:ecr:us-east-1:111122223333:repository/app";

// jane may pull app, from one network even push; ci may push while the year is 2026.
Json tested_seed() {
  Json network = policy("Allow", "ecr:PutImage", kTestedApp);
  network["Statement"][0]["Condition"] = {{"IpAddress", {{"aws:SourceIp", "10.0.0.0/8"}}}};
  Json year = policy("Allow", "ecr:PutImage", kTestedApp);
  year["Statement"][0]["Sid"] = "Year";
  year["Statement"][0]["Condition"] = {
      {"DateLessThan", {{"aws:CurrentTime", "2027-01-01T00:00:00Z"}}}};
  Json guard = policy("Deny", "ecr:DeleteRepository", "*");
  guard["Statement"][0]["Principal"] = "*";
  guard["Statement"][0].erase("Resource");
  guard["Statement"][0]["Sid"] = "Guard";
  Json account = {
      {"users",
       {{{"name", "jane"},
         {"policies",
          {{"pull", policy("Allow", "ecr:BatchGetImage", kTestedApp)}, {"push", network}}}}}},
      {"roles",
       {{{"name", "ci"},
         {"trustPolicy",
          {{"Version", "2012-10-17"},
           {"Statement",
            {{{"Effect", "Allow"},
              {"Action", "sts:AssumeRole"},
              {"Principal", {{"AWS", kJaneArn}}}}}}}},
         {"policies", {{"push", year}}}}}},
      {"repositories", {{{"name", "app"}, {"policy", guard}}}}};
  return {{"accounts", {{"111122223333", account}}}};
}

class PolicyTestsTest : public ::testing::Test {
 protected:
  PolicyTestsTest() { seeded.apply(tested_seed().dump()); }

  static policy_tests::TestFile read(const Json& json) {
    return policy_tests::read_test_file(base::OrderedJson::parse(json.dump()));
  }
  static std::string refusal(const Json& json) {
    try {
      read(json);
    } catch (const admin::ParameterError& error) {
      return error.what();
    }
    return "";
  }
  static Json one_case(const std::string& principal, const Json& action, const std::string& expect,
                       const Json& context = Json::object()) {
    Json json = {{"principal", principal},
                 {"resource", kTestedApp},
                 {"expect", expect},
                 {"context", context}};
    json[action.is_array() ? "actions" : "action"] = action;
    return json;
  }
  policy_tests::TestRun run(const Json& json,
                            const std::vector<admin::what_if::Change>& changes = {}) {
    file = read(json);
    return policy_tests::run_checks(seeded.services(), file.checks, changes);
  }
  // That of the only check.
  CheckResult result_of(const Json& one) {
    return run({{"cases", Json::array({one})}}).results.at(0);
  }

  FixedClock clock;
  CountingRandom random;
  admin::SeededServices seeded{clock, random};
  policy_tests::TestFile file;
};

TEST_F(PolicyTestsTest, AVerdictIsAsExpectedOrNot) {
  EXPECT_EQ(result_of(one_case(kJaneArn, "ecr:BatchGetImage", "allowed")).status, Status::kPassed);
  EXPECT_EQ(result_of(one_case(kJaneArn, "ecr:PutImage", "denied")).status, Status::kPassed);
  const auto failed = result_of(one_case(kJaneArn, "ecr:PutImage", "allowed"));
  EXPECT_EQ(failed.status, Status::kFailed);
  EXPECT_NE(failed.problem.find("expected allowed, is denied: User: arn:aws:iam::111122223333:"),
            std::string::npos)
      << failed.problem;
  EXPECT_NE(failed.problem.find("it depends on aws:SourceIp"), std::string::npos);
  ASSERT_TRUE(failed.decision.is_object());
  EXPECT_GT(failed.decision["trace"].size(), 1u);
}

TEST_F(PolicyTestsTest, TheContextOfTheCaseCounts) {
  const Json inside = {{"aws:SourceIp", "10.1.2.3"}};
  const Json outside = {{"aws:SourceIp", "192.0.2.1"}};
  EXPECT_EQ(result_of(one_case(kJaneArn, "ecr:PutImage", "allowed", inside)).status,
            Status::kPassed);
  EXPECT_EQ(result_of(one_case(kJaneArn, "ecr:PutImage", "denied", outside)).status,
            Status::kPassed);
  // Other scalars than texts, as YAML has them.
  const Json scalars = {{"aws:MultiFactorAuthPresent", true}, {"aws:MultiFactorAuthAge", 7}};
  const auto checks =
      read({{"cases", {one_case(kJaneArn, "ecr:PutImage", "denied", scalars)}}}).checks;
  EXPECT_EQ(checks[0].context.find("aws:MultiFactorAuthPresent")->values.at(0), "true");
  EXPECT_EQ(checks[0].context.find("aws:MultiFactorAuthAge")->values.at(0), "7");
}

TEST_F(PolicyTestsTest, TheReasonHasToFit) {
  const auto status = [&](const char* action, const char* expect) {
    return result_of(one_case(kJaneArn, action, expect)).status;
  };
  EXPECT_EQ(status("ecr:PutImage", "denied because No Identity-Based policy allows"),
            Status::kPassed);
  EXPECT_EQ(status("ecr:DeleteRepository", "denied because Sid Guard"), Status::kPassed);
  EXPECT_EQ(status("ecr:DeleteRepository", "denied because in a resource-based policy"),
            Status::kPassed);
  EXPECT_EQ(status("ecr:BatchGetImage", "allowed because inline policy pull of user jane"),
            Status::kPassed);
  EXPECT_EQ(status("ecr:PutImage", "denied because a service control policy"), Status::kFailed);
  EXPECT_EQ(status("ecr:BatchGetImage", "allowed because admin"), Status::kFailed);
}

TEST_F(PolicyTestsTest, TimeIsThatOfTheCaseOrOfTheFile) {
  Json late = one_case(kCiArn, "ecr:PutImage", "denied");
  late["clock"] = "2027-01-01T00:00:00Z";
  const auto result = run({{"clock", "2026-12-31T23:59:59Z"},
                           {"cases", {one_case(kCiArn, "ecr:PutImage", "allowed"), late}}});
  EXPECT_EQ(result.passed, 2u);
  EXPECT_TRUE(result.good());
}

TEST_F(PolicyTestsTest, ACaseAsksForEachOfItsNames) {
  const auto result =
      run({{"cases",
            {{{"principals", {kJaneArn, kCiArn}},
              {"actions", {"ecr:BatchGetImage", "ecr:DeleteRepository"}},
              {"resources", {kTestedApp, "arn:aws:ecr:us-east-1:111122223333:repository/other"}},
              {"expect", "denied"}}}}});
  EXPECT_EQ(result.results.size(), 8u);
  EXPECT_EQ(result.failed, 1u);  // jane may pull app
  const auto& jane = result.results[0];
  EXPECT_EQ(jane.status, Status::kFailed);
  EXPECT_TRUE(jane.allowed);
}

TEST_F(PolicyTestsTest, AMatrixIsATable) {
  const Json matrix = {
      {"name", "who"},
      {"actions", {"ecr:BatchGetImage", "ecr:PutImage"}},
      {"resource", kTestedApp},
      {"context", {{"aws:SourceIp", "10.0.0.1"}}},
      {"clock", "2026-06-01T00:00:00Z"},
      {"rows",
       {{kJaneArn, {"allowed", "allowed"}}, {kCiArn, {"denied", "allowed because Sid Year"}}}}};
  const auto result = run({{"matrix", Json::array({matrix})}});
  EXPECT_EQ(result.passed, 4u) << result.results[0].problem << result.results[1].problem
                               << result.results[2].problem << result.results[3].problem;
  EXPECT_EQ(file.checks[1].path, base::format("matrix[0].rows.{}[1]", file.checks[1].principal));
}

TEST_F(PolicyTestsTest, TrustIsAskedAboutToo) {
  Json assume = one_case(kJaneArn, "sts:AssumeRole", "allowed");
  assume["resource"] = kCiArn;
  EXPECT_EQ(result_of(assume).status, Status::kPassed);
}

TEST_F(PolicyTestsTest, WhoIsNotThereIsAnError) {
  const auto result =
      result_of(one_case("arn:aws:iam::111122223333:user/jan", "ecr:PutImage", "denied"));
  EXPECT_EQ(result.status, Status::kError);
  EXPECT_NE(result.problem.find("user/jan"), std::string::npos);
  Json elsewhere = one_case(kJaneArn, "ecr:BatchGetImage", "allowed");
  elsewhere["resource"] = "arn:aws:ecr:us-east-1:111122223333:repository/ap";
  EXPECT_NE(result_of(elsewhere).problem.find("there is no such repository"), std::string::npos);
}

// A change that opens a hole is seen, one that does nothing is not.
TEST_F(PolicyTestsTest, AChangeFlipsVerdicts) {
  const Json cases = {{"cases",
                       {one_case(kJaneArn, "ecr:PutImage", "denied"),
                        one_case(kJaneArn, "ecr:BatchGetImage", "allowed"),
                        one_case(kJaneArn, "ecr:DeleteRepository", "denied")}}};
  const std::string everything = policy("Allow", "ecr:*", "*").dump();
  auto result =
      run(cases, {policy_tests::proposed_change(std::string(kJaneArn) + "#push", &everything)});
  EXPECT_EQ(result.flips, 1u);
  EXPECT_EQ(result.failed, 1u);
  EXPECT_EQ(result.results[0].allowed_before, std::optional(false));
  EXPECT_TRUE(result.results[0].allowed);
  EXPECT_EQ(result.results[1].allowed_before, std::nullopt);
  // Without the guard of the repository, and with everything allowed, the deletion is another hole.
  result = run(cases, {policy_tests::proposed_change(std::string(kJaneArn) + "#push", &everything),
                       policy_tests::proposed_change(kTestedApp, nullptr)});
  EXPECT_EQ(result.flips, 2u);
  result = run(cases, {policy_tests::proposed_change(kTestedApp, nullptr)});
  EXPECT_EQ(result.flips, 0u);
  EXPECT_TRUE(result.good());
}

TEST_F(PolicyTestsTest, AChangeIsNamedByItsPolicy) {
  using admin::what_if::ChangeKind;
  const std::string text = policy("Allow", "ecr:*", "*").dump();
  const auto kind = [&](const std::string& name) {
    return policy_tests::proposed_change(name, nullptr).kind;
  };
  EXPECT_EQ(kind("arn:aws:iam::111122223333:policy/push"), ChangeKind::kManaged);
  EXPECT_EQ(kind(kTestedApp), ChangeKind::kRepository);
  EXPECT_EQ(kind("arn:aws:ecr:us-east-1:111122223333:registry"), ChangeKind::kRegistry);
  EXPECT_EQ(kind("trust:" + std::string(kCiArn)), ChangeKind::kTrust);
  EXPECT_EQ(kind("boundary:" + std::string(kCiArn)), ChangeKind::kBoundary);
  EXPECT_EQ(kind("scp:p-nodelete"), ChangeKind::kScp);
  EXPECT_EQ(
      kind("arn:aws:organizations::111122223333:policy/o-x/service_control_policy/p-nodelete"),
      ChangeKind::kScp);
  const auto change = policy_tests::proposed_change(std::string(kCiArn) + "#push", &text);
  EXPECT_EQ(change.kind, ChangeKind::kInline);
  EXPECT_EQ(change.name, "push");
  EXPECT_THROW(kind(kCiArn), admin::ParameterError);
  const std::string bad = "{}";
  EXPECT_THROW(policy_tests::proposed_change(kTestedApp, &bad), admin::ParameterError);
  const auto option = policy_tests::parse_change_option("arn:x#a=b=file.json");
  EXPECT_EQ(option.policy, "arn:x#a=b");
  EXPECT_EQ(option.file, "file.json");
  EXPECT_THROW(policy_tests::parse_change_option("=x"), admin::ParameterError);
  // It has to exist.
  EXPECT_THROW(run({{"cases", {one_case(kJaneArn, "ecr:PutImage", "denied")}}},
                   {policy_tests::proposed_change("scp:p-none", nullptr)}),
               admin::ParameterError);
}

TEST_F(PolicyTestsTest, MistakesOfTheFileAreNamed) {
  const Json good = one_case(kJaneArn, "ecr:PutImage", "denied");
  const auto with = [&](const char* member, const Json& value) {
    Json changed = good;
    changed[member] = value;
    return refusal({{"cases", {changed}}});
  };
  EXPECT_EQ(refusal(Json::object()), "cases: there is neither a case nor a matrix");
  EXPECT_EQ(refusal({{"case", 1}}).substr(0, 24), "case: is not known here,");
  EXPECT_EQ(with("expect", "allow"),
            "cases[0].expect: must be allowed, denied, or one of them and because TEXT");
  EXPECT_EQ(with("expect", 7).substr(0, 16), "cases[0].expect:");
  EXPECT_EQ(with("expect", "denied because "), "cases[0].expect: has no text behind because");
  EXPECT_EQ(with("action", "ecr:*").substr(0, 16), "cases[0].action:");
  EXPECT_EQ(with("resource", "app"),
            "cases[0].resource: must be an ARN, such as "
            "arn:aws:ecr:us-east-1:000000000000:repository/app, "
            "or *; it is \"app\"");
  EXPECT_EQ(with("actions", {"ecr:PutImage"}),
            "cases[0].action: one of action and actions has to be given");
  EXPECT_EQ(with("clock", "soon").substr(0, 15), "cases[0].clock:");
  EXPECT_EQ(with("context", {{"a", Json::object()}}).substr(0, 17), "cases[0].context.");
  EXPECT_EQ(refusal({{"seed", 7}, {"cases", {good}}}),
            "seed: must be the name of a file, or a seed document");
  EXPECT_EQ(refusal({{"seed", std::vector<Json>(21, "x")}, {"cases", {good}}}),
            "seed: must have at most 20 elements");
  EXPECT_EQ(refusal({{"matrix",
                      {{{"actions", {"ecr:PutImage"}},
                        {"resource", "*"},
                        {"rows", {{"x", Json::array()}}}}}}}),
            "matrix[0].rows.x: must be a list with an element for each action");
}

TEST_F(PolicyTestsTest, ThereIsALimit) {
  Json many = {{"principals", std::vector<Json>(1000, kJaneArn)},
               {"actions", std::vector<Json>(100, "ecr:PutImage")},
               {"resource", kTestedApp},
               {"expect", "denied"}};
  EXPECT_EQ(read({{"cases", {many}}}).checks.size(), policy_tests::kMostChecks);
  EXPECT_EQ(refusal({{"cases", {many, one_case(kJaneArn, "ecr:PutImage", "denied")}}}),
            "cases[1]: there are more than 100000 checks");
  many["principals"] = std::vector<Json>(1001, kJaneArn);
  EXPECT_EQ(refusal({{"cases", {many}}}), "cases[0].principals: must have at most 1000 elements");
}

}  // namespace
}  // namespace ecr::api::test
