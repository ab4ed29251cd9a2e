// POST /_ecr-local/can, and the ways of roles: each agrees with a plain walk over all of them.
#include <map>
#include <random>
#include <set>

#include "api/admin/what_if/questions.h"
#include "schemas/base/text.h"
#include "tests/api/admin/what_if/fixture.h"

namespace ecr::api::test {
namespace {

class CanTest : public WhatIfTest {
 protected:
  Json ask_one(const std::string& principal, const std::string& action, const std::string& resource,
               const Json& context = nullptr, bool via_roles = false) {
    Json question = {{"principal", principal}, {"action", action}, {"resource", resource}};
    if (!context.is_null()) question["context"] = context;
    return answer("POST", "can",
                  {{"questions", {question}}, {"viaRoles", via_roles}})["answers"][0];
  }
  static Json trust_of(const std::vector<std::string>& arns) {
    return {
        {"Version", "2012-10-17"},
        {"Statement",
         {{{"Effect", "Allow"}, {"Principal", {{"AWS", arns}}}, {"Action", "sts:AssumeRole"}}}}};
  }
};

TEST_F(CanTest, SaysYesNoAndByWhat) {
  const Json yes = ask_one(arn_of("role/ci"), "ecr:PutImage", kAppArn);
  EXPECT_EQ(yes["verdict"], "allowed");
  EXPECT_EQ(yes["decision"], "Allowed");
  EXPECT_EQ(yes["steps"], 0);
  ASSERT_EQ(yes["statements"].size(), 1U);
  EXPECT_EQ(yes["statements"][0]["policy"], "inline policy push of role ci");
  const Json no = ask_one(arn_of("user/mark"), "ecr:PutImage", kAppArn);
  EXPECT_EQ(no["verdict"], "denied");
  EXPECT_EQ(no["message"],
            "User: arn:aws:iam::111122223333:user/mark is not authorized to perform: ecr:PutImage "
            "on resource: arn:aws:ecr:us-east-1:111122223333:repository/app because no "
            "identity-based policy allows the ecr:PutImage action");
}

// A pull from another account needs a statement of each side.
TEST_F(CanTest, NamesTheStatementsOfBothAccounts) {
  const Json json = ask_one("arn:aws:iam::222233334444:user/olga", "ecr:BatchGetImage", kAppArn);
  ASSERT_EQ(json["verdict"], "allowed");
  std::set<std::string> types;
  for (const Json& one : json["statements"]) types.insert(one["policyType"].get<std::string>());
  EXPECT_EQ(types, (std::set<std::string>{"identity", "resource"}));
}

TEST_F(CanTest, WhatDependsOnTheRequestIsAConditionUntilItIsGiven) {
  Json document = policy("Allow", "ecr:PutImage", "*");
  document["Statement"][0]["Condition"] = {{"IpAddress", {{"aws:SourceIp", "10.0.0.0/8"}}}};
  answer("PUT", "policies", inline_change(arn_of("user/mark"), "office", document));
  const Json open = ask_one(arn_of("user/mark"), "ecr:PutImage", kAppArn);
  EXPECT_EQ(open["verdict"], "conditional");
  EXPECT_EQ(open["conditions"], Json({"aws:SourceIp"}));
  EXPECT_EQ(open["needs"], Json::parse(R"([{"effect": "Allow", "key": "aws:SourceIp",
                                             "test": "IpAddress", "values": "10.0.0.0/8"}])"));
  const auto verdict = [&](const char* address) {
    return ask_one(arn_of("user/mark"), "ecr:PutImage", kAppArn,
                   {{"aws:SourceIp", address}})["verdict"];
  };
  EXPECT_EQ(verdict("10.1.2.3"), "allowed");
  EXPECT_EQ(verdict("192.0.2.1"), "denied");
}

TEST_F(CanTest, AQuestionThatCannotBeAskedIsAnsweredInItsPlace) {
  const Json good = {
      {"principal", arn_of("role/ci")}, {"action", "ecr:PutImage"}, {"resource", kAppArn}};
  Json unknown = good;
  unknown["principal"] = arn_of("user/nobody");
  Json many = good;
  many["action"] = "ecr:*";
  const Json answers =
      answer("POST", "can", {{"questions", {unknown, good, many, nullptr}}})["answers"];
  ASSERT_EQ(answers.size(), 4U);
  const auto error = answers[0]["error"].get<std::string>();
  EXPECT_TRUE(error.starts_with("questions[0].principal: must be")) << error;
  EXPECT_TRUE(error.ends_with("it is \"" + arn_of("user/nobody") + "\"")) << error;
  EXPECT_EQ(answers[1]["verdict"], "allowed");
  EXPECT_EQ(answers[2]["error"],
            "questions[2].action: must be one action, such as ecr:PutImage; it is \"ecr:*\"");
  EXPECT_TRUE(answers[3].contains("error"));
}

// A misspelled name would look like a denial.
TEST_F(CanTest, WhatIsNotThereIsANote) {
  const std::string ci = arn_of("role/ci");
  const auto notes = [&](const std::string& action, const std::string& resource) {
    return ask_one(ci, action, resource)["notes"];
  };
  EXPECT_EQ(notes("ecr:PutImage", kAppArn), Json::array());
  EXPECT_EQ(notes("ECR:putimage", kAppArn), Json::array());
  EXPECT_EQ(notes("ecr:PutImages", kAppArn),
            Json({"there is no action ecr:PutImages, did you mean ecr:PutImage?"}));
  EXPECT_EQ(notes("iam:Fly", "*"), Json({"there is no action iam:Fly"}));
  EXPECT_EQ(notes("s3:GetObject", "*"),
            Json({"the actions of s3 are not known here: nobody checks whether there is an action "
                  "s3:GetObject"}));
  const std::string other = "arn:aws:ecr:us-east-1:111122223333:repository/apps";
  EXPECT_EQ(notes("ecr:PutImage", other),
            Json({"there is no repository apps in account 111122223333, region us-east-1, did you "
                  "mean app? The answer holds if it is made, without a policy of its own"}));
  EXPECT_EQ(notes("ecr:CreateRepository", other), Json::array());
  EXPECT_EQ(notes("ecr:PutImage", "arn:aws:ecr:us-east-1:111122223333:repository/*"),
            Json::array());
  EXPECT_EQ(notes("sts:AssumeRole", arn_of("role/cd")),
            Json({"there is no role cd in account 111122223333"}));
  EXPECT_EQ(notes("iam:GetUser", arn_of("user/jane")), Json::array());
}

TEST_F(CanTest, ARepositoryMayBeNamedWithoutItsArn) {
  const std::string ci = arn_of("role/ci");
  const Json yes = ask_one(ci, "ecr:PutImage", "app");
  EXPECT_EQ(yes["verdict"], "allowed");
  EXPECT_EQ(yes["resource"], kAppArn);
  EXPECT_EQ(ask_one(ci, "ecr:PutImage", "web")["error"],
            "questions[0].resource: there is no repository web; give an ARN, such as "
            "arn:aws:ecr:us-east-1:000000000000:repository/web");
  answer("POST", "seed",
         {{"accounts", {{"222233334444", {{"repositories", {{{"name", "app"}}}}}}}}});
  EXPECT_EQ(ask_one(ci, "ecr:PutImage", "app")["error"],
            "questions[0].resource: there is more than one repository app; give its ARN, such as " +
                std::string(kAppArn));
}

TEST_F(CanTest, QuestionsHaveALimit) {
  const Json one = {
      {"principal", arn_of("role/ci")}, {"action", "ecr:PutImage"}, {"resource", kAppArn}};
  std::vector<Json> many(admin::what_if::kMostQuestions, one);
  EXPECT_EQ(answer("POST", "can", {{"questions", many}})["answers"].size(), many.size());
  many.push_back(one);
  EXPECT_TRUE(refusal("POST", "can", {{"questions", many}}).starts_with("questions: "));
  EXPECT_EQ(refusal("POST", "can", Json::object()), "questions: is missing");
}

TEST_F(CanTest, TimeIsLimited) {
  clock.step = std::chrono::milliseconds(900);
  const Json one = {
      {"principal", arn_of("role/ci")}, {"action", "ecr:PutImage"}, {"resource", kAppArn}};
  const Json json = answer("POST", "can", {{"questions", std::vector<Json>(10, one)}});
  EXPECT_EQ(json["truncated"], true);
  EXPECT_EQ(json["answers"].size(), 10U);
  EXPECT_EQ(json["answers"][9]["error"], "there was no time left for this question");
}

// jane may assume ci, which may push.
TEST_F(CanTest, ARoleThatCanBeAssumedIsAWay) {
  EXPECT_EQ(ask_one(arn_of("user/jane"), "ecr:PutImage", kAppArn)["verdict"], "denied");
  const Json json = ask_one(arn_of("user/jane"), "ecr:PutImage", kAppArn, nullptr, true);
  EXPECT_EQ(json["verdict"], "allowed");
  EXPECT_EQ(json["decision"], "ImplicitlyDenied");  // without a role
  EXPECT_EQ(json["steps"], 1);
  EXPECT_EQ(json["via"][0]["role"], arn_of("role/ci"));
  EXPECT_EQ(json["via"][0]["statements"][0]["policyType"], "resource");
  EXPECT_EQ(ask_one(arn_of("user/mark"), "ecr:PutImage", kAppArn, nullptr, true)["verdict"],
            "denied");
}

TEST_F(CanTest, ServicesAndProvidersOfTokensAreWaysToo) {
  Json trust = trust_of({arn_of("user/jane")});
  trust["Statement"].push_back({{"Effect", "Allow"},
                                {"Principal", {{"Service", "ecs-tasks.amazonaws.com"}}},
                                {"Action", "sts:AssumeRole"}});
  const std::string provider =
      "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
  trust["Statement"].push_back(
      {{"Effect", "Allow"},
       {"Principal", {{"Federated", provider}}},
       {"Action", "sts:AssumeRoleWithWebIdentity"},
       {"Condition",
        {{"StringEquals",
          {{"token.actions.githubusercontent.com:sub", "repo:a/b:ref:refs/heads/main"}}}}}});
  answer("PUT", "policies", change("trust", arn_of("role/ci"), trust));
  const Json json =
      answer("GET", "who-can?action=ecr:PutImage&viaRoles=true&resource=" + std::string(kAppArn));
  std::map<std::string, Json> by;
  for (const Json& one : json["principals"]) by[one["principal"].get<std::string>()] = one;
  EXPECT_EQ(by["ecs-tasks.amazonaws.com"]["verdict"], "allowed");
  EXPECT_EQ(by["ecs-tasks.amazonaws.com"]["steps"], 1);
  EXPECT_EQ(by[provider]["kind"], "federated");
  EXPECT_EQ(by[provider]["verdict"], "conditional");
  EXPECT_EQ(by[provider]["conditions"], Json({"token.actions.githubusercontent.com:sub"}));
  EXPECT_EQ(by[arn_of("role/ci")]["steps"], 0);
}

// Random trust among random roles and users: the fewest steps of each are those of a walk forward
// over the answers to single questions.
TEST_F(CanTest, TheFewestStepsAreThoseOfAPlainWalk) {
  std::mt19937 numbers(20260202);
  const auto below = [&](std::size_t end) { return numbers() % end; };
  constexpr int kRoles = 9;
  const auto role = [](int i) { return arn_of(base::format("role/r{}", i)); };
  for (int round = 0; round < 12; ++round) {
    std::vector<std::string> principals = {arn_of("user/jane"), arn_of("user/mark")};
    for (int i = 0; i < kRoles; ++i) principals.push_back(role(i));
    Json roles = Json::array();
    for (int i = 0; i < kRoles; ++i) {
      std::vector<std::string> trusted;
      for (std::size_t n = 1 + below(2); n > 0; --n)
        trusted.push_back(principals[below(principals.size())]);
      if (below(4) == 0) trusted.emplace_back("arn:aws:iam::111122223333:root");
      Json one = {{"name", base::format("r{}", i)}, {"trustPolicy", trust_of(trusted)}};
      if (below(4) == 0) one["policies"]["push"] = policy("Allow", "ecr:PutImage", kOpsArn);
      if (below(3) == 0) one["policies"]["any"] = policy("Allow", "sts:AssumeRole", "*");
      roles.push_back(std::move(one));
    }
    answer("POST", "seed", {{"accounts", {{"111122223333", {{"roles", roles}}}}}});

    std::map<std::string, std::size_t> fewest;
    const auto allowed = [&](const std::string& who, const std::string& action,
                             const std::string& what) {
      return ask_one(who, action, what)["verdict"] != "denied";
    };
    for (const auto& who : principals) {
      if (allowed(who, "ecr:PutImage", kOpsArn)) fewest[who] = 0;
    }
    for (std::size_t steps = 1; steps <= kRoles; ++steps) {
      const auto before = fewest;
      for (const auto& who : principals) {
        if (before.contains(who)) continue;
        for (int i = 0; i < kRoles; ++i) {
          const bool leads = before.contains(role(i)) && before.at(role(i)) == steps - 1;
          if (leads && role(i) != who && allowed(who, "sts:AssumeRole", role(i)))
            fewest[who] = steps;
        }
      }
    }
    std::map<std::string, std::size_t> found;
    const Json listed =
        answer("GET", "who-can?action=ecr:PutImage&viaRoles=true&account=111122223333&resource=" +
                          std::string(kOpsArn));
    for (const Json& one : listed["principals"]) {
      const auto name = one["principal"].get<std::string>();
      const auto steps = one["steps"].get<std::size_t>();
      EXPECT_EQ(one["via"].size(), steps) << name;
      if (std::find(principals.begin(), principals.end(), name) != principals.end())
        found[name] = steps;
    }
    EXPECT_EQ(found, fewest) << roles.dump();
    for (const auto& who : principals) {
      const Json can = ask_one(who, "ecr:PutImage", kOpsArn, nullptr, true);
      EXPECT_EQ(can["verdict"] != "denied", fewest.contains(who)) << who;
      if (fewest.contains(who)) {
        EXPECT_EQ(can["steps"], fewest[who]) << who;
      }
    }
  }
}

}  // namespace
}  // namespace ecr::api::test
