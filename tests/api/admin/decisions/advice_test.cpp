// The advice on denials: what it says is enough, and all of it is needed.
#include "api/admin/decisions/advice.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schemas/model/arn.h"
#include "tests/auth/iam/random_case.h"

namespace ecr::api::admin {
namespace {

using auth::iam::AttachedPolicy;
using auth::iam::DecidedBy;
using auth::iam::Policy;
using auth::iam::PolicySet;
using auth::iam::PolicyType;
using auth::iam::Request;
using auth::iam::Verdict;
using Json = nlohmann::json;
using List = std::vector<AttachedPolicy>;
using Change = AdviceStep::Change;

AttachedPolicy attached(const Json& document) {
  auto policy = Policy::parse(document.dump(), PolicyType::kAny);
  EXPECT_TRUE(policy.has_value()) << document;
  return {std::move(policy.value()), ""};
}

// The documents of a case by where they stand: {"identity": [[doc]], "scps": [[doc], [doc]], ...}.
using Documents = std::map<DecidedBy, std::vector<std::vector<Json>>>;

Documents documents_of(const Json& policies) {
  Documents documents;
  const auto take = [&](const char* name, DecidedBy type) {
    documents[type].emplace_back();
    if (!policies.contains(name)) return;
    if (policies[name].is_array()) {
      for (const Json& one : policies[name]) documents[type][0].push_back(one);
    } else if (!policies[name].is_null()) {
      documents[type][0].push_back(policies[name]);
    }
  };
  const auto take_levels = [&](const char* name, DecidedBy type) {
    for (const Json& level : policies.value(name, Json::array())) {
      documents[type].emplace_back(level.begin(), level.end());
    }
  };
  take("identity", DecidedBy::kIdentity);
  take("boundaries", DecidedBy::kBoundary);
  take("session", DecidedBy::kSession);
  take("scope_down", DecidedBy::kScopeDown);
  take("endpoint", DecidedBy::kEndpoint);
  take("resource", DecidedBy::kResource);
  take_levels("scps", DecidedBy::kScp);
  take_levels("rcps", DecidedBy::kRcp);
  return documents;
}

PolicySet set_of(Documents documents) {
  const auto list = [](const std::vector<Json>& from) {
    List out;
    for (const Json& one : from) out.push_back(attached(one));
    return out;
  };
  PolicySet set;
  set.identity = list(documents[DecidedBy::kIdentity][0]);
  set.boundaries = list(documents[DecidedBy::kBoundary][0]);
  set.session = list(documents[DecidedBy::kSession][0]);
  set.scope_down = list(documents[DecidedBy::kScopeDown][0]);
  set.endpoint = list(documents[DecidedBy::kEndpoint][0]);
  set.resource = list(documents[DecidedBy::kResource][0]);
  for (const auto& level : documents[DecidedBy::kScp]) set.scps.push_back(list(level));
  for (const auto& level : documents[DecidedBy::kRcp]) set.rcps.push_back(list(level));
  return set;
}

Request request_of(const Json& json) {
  Request request;
  if (json["principal"].is_string()) {
    request.principal = *auth::iam::make_principal(json["principal"].get<std::string>(),
                                                   json.value("principal_issuer", ""));
    request.principal.unique_id = json.value("principal_unique_id", "");
  }
  request.action = json["action"].get<std::string>();
  request.resource = json["resource"].get<std::string>();
  request.resource_account = json.value("resource_account", "");
  const auto arn = model::Arn::parse(request.resource);
  if (request.resource_account.empty() && arn) request.resource_account = arn->account;
  for (const auto& [key, value] : json["context"].items()) {
    if (value.is_array()) {
      request.context.set_multi(key, value.get<std::vector<std::string>>());
    } else {
      request.context.set(key, value.get<std::string>());
    }
  }
  return request;
}

// The documents after the steps, but for the one at `skip`.
Documents take_steps(Documents documents, const std::vector<AdviceStep>& steps, std::size_t skip) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const AdviceStep& step = steps[i];
    auto& list = documents[step.type].at(step.level);
    if (step.policy == list.size()) {
      list.push_back({{"Version", "2012-10-17"}, {"Statement", Json::array()}});
    }
    Json& statements = list.at(step.policy)["Statement"];
    if (statements.is_object()) statements = Json::array({statements});
    if (i == skip) continue;
    if (step.change == Change::kAdd) {
      statements.push_back(Json::parse(step.document));
    } else {
      EXPECT_EQ(statements.at(step.statement), Json::parse(step.document));
      statements.at(step.statement) = nullptr;  // the indexes of the others stay
    }
  }
  for (auto& [type, levels] : documents) {
    for (auto& list : levels) {
      for (Json& document : list) {
        Json& statements = document["Statement"];
        for (std::size_t i = statements.is_array() ? statements.size() : 0; i-- > 0;) {
          if (statements[i].is_null()) statements.erase(i);
        }
        // A policy has a statement: this one never applies.
        if (statements.empty()) {
          statements = {{"Effect", "Allow"}, {"NotAction", "*"}, {"Resource", "*"}};
        }
      }
    }
  }
  return documents;
}

std::string show(const std::vector<AdviceStep>& steps) {
  std::string text;
  for (const AdviceStep& step : steps) {
    text += "\n" + std::string(name_of(step.type)) + " " + step.where +
            (step.change == Change::kAdd ? " + " : " - ") + step.document;
  }
  return text;
}

TEST(Advice, AllStepsTogetherAllowAndNoneIsSuperfluous) {
  constexpr std::size_t kAll = static_cast<std::size_t>(-1);
  int denials = 0;
  std::map<std::string, int> seen;
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const Json json = auth::iam::test::random_case(number);
    const Request request = request_of(json["request"]);
    const Documents documents = documents_of(json["policies"]);
    const PolicySet set = set_of(documents);
    const Verdict verdict = evaluate(request, set);
    const auto steps = advise(request, set, verdict);
    if (verdict.allowed()) {
      EXPECT_TRUE(steps.empty()) << number;
      continue;
    }
    ++denials;
    // No policy gives the calls of other services to another account, or to a caller of none.
    const bool can_be_given = request.action.starts_with("ecr:") ||
                              request.action.starts_with("sts:") ||
                              (!request.principal.account.empty() &&
                               request.principal.account == request.resource_account);
    if (steps.empty() && !can_be_given) continue;
    ASSERT_FALSE(steps.empty()) << number << " " << json["request"];
    EXPECT_TRUE(evaluate(request, set_of(take_steps(documents, steps, kAll))).allowed())
        << number << json.dump(1) << show(steps);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      EXPECT_FALSE(steps[i].where.empty());
      ++seen[std::string(name_of(steps[i].type)) +
             (steps[i].change == Change::kAdd ? " add" : " remove")];
      EXPECT_FALSE(evaluate(request, set_of(take_steps(documents, steps, i))).allowed())
          << number << " step " << i << ": " << steps[i].document;
    }
  }
  EXPECT_GT(denials, 400);
  EXPECT_EQ(seen.size(), 16u);  // eight kinds of policy, both ways
}

struct Case {
  const char* principal;
  const char* action;
  const char* resource;
  const char* account;  // that owns the resource
  const char* where;
  const char* statement;
};

TEST(Advice, NamesThePolicyAndWritesTheSmallestStatement) {
  constexpr const char* kJane = "arn:aws:iam::111111111111:user/jane";
  constexpr const char* kApp = "arn:aws:ecr:us-east-1:111111111111:repository/app";
  const Case kCases[] = {
      {kJane, "ecr:PutImage", kApp, "111111111111",
       "an identity-based policy of arn:aws:iam::111111111111:user/jane",
       R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"arn:aws:ecr:us-east-1:111111111111:repository/app"})"},
      {kJane, "ecr:GetAuthorizationToken", "*", "111111111111",
       "an identity-based policy of arn:aws:iam::111111111111:user/jane",
       R"({"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"})"},
      {"arn:aws:sts::111111111111:assumed-role/ci/run1", "ecr:PutImage", kApp, "111111111111",
       "an identity-based policy of arn:aws:iam::111111111111:role/ci",
       R"({"Effect":"Allow","Action":"ecr:PutImage","Resource":"arn:aws:ecr:us-east-1:111111111111:repository/app"})"},
      {"arn:aws:sts::222222222222:assumed-role/ci/run1", "ecr:BatchGetImage", kApp, "111111111111",
       "the repository policy of app in account 111111111111",
       R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/ci"},"Action":"ecr:BatchGetImage"})"},
      {"arn:aws:iam::222222222222:user/eve", "ecr:CreateRepository", kApp, "111111111111",
       "the registry policy of account 111111111111",
       R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:user/eve"},"Action":"ecr:CreateRepository","Resource":"arn:aws:ecr:us-east-1:111111111111:repository/app"})"},
      {kJane, "sts:AssumeRole", "arn:aws:iam::111111111111:role/ci", "111111111111",
       "the trust policy of arn:aws:iam::111111111111:role/ci",
       R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/jane"},"Action":"sts:AssumeRole"})"},
  };
  for (const Case& c : kCases) {
    Request request;
    request.principal = *auth::iam::make_principal(c.principal, "");
    request.action = c.action;
    request.resource = c.resource;
    request.resource_account = c.account;
    const PolicySet nothing;
    const auto steps = advise(request, nothing, evaluate(request, nothing));
    ASSERT_FALSE(steps.empty()) << c.action;
    EXPECT_EQ(steps[0].where, c.where);
    EXPECT_EQ(steps[0].document, c.statement);
  }
}

// Registry policies take ECR's actions alone, and IAM's resources have no policies.
TEST(Advice, NoPolicyGivesCallsOfIamToAnotherAccount) {
  Request request;
  request.principal = *auth::iam::make_principal("arn:aws:iam::222222222222:root", "");
  request.action = "iam:SimulatePrincipalPolicy";
  request.resource = "arn:aws:iam::111111111111:role/ci";
  request.resource_account = "111111111111";
  const PolicySet nothing;
  EXPECT_TRUE(advise(request, nothing, evaluate(request, nothing)).empty());
  // In the caller's own account a policy of the caller's helps.
  request.principal = *auth::iam::make_principal("arn:aws:iam::111111111111:user/jane", "");
  EXPECT_EQ(advise(request, nothing, evaluate(request, nothing)).size(), 1u);
}

TEST(Advice, SaysWhenATrustPolicyWouldLetOthersIn) {
  const auto caution = [](const char* subject) {
    Request request;
    request.action = "sts:AssumeRoleWithWebIdentity";
    request.resource = "arn:aws:iam::111111111111:role/ci";
    request.resource_account = "111111111111";
    request.context.set("aws:FederatedProvider",
                        "arn:aws:iam::111111111111:oidc-provider/idp.example.com");
    if (*subject != 0) request.context.set("idp.example.com:sub", subject);
    const PolicySet nothing;
    const auto steps = advise(request, nothing, evaluate(request, nothing));
    return steps.empty() ? "no steps" : steps[0].caution;
  };
  EXPECT_EQ(caution("repo:octo/app:ref:refs/heads/main"), "");
  EXPECT_NE(caution("repo:octo/app:pull_request").find("every pull request"), std::string::npos);
  EXPECT_NE(caution("").find("no subject"), std::string::npos);
}

TEST(Advice, ADollarInTheResourceIsEscaped) {
  Request request;
  request.principal = *auth::iam::make_principal("arn:aws:iam::111111111111:user/jane", "");
  request.action = "ecr:PutImage";
  request.resource = "arn:aws:ecr:us-east-1:111111111111:repository/${aws:username}";
  const PolicySet nothing;
  const auto steps = advise(request, nothing, evaluate(request, nothing));
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(Json::parse(steps[0].document)["Resource"],
            "arn:aws:ecr:us-east-1:111111111111:repository/${$}{aws:username}");
}

// What was asked for, and by whom, is part of the advice: the statement lets no other tags, service
// or identity in.
TEST(Advice, GrantsNothingThatWasNotAsked) {
  constexpr const char* kRole = "arn:aws:iam::111111111111:role/ci";
  constexpr const char* kApp = "arn:aws:ecr:us-east-1:111111111111:repository/app";
  const std::string provider =
      "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com";
  const struct {
    const char* principal;
    const char* action;
    const char* resource;
    std::vector<std::pair<const char*, std::string>> context;
    Json condition;
  } kCases[] = {
      {"",
       "sts:AssumeRoleWithWebIdentity",
       kRole,
       {{"aws:FederatedProvider", provider},
        {"token.actions.githubusercontent.com:aud", "sts.amazonaws.com"},
        {"token.actions.githubusercontent.com:sub", "repo:evil/app:ref:refs/heads/main"},
        {"token.actions.githubusercontent.com:actor", "eve"},
        {"sts:RoleSessionName", "run1"}},
       {{"StringEquals",
         {{"token.actions.githubusercontent.com:aud", "sts.amazonaws.com"},
          {"token.actions.githubusercontent.com:sub", "repo:evil/app:ref:refs/heads/main"}}}}},
      {"",
       "sts:AssumeRoleWithWebIdentity",
       kRole,
       {{"aws:FederatedProvider", "accounts.google.com"}, {"accounts.google.com:sub", "1"}},
       {{"StringEquals", {{"accounts.google.com:sub", "1"}}}}},
      {"arn:aws:iam::222222222222:user/eve",
       "sts:AssumeRole",
       kRole,
       {{"sts:ExternalId", "${x}"}, {"aws:PrincipalTag/team", "a"}, {"aws:SourceIp", "10.0.0.1"}},
       {{"StringEquals", {{"sts:ExternalId", "${$}{x}"}}}}},
      {"arn:aws:iam::111111111111:user/jane",
       "iam:PassRole",
       kRole,
       {{"iam:PassedToService", "ecr.amazonaws.com"}, {"aws:ResourceTag/team", "a"}},
       {{"StringEquals", {{"iam:PassedToService", "ecr.amazonaws.com"}}}}},
      {"arn:aws:sts::222222222222:assumed-role/ci/run1",
       "ecr:PutImage",
       kApp,
       {{"aws:PrincipalTag/team", "a"}, {"aws:PrincipalArn", kRole}},
       {{"StringEquals", {{"aws:PrincipalTag/team", "a"}}}}},
      {"arn:aws:iam::222222222222:root",
       "ecr:PutImage",
       kApp,
       {{"aws:PrincipalArn", "arn:aws:iam::222222222222:root"}, {"aws:PrincipalType", "Account"}},
       {{"StringEquals", {{"aws:PrincipalArn", "arn:aws:iam::222222222222:root"}}}}},
      {"",
       "ecr:PutImage",
       kApp,
       {{"aws:PrincipalType", "Anonymous"}},
       {{"StringEquals", {{"aws:PrincipalType", "Anonymous"}}}}},
      {"x.amazonaws.com",
       "ecr:PutImage",
       kApp,
       {{"aws:SourceAccount", "333333333333"}},
       {{"StringEquals", {{"aws:SourceAccount", "333333333333"}}}}},
  };
  for (const auto& c : kCases) {
    Request request;
    request.principal = *auth::iam::make_principal(c.principal, "");
    request.action = c.action;
    request.resource = c.resource;
    request.resource_account = "111111111111";
    for (const auto& [key, value] : c.context) request.context.set(key, value);
    const PolicySet nothing;
    const auto steps = advise(request, nothing, evaluate(request, nothing));
    ASSERT_FALSE(steps.empty()) << c.action;
    EXPECT_EQ(Json::parse(steps[0].document)["Condition"], c.condition) << steps[0].document;
  }
}

TEST(Advice, TagsOfTheRequestAreThoseAndNoOthers) {
  Request request;
  request.principal = *auth::iam::make_principal("arn:aws:iam::222222222222:user/eve", "");
  request.action = "sts:TagSession";
  request.resource = "arn:aws:iam::111111111111:role/ci";
  request.resource_account = "111111111111";
  request.context.set("aws:RequestTag/team", "a");
  request.context.set_multi("aws:TagKeys", {"team"});
  PolicySet set;
  const auto steps = advise(request, set, evaluate(request, set));
  ASSERT_FALSE(steps.empty());
  const Json statement = Json::parse(steps[0].document);
  EXPECT_EQ(statement["Condition"], Json({{"StringEquals", {{"aws:RequestTag/team", "a"}}},
                                          {"ForAllValues:StringEquals", {{"aws:TagKeys", "team"}}},
                                          {"Null", {{"aws:TagKeys", "false"}}}}));
  set.resource = {attached({{"Version", "2012-10-17"}, {"Statement", {statement}}})};
  set.identity = {
      attached({{"Version", "2012-10-17"},
                {"Statement", {{{"Effect", "Allow"}, {"Action", "*"}, {"Resource", "*"}}}}})};
  EXPECT_TRUE(evaluate(request, set).allowed());
  request.context.set("aws:RequestTag/admin", "yes");
  request.context.set_multi("aws:TagKeys", {"team", "admin"});
  EXPECT_FALSE(evaluate(request, set).allowed());
}

// A Deny by exception covers what nobody thought of. The narrowed statements still do.
TEST(Advice, ADenyIsNarrowedForItsCallerAlone) {
  const char* kDenials[] = {
      R"({"Effect":"Deny","NotAction":"ecr:Get*","Resource":"*"})",
      R"({"Effect":"Deny","Action":"ecr:*","NotResource":"arn:aws:ecr:*:*:repository/public/*"})",
      R"({"Effect":"Deny","Principal":"*","Action":"ecr:*",
          "Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:user/joe"}}})",
      R"({"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111111111111:user/joe"},
          "Action":"ecr:*"})",
  };
  const auto asked_by = [](const std::string& arn) {
    Request request;
    request.principal = *auth::iam::make_principal(arn, "");
    request.action = "ecr:PutImage";
    request.resource = "arn:aws:ecr:us-east-1:111111111111:repository/app";
    request.resource_account = "111111111111";
    request.context.set("aws:PrincipalArn", arn);
    return request;
  };
  for (const char* denial : kDenials) {
    const auto set_with = [&](const Json& statements) {
      const AttachedPolicy policy =
          attached({{"Version", "2012-10-17"}, {"Statement", statements}});
      PolicySet set;
      set.identity = {
          attached({{"Version", "2012-10-17"},
                    {"Statement", {{{"Effect", "Allow"}, {"Action", "*"}, {"Resource", "*"}}}}})};
      const bool resource_based =
          Json::parse(denial).contains("Principal") || Json::parse(denial).contains("NotPrincipal");
      (resource_based ? set.resource : set.identity).push_back(policy);
      return set;
    };
    const Request jane = asked_by("arn:aws:iam::111111111111:user/jane");
    const PolicySet set = set_with(Json::array({Json::parse(denial)}));
    const auto steps = advise(jane, set, evaluate(jane, set));
    ASSERT_EQ(steps.size(), 1u) << denial;
    Json statements = Json::array();
    for (const std::string& one : steps[0].narrowed) statements.push_back(Json::parse(one));
    const PolicySet narrowed = set_with(statements);
    EXPECT_TRUE(evaluate(jane, narrowed).allowed()) << statements;
    EXPECT_EQ(steps[0].narrowed_also_allows, "");
    Request other = asked_by("arn:aws:iam::111111111111:user/eve");
    EXPECT_EQ(evaluate(other, narrowed).decision, auth::iam::Decision::kExplicitlyDenied)
        << statements;
    other = jane;
    other.action = "ecr:DeleteRepository";
    EXPECT_EQ(evaluate(other, narrowed).decision, auth::iam::Decision::kExplicitlyDenied)
        << statements;
  }
}

// IAM has no way to leave one name out of a pattern.
TEST(Advice, WhatADenyAboutAPatternFreesIsSaid) {
  Request request;
  request.principal = *auth::iam::make_principal("arn:aws:iam::111111111111:user/jane", "");
  request.action = "ecr:PutImage";
  request.resource = "arn:aws:ecr:us-east-1:111111111111:repository/team-a/app";
  request.resource_account = "111111111111";
  request.context.set("aws:PrincipalArn", request.principal.arn);
  PolicySet set;
  set.identity = {
      attached({{"Version", "2012-10-17"},
                {"Statement",
                 {{{"Effect", "Allow"}, {"Action", "*"}, {"Resource", "*"}},
                  {{"Sid", "No"},
                   {"Effect", "Deny"},
                   {"Action", {"ecr:Put*", "ecr:DeleteRepository"}},
                   {"Resource",
                    {"arn:aws:ecr:*:*:repository/team-*", "arn:aws:ecr:*:*:repository/prod"}}}}}})};
  const auto steps = advise(request, set, evaluate(request, set));
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].narrowed_also_allows, "ecr:PutImage on arn:aws:ecr:*:*:repository/team-*");
  ASSERT_EQ(steps[0].narrowed.size(), 3u);
  EXPECT_EQ(Json::parse(steps[0].narrowed[0])["Condition"],
            Json({{"ArnNotEquals", {{"aws:PrincipalArn", request.principal.arn}}}}));
  const Json actions = Json::parse(steps[0].narrowed[1])["Action"];
  EXPECT_NE(std::find(actions.begin(), actions.end(), "ecr:PutLifecyclePolicy"), actions.end());
  EXPECT_EQ(std::find(actions.begin(), actions.end(), "ecr:PutImage"), actions.end());
  EXPECT_EQ(Json::parse(steps[0].narrowed[2])["Resource"], "arn:aws:ecr:*:*:repository/prod");
  EXPECT_EQ(Json::parse(steps[0].narrowed[2])["Sid"], "No3");
}

// A boundary and an SCP are shared: the statement is for the caller alone.
TEST(Advice, OthersBelowTheSameLimitStayLimited) {
  Request request;
  request.principal = *auth::iam::make_principal("arn:aws:iam::111111111111:user/jane", "");
  request.action = "ecr:PutImage";
  request.resource = "arn:aws:ecr:us-east-1:111111111111:repository/app";
  request.resource_account = "111111111111";
  request.context.set("aws:PrincipalArn", request.principal.arn);
  const Json all = {{"Version", "2012-10-17"},
                    {"Statement", {{{"Effect", "Allow"}, {"Action", "*"}, {"Resource", "*"}}}}};
  const Json list = {
      {"Version", "2012-10-17"},
      {"Statement", {{{"Effect", "Allow"}, {"Action", "ecr:List*"}, {"Resource", "*"}}}}};
  PolicySet set;
  set.identity = {attached(all)};
  set.boundaries = {attached(list)};
  set.scps = {{attached(list)}};
  const auto steps = advise(request, set, evaluate(request, set));
  ASSERT_EQ(steps.size(), 2u);
  for (const AdviceStep& step : steps) {
    EXPECT_EQ(Json::parse(step.document)["Condition"],
              Json({{"ArnEquals", {{"aws:PrincipalArn", request.principal.arn}}}}));
  }
}

// A client may ask to assume "role/*": the statement must not match every role.
TEST(Advice, AWildcardThatAClientSentIsNoPattern) {
  Request request;
  request.principal = *auth::iam::make_principal("arn:aws:iam::222222222222:user/eve", "");
  request.action = "sts:AssumeRole";
  request.resource = "arn:aws:iam::111111111111:role/*";
  request.resource_account = "111111111111";
  const PolicySet nothing;
  bool some = false;
  for (const AdviceStep& step : advise(request, nothing, evaluate(request, nothing))) {
    if (step.type != DecidedBy::kIdentity) continue;
    some = true;
    EXPECT_EQ(Json::parse(step.document)["Resource"], "arn:aws:iam::111111111111:role/${*}");
  }
  EXPECT_TRUE(some);
}

}  // namespace
}  // namespace ecr::api::admin
