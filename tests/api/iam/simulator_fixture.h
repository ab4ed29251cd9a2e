// Calls of the policy simulator by the root user of 111122223333.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/api/query_fixture.h"

namespace ecr::api::test::simulator {

using Error = std::pair<std::string, std::string>;

inline constexpr const char* kJane = "arn:aws:iam::111122223333:user/jane";
inline constexpr const char* kApp = "arn:aws:ecr:us-east-1:111122223333:repository/app";
inline constexpr const char* kOther = "arn:aws:ecr:us-east-1:111122223333:repository/other";

inline std::string text(const Json& json) { return json.dump(); }

class Simulator : public QueryTest {
 protected:
  Simulator() { use(Keys{"111122223333", "test"}); }

  Json custom(const Json& document, Parameters more) {
    more.emplace_back("PolicyInputList.member.1", text(document));
    return call_query("iam", "SimulateCustomPolicy", more);
  }
  Json principal(const std::string& arn, Parameters more) {
    more.emplace_back("PolicySourceArn", arn);
    return call_query("iam", "SimulatePrincipalPolicy", more);
  }
  std::string decision(const Json& output, std::size_t index = 0) {
    return output["EvaluationResults"][index]["EvalDecision"].get<std::string>();
  }
};

inline Parameters of(const std::string& action, const std::string& resource = "") {
  Parameters parameters = {{"ActionNames.member.1", action}};
  if (!resource.empty()) parameters.emplace_back("ResourceArns.member.1", resource);
  return parameters;
}

inline Parameters with(Parameters parameters, const Parameters& more) {
  parameters.insert(parameters.end(), more.begin(), more.end());
  return parameters;
}

inline Parameters entry(const std::string& name, const std::string& type,
                        const std::vector<std::string>& values) {
  Parameters parameters = {{"ContextEntries.member.1.ContextKeyName", name},
                           {"ContextEntries.member.1.ContextKeyType", type}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    parameters.emplace_back(
        "ContextEntries.member.1.ContextKeyValues.member." + std::to_string(i + 1), values[i]);
  }
  return parameters;
}

class SimulatedPrincipal : public Simulator {
 protected:
  SimulatedPrincipal() {
    Json document = seed_user("jane", {{"own", policy("Allow", "ecr:ListImages", kApp)}});
    Json& account = document["accounts"]["111122223333"];
    account["managedPolicies"] = {
        {{"name", "push"}, {"document", policy("Allow", "ecr:PutImage", "*")}},
        {{"name", "limit"}, {"document", policy("Allow", {"ecr:ListImages", "sts:*"}, "*")}}};
    account["groups"] = {
        {{"name", "devs"},
         {"policies",
          {{"self", policy("Allow", "ecr:DescribeImages",
                           "arn:aws:ecr:us-east-1:111122223333:repository/${aws:username}/*")}}}}};
    account["users"][0]["groups"] = {"devs"};
    account["users"][0]["attachedPolicies"] = {"push"};
    account["roles"] = {{{"name", "ci"},
                         {"trustPolicy", policy("Allow", "sts:AssumeRole", "*")},
                         {"policies", {{"list", policy("Allow", {"ecr:*", "sts:*"}, "*")}}},
                         {"boundary", "limit"}}};
    Json& trust = account["roles"][0]["trustPolicy"]["Statement"][0];
    trust.erase("Resource");
    trust["Principal"] = {{"AWS", "111122223333"}};
    seed(document);
  }
};

}  // namespace ecr::api::test::simulator
