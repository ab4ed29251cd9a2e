// Advice opens no hole: applied to the policies of a small world, it allows the request that was
// denied, and nothing else that was denied before.
#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "api/admin/decisions/advice.h"

namespace ecr::api::admin {
namespace {

using auth::iam::AttachedPolicy;
using auth::iam::DecidedBy;
using auth::iam::Policy;
using auth::iam::PolicySet;
using auth::iam::PolicyType;
using auth::iam::Request;
using Json = nlohmann::json;
using Change = AdviceStep::Change;

constexpr const char* kOwner = "111111111111";

struct Person {
  std::string arn;
  std::string issuer;  // empty, or of a session
  std::string account;
  std::string who;       // whose identity-based policies: of sessions their role's or user's
  bool bounded = false;  // has the boundary that all bounded ones share
  bool session = false;
  bool root = false;
  // What aws:PrincipalArn says: all sessions of a role are one.
  std::string caller() const {
    return arn.find("assumed-role") == std::string::npos ? arn : issuer;
  }
};

const std::vector<Person>& people() {
  static const std::string kOther = "222222222222";
  static const std::vector<Person> kPeople = {
      {"arn:aws:iam::111111111111:root", "", kOwner, "root", false, false, true},
      {"arn:aws:iam::111111111111:user/jane", "", kOwner, "jane"},
      {"arn:aws:iam::111111111111:user/bob", "", kOwner, "bob", true},
      {"arn:aws:iam::111111111111:user/team/eve", "", kOwner, "eve", true},
      {"arn:aws:sts::111111111111:assumed-role/ci/run1", "arn:aws:iam::111111111111:role/ci",
       kOwner, "ci", true, true},
      {"arn:aws:sts::111111111111:assumed-role/ci/run2", "arn:aws:iam::111111111111:role/ci",
       kOwner, "ci", true},
      {"arn:aws:sts::111111111111:assumed-role/ops/x", "arn:aws:iam::111111111111:role/path/ops",
       kOwner, "ops"},
      {"arn:aws:sts::111111111111:federated-user/fed", "arn:aws:iam::111111111111:user/bob", kOwner,
       "bob", true, true},
      {"arn:aws:iam::222222222222:root", "", kOther, "other-root", false, false, true},
      {"arn:aws:iam::222222222222:user/guest", "", kOther, "guest"},
      {"arn:aws:sts::222222222222:assumed-role/ci/run1", "arn:aws:iam::222222222222:role/ci",
       kOther, "guest-ci", true, true},
  };
  return kPeople;
}

const std::vector<std::string> kRepositories = {"app", "team-a/web", "team-a/api", "team-b/web"};
const std::vector<std::string> kActions = {
    "ecr:PutImage",   "ecr:BatchGetImage",    "ecr:GetDownloadUrlForLayer",
    "ecr:ListImages", "ecr:CreateRepository", "ecr:GetAuthorizationToken"};

std::string arn_of(const std::string& repository) {
  return std::string("arn:aws:ecr:us-east-1:") + kOwner + ":repository/" + repository;
}

// Documents by the place they stand in; "identity/jane", "scp/0", ...
using World = std::map<std::string, std::vector<Json>>;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  const T& of(const std::vector<T>& list) {
    return list[below(list.size())];
  }

 private:
  std::mt19937_64 engine_;
};

Json random_actions(Dice& dice) {
  switch (dice.below(5)) {
    case 0:
      return "*";
    case 1:
      return "ecr:*";
    case 2:
      return Json::array({"ecr:Batch*", "ecr:Get*"});
    case 3:
      return Json::array({dice.of(kActions), dice.of(kActions)});
    default:
      return dice.of(kActions);
  }
}

Json random_resources(Dice& dice) {
  switch (dice.below(5)) {
    case 0:
      return "*";
    case 1:
      return Json::array({arn_of("team-a/*"), arn_of("app")});
    case 2:
      return "arn:aws:ecr:*:*:repository/team-*";
    case 3:
      return Json::array({arn_of(dice.of(kRepositories)), arn_of(dice.of(kRepositories))});
    default:
      return arn_of(dice.of(kRepositories));
  }
}

Json random_principals(Dice& dice) {
  const Person& person = dice.of(people());
  switch (dice.below(4)) {
    case 0:
      return "*";
    case 1:
      return {{"AWS", "arn:aws:iam::" + person.account + ":root"}};
    case 2:
      return {{"AWS", person.issuer.empty() ? person.arn : person.issuer}};
    default:
      return {{"AWS", person.arn}};
  }
}

Json random_statement(Dice& dice, bool with_principal, bool with_resource,
                      std::size_t deny_one_in) {
  Json made = {{"Effect", dice.one_in(deny_one_in) ? "Deny" : "Allow"}};
  if (with_principal) made["Principal"] = random_principals(dice);
  // ECR takes no NotAction, so that only IAM's policies have it.
  made[!with_principal && dice.one_in(6) ? "NotAction" : "Action"] = random_actions(dice);
  if (with_resource) made[dice.one_in(6) ? "NotResource" : "Resource"] = random_resources(dice);
  if (made.contains("Action") && with_principal && made["Action"] == "*") made["Action"] = "ecr:*";
  return made;
}

Json random_document(Dice& dice, bool with_principal, bool with_resource, std::size_t deny_one_in) {
  Json statements = Json::array();
  for (std::size_t i = dice.below(3) + 1; i > 0; --i) {
    statements.push_back(random_statement(dice, with_principal, with_resource, deny_one_in));
  }
  return {{"Version", "2012-10-17"}, {"Statement", statements}};
}

Json allow_all() {
  return {{"Version", "2012-10-17"},
          {"Statement", {{{"Effect", "Allow"}, {"Action", "*"}, {"Resource", "*"}}}}};
}

World make_world(Dice& dice) {
  World world;
  for (const Person& person : people()) {
    auto& own = world["identity/" + person.who];
    if (!own.empty()) continue;
    own.push_back(person.root ? allow_all() : random_document(dice, false, true, 4));
  }
  world["boundary"] = {dice.one_in(2) ? allow_all() : random_document(dice, false, true, 4)};
  for (const Person& person : people()) {
    if (person.session) world["session/" + person.arn] = {random_document(dice, false, true, 6)};
  }
  for (const std::string& repository : kRepositories) {
    if (dice.one_in(2)) world["repository/" + repository] = {random_document(dice, true, false, 4)};
  }
  if (dice.one_in(2)) world["registry"] = {random_document(dice, true, true, 4)};
  for (const char* level : {"scp/0", "scp/1"}) {
    world[level] = {dice.one_in(2) ? allow_all() : random_document(dice, false, true, 3)};
  }
  for (const char* level : {"rcp/0", "rcp/1"}) {
    Json full = allow_all();
    full["Statement"][0]["Principal"] = "*";
    world[level] = {full};
    if (!dice.one_in(3)) continue;
    Json deny = random_document(dice, false, true, 1);
    for (Json& one : deny["Statement"]) one["Principal"] = "*";
    world[level].push_back(deny);
  }
  return world;
}

std::vector<AttachedPolicy> compiled(const World& world, const std::string& place) {
  std::vector<AttachedPolicy> list;
  const auto found = world.find(place);
  if (found == world.end()) return list;
  for (const Json& one : found->second) {
    auto policy = Policy::parse(one.dump(), PolicyType::kAny);
    EXPECT_TRUE(policy.has_value()) << one << policy.error().message << policy.error().detail;
    list.push_back({policy.value(), place});
  }
  return list;
}

struct Asked {
  const Person* person;
  std::string action;
  std::string repository;
};

Asked random_request(Dice& dice) {
  return {&dice.of(people()), dice.of(kActions), dice.of(kRepositories)};
}

Request request_of(const Asked& asked) {
  Request request;
  request.principal = *auth::iam::make_principal(asked.person->arn, asked.person->issuer);
  request.action = asked.action;
  const bool token = asked.action == "ecr:GetAuthorizationToken";
  request.resource = token ? "*" : arn_of(asked.repository);
  request.resource_account = token ? asked.person->account : kOwner;
  request.context.set("aws:PrincipalArn", asked.person->caller());
  request.context.set("aws:PrincipalAccount", asked.person->account);
  return request;
}

// The places of the resource-based policies, in the order in which they stand in the set.
std::vector<std::string> resource_places(const World& world, const Asked& asked) {
  std::vector<std::string> places;
  if (asked.action == "ecr:GetAuthorizationToken") return places;
  for (const std::string& place : {"repository/" + asked.repository, std::string("registry")}) {
    // The policy of a repository that is still to be made does not exist.
    if (asked.action == "ecr:CreateRepository" && place != "registry") continue;
    if (world.contains(place)) places.push_back(place);
  }
  return places;
}

PolicySet policies_for(const World& world, const Asked& asked) {
  PolicySet set;
  set.identity = compiled(world, "identity/" + asked.person->who);
  if (asked.person->bounded) set.boundaries = compiled(world, "boundary");
  set.session = compiled(world, "session/" + asked.person->arn);
  for (const std::string& place : resource_places(world, asked)) {
    set.resource.push_back(compiled(world, place)[0]);
  }
  for (const char* level : {"scp/0", "scp/1"}) set.scps.push_back(compiled(world, level));
  for (const char* level : {"rcp/0", "rcp/1"}) set.rcps.push_back(compiled(world, level));
  return set;
}

bool is_allowed(const World& world, const Asked& asked) {
  return evaluate(request_of(asked), policies_for(world, asked)).allowed();
}

std::string place_of(const World& world, const Asked& asked, const AdviceStep& step) {
  switch (step.type) {
    case DecidedBy::kIdentity:
      return "identity/" + asked.person->who;
    case DecidedBy::kBoundary:
      return "boundary";
    case DecidedBy::kSession:
      return "session/" + asked.person->arn;
    case DecidedBy::kScopeDown:  // the people of this test have none
      return "scope_down";
    case DecidedBy::kEndpoint:  // nor do they come by one
      return "endpoint";
    case DecidedBy::kScp:
      return "scp/" + std::to_string(step.level);
    case DecidedBy::kRcp:
      return "rcp/" + std::to_string(step.level);
    case DecidedBy::kResource:
      break;
  }
  const auto places = resource_places(world, asked);
  if (step.policy < places.size()) return places[step.policy];
  return step.where.starts_with("the repository policy") ? "repository/" + asked.repository
                                                         : std::string("registry");
}

// The index of the policy in the documents of its place.
std::size_t index_of(const AdviceStep& step) {
  return step.type == DecidedBy::kResource ? 0 : step.policy;
}

void apply_step(World& world, const Asked& asked, const AdviceStep& step) {
  auto& documents = world[place_of(world, asked, step)];
  if (step.change == Change::kAdd) {
    const std::size_t index = index_of(step);
    if (documents.size() <= index) {
      documents.push_back({{"Version", "2012-10-17"}, {"Statement", Json::array()}});
    }
    documents[index]["Statement"].push_back(Json::parse(step.document));
    return;
  }
  Json& statements = documents.at(index_of(step))["Statement"];
  ASSERT_EQ(statements.at(step.statement), Json::parse(step.document));
  ASSERT_FALSE(step.narrowed.empty());
  statements.erase(step.statement);
  for (const std::string& one : step.narrowed) statements.push_back(Json::parse(one));
}

World take_advice(World world, const Asked& asked, const std::vector<AdviceStep>& steps) {
  // The statements that go, from the last one on: the indexes of the others stay.
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (step->change == Change::kRemove) apply_step(world, asked, *step);
  }
  for (const AdviceStep& step : steps) {
    if (step.change == Change::kAdd) apply_step(world, asked, step);
  }
  return world;
}

TEST(AdviceProperty, AllowsTheRequestAndNothingElseThatWasDenied) {
  int denials = 0;
  int exact = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Dice dice(seed);
    const World before = make_world(dice);
    const Asked asked = random_request(dice);
    const Request request = request_of(asked);
    const PolicySet set = policies_for(before, asked);
    const auto verdict = evaluate(request, set);
    if (verdict.allowed()) continue;
    ++denials;
    const auto steps = advise(request, set, verdict);
    const World after = take_advice(before, asked, steps);
    EXPECT_TRUE(is_allowed(after, asked)) << seed;
    const bool says_more = std::any_of(steps.begin(), steps.end(), [](const AdviceStep& step) {
      return !step.narrowed_also_allows.empty();
    });
    exact += says_more ? 0 : 1;
    for (int i = 0; i < 200; ++i) {
      const Asked other = random_request(dice);
      const Request other_request = request_of(other);
      // A session shares the identity-based policies of its role or user: what frees one of them
      // frees the other.
      if (other.person->who == asked.person->who) {
        // The same caller, whom a statement about a pattern frees for more, as the advice says.
        if (says_more) continue;
        if (other.action == asked.action && other_request.resource == request.resource) continue;
      }
      if (is_allowed(before, other)) continue;
      ASSERT_FALSE(is_allowed(after, other))
          << seed << ": the advice for " << asked.person->arn << " " << asked.action << " "
          << request.resource << " also allows " << other.person->arn << " " << other.action << " "
          << other_request.resource;
    }
    // What was allowed stays allowed.
    for (int i = 0; i < 50; ++i) {
      const Asked other = random_request(dice);
      EXPECT_TRUE(!is_allowed(before, other) || is_allowed(after, other)) << seed;
    }
  }
  EXPECT_GT(denials, 75);
  EXPECT_GT(exact, 35);
}

// Trust policies: identities of several providers, and users of several accounts with their
// external ids.
TEST(AdviceProperty, ATrustPolicyLetsInTheOneWhoAskedAlone) {
  const std::vector<std::string> providers = {
      "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com",
      "arn:aws:iam::111111111111:oidc-provider/gitlab.example.com", "accounts.google.com"};
  const std::vector<std::string> subjects = {"repo:octo/app:ref:refs/heads/main",
                                             "repo:octo/app:ref:refs/heads/dev", "repo:*", "1"};
  const std::vector<std::string> audiences = {"sts.amazonaws.com", "other"};
  const std::vector<std::string> users = {"arn:aws:iam::111111111111:user/jane",
                                          "arn:aws:iam::222222222222:user/jane",
                                          "arn:aws:iam::222222222222:root"};
  const std::vector<std::string> external = {"", "a", "b*"};
  const auto draw = [&](Dice& dice) {
    Request request;
    request.resource = "arn:aws:iam::111111111111:role/ci";
    request.resource_account = kOwner;
    if (dice.one_in(2)) {
      const std::string provider = dice.of(providers);
      const std::string issuer = provider.substr(provider.rfind('/') + 1);
      request.action = "sts:AssumeRoleWithWebIdentity";
      request.context.set("aws:FederatedProvider", provider);
      request.context.set(issuer + ":sub", dice.of(subjects));
      request.context.set(issuer + ":aud", dice.of(audiences));
      return request;
    }
    const std::string user = dice.of(users);
    request.principal = *auth::iam::make_principal(user, "");
    request.action = "sts:AssumeRole";
    request.context.set("aws:PrincipalArn", user);
    const std::string id = dice.of(external);
    if (!id.empty()) request.context.set("sts:ExternalId", id);
    return request;
  };
  const auto text = [](const Request& request) {
    std::string all = request.principal.arn + " " + request.action;
    for (const auto& value : request.context.values()) all += " " + value.values.at(0);
    return all;
  };
  const auto set_with = [](const Json& trust) {
    PolicySet set;
    set.identity = {{*Policy::parse(allow_all().dump(), PolicyType::kAny), ""}};
    set.resource = {{*Policy::parse(trust.dump(), PolicyType::kTrust), ""}};
    return set;
  };
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Dice dice(seed);
    const Json nobody = {{"Effect", "Allow"},
                         {"Principal", {{"AWS", "arn:aws:iam::333333333333:user/x"}}},
                         {"Action", "sts:AssumeRole"}};
    Json trust = {{"Version", "2012-10-17"}, {"Statement", {nobody}}};
    const bool denied = seed % 2 == 0;
    if (denied) {
      trust["Statement"].push_back(
          {{"Sid", "No"}, {"Effect", "Deny"}, {"Principal", "*"}, {"Action", "sts:*"}});
    }
    const PolicySet before = set_with(trust);
    const Request request = draw(dice);
    const auto verdict = evaluate(request, before);
    // Users of the role's own account are allowed by their own policies.
    if (verdict.allowed()) continue;
    for (const AdviceStep& step : advise(request, before, verdict)) {
      if (step.change == Change::kAdd) {
        trust["Statement"].push_back(Json::parse(step.document));
        continue;
      }
      trust["Statement"].erase(step.statement);
      ASSERT_FALSE(step.narrowed.empty());
      for (const std::string& one : step.narrowed) trust["Statement"].push_back(Json::parse(one));
    }
    const PolicySet after = set_with(trust);
    EXPECT_TRUE(evaluate(request, after).allowed()) << trust;
    for (int i = 0; i < 200; ++i) {
      const Request other = draw(dice);
      // An external id is a password of the caller's, and one more or less is another request.
      if (text(other) == text(request) || evaluate(other, before).allowed()) continue;
      const bool same_user = !request.principal.arn.empty() &&
                             other.principal.arn == request.principal.arn &&
                             !request.context.find("sts:ExternalId");
      if (same_user) continue;
      EXPECT_FALSE(evaluate(other, after).allowed())
          << text(request) << " also lets in " << text(other) << ": " << trust;
    }
  }
}

}  // namespace
}  // namespace ecr::api::admin
