// Decisions. Source: AWS IAM User Guide, "Policy evaluation for requests within a single account"
// and "Cross-account policy evaluation logic", row by row.
#include <string>

#include <gtest/gtest.h>

#include "auth/iam/evaluate.h"
#include "tests/auth/iam/support.h"

namespace ecr::auth::iam::test {
namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }
std::string aws(std::string_view text) { return "{\"AWS\":" + quoted(text) + "}"; }

// Which of the other policies do not allow.
struct Missing {
  bool identity = false;
  bool boundary = false;
  bool session = false;
};

Verdict with_resource_policy(std::string_view caller, const std::string& principal,
                             const Missing& missing, std::string_view condition = "") {
  PolicySet set;
  if (!missing.identity) set.identity.push_back(attached(kAllowAll));
  if (missing.boundary) set.boundaries.push_back(attached(kAllowNothing));
  if (missing.session) set.session.push_back(attached(kAllowNothing));
  std::string document = resource_policy("Allow", principal);
  if (!condition.empty()) {
    document.insert(document.size() - 2, ",\"Condition\":" + std::string(condition));
  }
  set.resource.push_back(attached(document));
  Request r = request(caller);
  r.context.set("aws:PrincipalArn", caller == kSession ? kRole : caller);
  return evaluate(r, set);
}

struct CallerCase {
  const char* name;
  std::string_view caller;
  std::string principal;
  Missing missing;
  Decision decision;
  DecidedBy decided_by;
};

constexpr auto kAllowed = Decision::kAllowed;
constexpr auto kDenied = Decision::kImplicitlyDenied;

TEST(IamEvaluate, ResourcePolicyInOneAccountByCaller) {
  const Missing all{true, true, true};
  const Missing no_identity{true, false, false};
  const CallerCase cases[] = {
      {"role ARN, nothing limits", kSession, aws(kRole), no_identity, kAllowed,
       DecidedBy::kResource},
      {"role ARN, boundary",
       kSession,
       aws(kRole),
       {true, true, false},
       kDenied,
       DecidedBy::kBoundary},
      {"role ARN, session",
       kSession,
       aws(kRole),
       {true, false, true},
       kDenied,
       DecidedBy::kSession},
      {"role ARN, boundary though identity allows",
       kSession,
       aws(kRole),
       {false, true, false},
       kDenied,
       DecidedBy::kBoundary},
      {"session ARN", kSession, aws(kSession), all, kAllowed, DecidedBy::kResource},
      {"another session's ARN", kSession, aws("arn:aws:sts::111111111111:assumed-role/ci/run2"),
       all, kDenied, DecidedBy::kIdentity},
      {"user ARN", kUser, aws(kUser), {true, true, false}, kAllowed, DecidedBy::kResource},
      {"another user's ARN", kUser, aws("arn:aws:iam::111111111111:user/Jane"), all, kDenied,
       DecidedBy::kIdentity},
      {"federated by issuing user, boundary",
       kFederated,
       aws(kUser),
       {true, true, false},
       kDenied,
       DecidedBy::kBoundary},
      {"federated by issuing user, session",
       kFederated,
       aws(kUser),
       {true, false, true},
       kDenied,
       DecidedBy::kSession},
      {"federated by issuing user, no session policy", kFederated, aws(kUser), no_identity, kDenied,
       DecidedBy::kSession},
      {"federated session ARN", kFederated, aws(kFederated), all, kAllowed, DecidedBy::kResource},
      {"federated by *", kFederated, "\"*\"", all, kDenied, DecidedBy::kBoundary},
      {"root by root ARN", kRoot, aws(kRoot), no_identity, kAllowed, DecidedBy::kResource},
      {"root by account id", kRoot, aws("111111111111"), no_identity, kAllowed,
       DecidedBy::kResource},
      {"service", "ecr.amazonaws.com", R"({"Service":"ecr.amazonaws.com"})", no_identity, kAllowed,
       DecidedBy::kResource},
      {"another service", "ecr.amazonaws.com", R"({"Service":"ec2.amazonaws.com"})", no_identity,
       kDenied, DecidedBy::kResource},
      {"user by *", kUser, "\"*\"", {true, true, false}, kAllowed, DecidedBy::kResource},
      {"user by AWS *", kUser, aws("*"), {true, true, false}, kAllowed, DecidedBy::kResource},
      {"session by *", kSession, "\"*\"", all, kAllowed, DecidedBy::kResource},
      {"user by account id", kUser, aws("111111111111"), no_identity, kDenied,
       DecidedBy::kIdentity},
      {"session by root ARN", kSession, aws(kRoot), no_identity, kDenied, DecidedBy::kIdentity},
      {"account id only delegates",
       kUser,
       aws("111111111111"),
       {false, true, false},
       kDenied,
       DecidedBy::kBoundary},
      {"account id and identity policy",
       kUser,
       aws("111111111111"),
       {},
       kAllowed,
       DecidedBy::kIdentity},
      {"anonymous by *", "", "\"*\"", all, kAllowed, DecidedBy::kResource},
      {"anonymous by account", "", aws("111111111111"), all, kDenied, DecidedBy::kResource},
  };
  for (const CallerCase& c : cases) {
    const Verdict verdict = with_resource_policy(c.caller, c.principal, c.missing);
    EXPECT_EQ(verdict.decision, c.decision) << c.name;
    EXPECT_EQ(verdict.decided_by, c.decided_by) << c.name;
  }
}

TEST(IamEvaluate, EveryoneWithPrincipalArnConditionIsNotLimited) {
  for (const std::string_view caller : {kUser, kSession}) {
    const std::string arn = quoted(caller == kSession ? kRole : caller);
    EXPECT_TRUE(with_resource_policy(caller, "\"*\"", {true, true, true},
                                     R"({"ArnEquals":{"aws:PrincipalArn":)" + arn + "}}")
                    .allowed());
  }
}

TEST(IamEvaluate, ExplicitDenyInAnyKindOfPolicyTrumpsEverything) {
  const auto deny = attached(kDenyAll);
  const auto resource_deny = attached(resource_policy("Deny", "\"*\""));
  const auto allowing = [&] {
    PolicySet set;
    set.identity = set.boundaries = set.session = {attached(kAllowAll)};
    set.resource = {attached(resource_policy("Allow", aws(kSession)))};
    set.scps = {{attached(kAllowAll)}, {attached(kAllowAll)}};
    set.rcps = {{attached(resource_policy("Allow", "\"*\""))}};
    return set;
  };
  ASSERT_TRUE(evaluate(request(kSession), allowing()).allowed());
  // Adding them from the last to the first: each takes over the report.
  PolicySet set = allowing();
  const auto expect = [&](DecidedBy decided_by) {
    const Verdict verdict = evaluate(request(kSession), set);
    EXPECT_EQ(verdict.decision, Decision::kExplicitlyDenied);
    EXPECT_EQ(verdict.decided_by, decided_by);
    EXPECT_NE(verdict.policy, nullptr);
  };
  set.endpoint.push_back(resource_deny);
  expect(DecidedBy::kEndpoint);
  set.scope_down.push_back(deny);
  expect(DecidedBy::kScopeDown);
  set.session.push_back(deny);
  expect(DecidedBy::kSession);
  set.boundaries.push_back(deny);
  expect(DecidedBy::kBoundary);
  set.identity.push_back(deny);
  expect(DecidedBy::kIdentity);
  set.resource.push_back(resource_deny);
  expect(DecidedBy::kResource);
  set.rcps[0].push_back(resource_deny);
  expect(DecidedBy::kRcp);
  set.scps[1].push_back(deny);
  expect(DecidedBy::kScp);
}

TEST(IamEvaluate, ServiceControlPoliciesAllowAtEveryLevel) {
  PolicySet set;
  set.identity = {attached(kAllowAll)};
  set.scps = {{attached(kAllowAll)}, {attached(kAllowNothing), attached(kAllowAll)}};
  EXPECT_TRUE(evaluate(request(kUser), set).allowed());
  EXPECT_TRUE(evaluate(request(kRoot), set).allowed());
  for (const auto& level : {attached_all({kAllowNothing}), attached_all({})}) {
    set.scps[1] = level;
    for (const std::string_view caller : {kUser, kRoot, kSession}) {
      const Verdict verdict = evaluate(request(caller), set);
      EXPECT_EQ(verdict.decision, Decision::kImplicitlyDenied) << caller;
      EXPECT_EQ(verdict.decided_by, DecidedBy::kScp) << caller;
    }
  }
  // Even a resource-based policy that names the user cannot lift it.
  set.resource = {attached(resource_policy("Allow", aws(kUser)))};
  EXPECT_EQ(evaluate(request(kUser), set).decided_by, DecidedBy::kScp);
}

TEST(IamEvaluate, ServiceControlPoliciesDoNotGrant) {
  PolicySet set;
  set.scps = {{attached(kAllowAll)}};
  EXPECT_EQ(evaluate(request(kUser), set).decided_by, DecidedBy::kIdentity);
}

TEST(IamEvaluate, ResourceControlPoliciesAllowAtEveryLevel) {
  const auto full = attached(resource_policy("Allow", "\"*\""));
  PolicySet set;
  set.identity = {attached(kAllowAll)};
  set.rcps = {{full}, {full, attached(resource_policy("Deny", "\"*\"", "ecr:Delete*"))}};
  EXPECT_TRUE(evaluate(request(kUser), set).allowed());
  EXPECT_EQ(evaluate(request(kUser, "ecr:DeleteRepository"), set).decided_by, DecidedBy::kRcp);
  set.rcps[1] = {};
  EXPECT_EQ(evaluate(request(kUser), set).decided_by, DecidedBy::kRcp);
  EXPECT_EQ(evaluate(request(kUser), set).decision, Decision::kImplicitlyDenied);
}

TEST(IamEvaluate, ServicesWithoutResourceControlPolicies) {
  PolicySet set;
  set.identity = {attached(kAllowAll)};
  set.rcps = {{attached(resource_policy("Deny", "\"*\""))}};
  for (const char* action :
       {"iam:CreateUser", "IAM:CreateUser", "organizations:ListRoots", "signer:SignPayload"}) {
    EXPECT_TRUE(evaluate(request(kUser, action, "*"), set).allowed()) << action;
  }
  for (const char* action : {"ecr:DescribeRegistry", "sts:GetAccessKeyInfo", "s3:ListBucket"}) {
    EXPECT_FALSE(evaluate(request(kUser, action, "*"), set).allowed()) << action;
  }
}

TEST(IamEvaluate, ServicesAndServiceLinkedRolesAreExempt) {
  PolicySet set;
  set.identity = {attached(kAllowAll)};
  set.scps = {{attached(kDenyAll)}};
  set.rcps = {{attached(resource_policy("Deny", "\"*\""))}};
  Request r = request(kSession);
  r.principal.issuer =
      "arn:aws:iam::111111111111:role/aws-service-role/replication.ecr.amazonaws.com/X";
  EXPECT_TRUE(evaluate(r, set).allowed());
  // A service is exempt from SCPs only.
  set.resource = {attached(resource_policy("Allow", "\"*\""))};
  EXPECT_EQ(evaluate(request("ecr.amazonaws.com"), set).decided_by, DecidedBy::kRcp);
  set.rcps.clear();
  EXPECT_TRUE(evaluate(request("ecr.amazonaws.com"), set).allowed());
}

TEST(IamEvaluate, IdentityBoundaryAndSessionIntersect) {
  const struct {
    Missing missing;
    Decision decision;
    DecidedBy decided_by;
  } cases[] = {
      {{false, false, false}, kAllowed, DecidedBy::kIdentity},
      {{true, false, false}, kDenied, DecidedBy::kIdentity},
      {{false, true, false}, kDenied, DecidedBy::kBoundary},
      {{false, false, true}, kDenied, DecidedBy::kSession},
      {{true, true, true}, kDenied, DecidedBy::kIdentity},
      {{false, true, true}, kDenied, DecidedBy::kBoundary},
  };
  for (const auto& c : cases) {
    PolicySet set;
    set.identity = {attached(c.missing.identity ? kAllowNothing : kAllowAll)};
    set.boundaries = {attached(c.missing.boundary ? kAllowNothing : kAllowAll)};
    set.session = {attached(c.missing.session ? kAllowNothing : kAllowAll)};
    const Verdict verdict = evaluate(request(kSession), set);
    EXPECT_EQ(verdict.decision, c.decision);
    EXPECT_EQ(verdict.decided_by, c.decided_by);
  }
}

TEST(IamEvaluate, SessionPoliciesAreAUnionAndBoundariesAnIntersection) {
  PolicySet set;
  set.identity = {attached(kAllowAll)};
  set.session = attached_all({kAllowNothing, kAllowAll});
  EXPECT_TRUE(evaluate(request(kSession), set).allowed());
  set.boundaries = attached_all({kAllowAll, kAllowNothing});
  EXPECT_EQ(evaluate(request(kSession), set).decided_by, DecidedBy::kBoundary);
}

TEST(IamEvaluate, ScopeDownPoliciesLimitWhateverAllows) {
  PolicySet set;
  set.identity = {attached(kAllowAll)};
  set.scope_down = attached_all({kAllowAll, kAllowAll});
  EXPECT_TRUE(evaluate(request(kSession), set).allowed());
  set.scope_down = attached_all({kAllowAll, kAllowNothing});
  for (const std::string& names :
       {std::string(), aws(kSession), aws(kRole), std::string("\"*\"")}) {
    if (!names.empty()) set.resource = {attached(resource_policy("Allow", names))};
    const Verdict verdict = evaluate(request(kSession), set);
    EXPECT_EQ(verdict.decision, Decision::kImplicitlyDenied) << names;
    EXPECT_EQ(verdict.decided_by, DecidedBy::kScopeDown) << names;
    EXPECT_EQ(verdict.policy, nullptr) << names;
    EXPECT_TRUE(verdict.source.empty()) << names;
  }
  // They grant nothing.
  set = {};
  set.scope_down = {attached(kAllowAll)};
  EXPECT_EQ(evaluate(request(kSession), set).decided_by, DecidedBy::kIdentity);
}

TEST(IamEvaluate, AStatementOfAScopeDownPolicyIsInTheTrace) {
  PolicySet set;
  set.identity = {attached(kAllowAll)};
  set.scope_down = attached_all({kAllowAll, kAllowNothing});
  const Verdict verdict = evaluate(request(kSession), set);
  ASSERT_EQ(verdict.trace.size(), 3U);
  EXPECT_EQ(verdict.trace[1].type, DecidedBy::kScopeDown);
  EXPECT_EQ(verdict.trace[2].policy, 1);
  EXPECT_NE(verdict.trace[2].outcome, Outcome::kMatched);
}

TEST(IamEvaluate, EndpointPolicyLimitsWhateverAllows) {
  const auto endpoint = [](std::string_view effect, const std::string& principal) {
    std::string text = R"({"Statement":[{"Effect":")";
    text += effect;
    text += R"(","Principal":)" + principal + R"(,"Action":"ecr:*","Resource":"*"}]})";
    return std::vector<AttachedPolicy>{attached(text)};
  };
  const std::string everybody = "\"*\"";
  PolicySet set;
  set.identity = {attached(kAllowAll)};
  for (const std::string& names : {everybody, aws(kSession), aws(kRole), aws("111111111111")}) {
    set.endpoint = endpoint("Allow", names);
    EXPECT_TRUE(evaluate(request(kSession), set).allowed()) << names;
  }
  set.endpoint = endpoint("Allow", aws("arn:aws:iam::111111111111:user/somebody"));
  for (const std::string& names : {std::string(), aws(kSession), everybody}) {
    if (!names.empty()) set.resource = {attached(resource_policy("Allow", names))};
    const Verdict verdict = evaluate(request(kSession), set);
    EXPECT_EQ(verdict.decision, Decision::kImplicitlyDenied) << names;
    EXPECT_EQ(verdict.decided_by, DecidedBy::kEndpoint) << names;
    EXPECT_EQ(verdict.policy, nullptr) << names;
  }
  set.endpoint = endpoint("Deny", everybody);
  EXPECT_EQ(evaluate(request(kSession), set).decision, Decision::kExplicitlyDenied);
  // It grants nothing.
  set = {};
  set.endpoint = endpoint("Allow", everybody);
  EXPECT_EQ(evaluate(request(kSession), set).decided_by, DecidedBy::kIdentity);
}

TEST(IamEvaluate, WhatAPolicyMayAllow) {
  const auto policy = attached(
      R"({"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"},
      {"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"ecr:Batch*",
       "Resource":"arn:aws:ecr:*:*:repository/a","Condition":{"Bool":{"aws:SecureTransport":true}}}]})");
  EXPECT_TRUE(may_allow(*policy.policy, "ecr:BatchGetImage", ""));
  EXPECT_TRUE(may_allow(*policy.policy, "ecr:BatchGetImage",
                        "arn:aws:ecr:us-east-1:111111111111:repository/a"));
  EXPECT_FALSE(may_allow(*policy.policy, "ecr:BatchGetImage",
                         "arn:aws:ecr:us-east-1:111111111111:repository/b"));
  EXPECT_FALSE(may_allow(*policy.policy, "ecr:PutImage", ""));
}

TEST(IamEvaluate, FederatedUserWithoutSessionPolicyHasNoPermissions) {
  PolicySet set;
  set.identity = {attached(kAllowAll)};
  EXPECT_EQ(evaluate(request(kFederated), set).decided_by, DecidedBy::kSession);
  set.session = {attached(kAllowAll)};
  EXPECT_TRUE(evaluate(request(kFederated), set).allowed());
}

TEST(IamEvaluate, CrossAccountNeedsBothHalves) {
  const std::string names_it = aws(kForeigner);
  const struct {
    std::string principal;  // empty: no resource policy
    Missing missing;
    Decision decision;
    DecidedBy decided_by;
  } cases[] = {
      {names_it, {}, kAllowed, DecidedBy::kResource},
      {aws("222222222222"), {}, kAllowed, DecidedBy::kResource},
      {"\"*\"", {}, kAllowed, DecidedBy::kResource},
      {"", {}, kDenied, DecidedBy::kResource},
      {aws("111111111111"), {}, kDenied, DecidedBy::kResource},
      {"", {true, true, true}, kDenied, DecidedBy::kResource},
      {names_it, {true, false, false}, kDenied, DecidedBy::kIdentity},
      {names_it, {false, true, false}, kDenied, DecidedBy::kBoundary},
      {names_it, {false, false, true}, kDenied, DecidedBy::kSession},
  };
  for (const auto& c : cases) {
    PolicySet set;
    if (!c.missing.identity) set.identity = {attached(kAllowAll)};
    if (c.missing.boundary) set.boundaries = {attached(kAllowNothing)};
    if (c.missing.session) set.session = {attached(kAllowNothing)};
    if (!c.principal.empty()) set.resource = {attached(resource_policy("Allow", c.principal))};
    const Verdict verdict = evaluate(request(kForeigner), set);
    EXPECT_EQ(verdict.decision, c.decision) << c.principal;
    EXPECT_EQ(verdict.decided_by, c.decided_by) << c.principal;
  }
}

TEST(IamEvaluate, CrossAccountSessionArnIsNoShortcut) {
  PolicySet set;
  set.resource = {attached(resource_policy("Allow", aws(kSession)))};
  Request r = request(kSession);
  r.resource_account = "222222222222";
  EXPECT_EQ(evaluate(r, set).decided_by, DecidedBy::kIdentity);
  set.identity = {attached(kAllowAll)};
  EXPECT_TRUE(evaluate(r, set).allowed());
}

TEST(IamEvaluate, RootOfAnotherAccountNeedsTheResourcePolicy) {
  PolicySet set;
  set.identity = {attached(kAllowAll)};
  Request r = request(kRoot);
  EXPECT_TRUE(evaluate(r, set).allowed());
  r.resource_account = "222222222222";
  EXPECT_FALSE(evaluate(r, set).allowed());
}

TEST(IamEvaluate, TagsOfAFederatedUserNeedNoTrustPolicy) {
  PolicySet set;
  const Request r = request(kUser, "sts:TagSession", kFederated);
  EXPECT_EQ(evaluate(r, set).decided_by, DecidedBy::kIdentity);
  set.identity = {attached(kAllowAll)};
  EXPECT_TRUE(evaluate(r, set).allowed());
}

TEST(IamEvaluate, AssumeRoleNeedsTheTrustPolicyEvenInOneAccount) {
  for (const char* action : {"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}) {
    PolicySet set;
    const Request r = request(kUser, action, kRole);
    set.identity = {attached(kAllowAll)};
    EXPECT_EQ(evaluate(r, set).decided_by, DecidedBy::kResource) << action;
    // The account only delegates.
    set.resource = {attached(resource_policy("Allow", aws(kRoot), "sts:*"))};
    EXPECT_TRUE(evaluate(r, set).allowed()) << action;
    set.identity.clear();
    EXPECT_EQ(evaluate(r, set).decided_by, DecidedBy::kIdentity) << action;
    // The user itself is enough.
    set.resource = {attached(resource_policy("Allow", aws(kUser), "sts:*"))};
    EXPECT_TRUE(evaluate(r, set).allowed()) << action;
    set.identity = {attached(kDenyAll)};
    EXPECT_EQ(evaluate(r, set).decision, Decision::kExplicitlyDenied) << action;
  }
}

TEST(IamEvaluate, WebIdentityIsAnonymousWithAProvider) {
  PolicySet set;
  set.resource = {attached(resource_policy("Allow", R"({"Federated":"accounts.google.com"})",
                                           "sts:AssumeRoleWithWebIdentity"))};
  Request r = request("", "sts:AssumeRoleWithWebIdentity", kRole);
  EXPECT_FALSE(evaluate(r, set).allowed());
  r.context.set("aws:FederatedProvider", "accounts.google.com");
  EXPECT_TRUE(evaluate(r, set).allowed());
}

TEST(IamEvaluate, CallerIdentityAndSessionTokenCannotBeDenied) {
  PolicySet set;
  set.identity = {attached(kDenyAll)};
  set.scps = {{attached(kDenyAll)}};
  for (const char* action :
       {"sts:GetCallerIdentity", "STS:getcalleridentity", "sts:GetSessionToken"}) {
    EXPECT_TRUE(evaluate(request(kUser, action, "*"), set).allowed()) << action;
    EXPECT_FALSE(evaluate(request("", action, "*"), set).allowed()) << action;
  }
}

TEST(IamEvaluate, WildcardOnlyActionNeedsAStar) {
  const Request r = request(kUser, "ecr:GetAuthorizationToken", "*");
  EXPECT_TRUE(allows(R"("Action":"ecr:GetAuthorizationToken","Resource":"*")", r));
  EXPECT_FALSE(allows(
      R"("Action":"ecr:GetAuthorizationToken","Resource":"arn:aws:ecr:*:*:repository/*")", r));
}

TEST(IamEvaluate, RepositoryPolicyOrIdentityPolicyIsEnoughInOneAccount) {
  PolicySet set;
  set.resource = {attached(resource_policy("Allow", aws(kUser), "ecr:PutImage"))};
  EXPECT_TRUE(evaluate(request(kUser), set).allowed());
  set = {};
  set.identity = {attached(kAllowAll)};
  EXPECT_TRUE(evaluate(request(kUser), set).allowed());
  set.resource = {attached(resource_policy("Deny", aws(kUser), "ecr:PutImage"))};
  EXPECT_EQ(evaluate(request(kUser), set).decided_by, DecidedBy::kResource);
}

TEST(IamEvaluate, RepositoryAndRegistryPoliciesAreOneSet) {
  PolicySet set;
  set.resource = attached_all({resource_policy("Allow", "\"*\"", "ecr:PutImage"),
                               resource_policy("Allow", "\"*\"", "ecr:BatchGetImage")});
  EXPECT_TRUE(evaluate(request(kUser, "ecr:PutImage"), set).allowed());
  EXPECT_TRUE(evaluate(request(kUser, "ecr:BatchGetImage"), set).allowed());
  set.resource.push_back(attached(resource_policy("Deny", "\"*\"", "ecr:PutImage")));
  EXPECT_FALSE(evaluate(request(kUser, "ecr:PutImage"), set).allowed());
}

}  // namespace
}  // namespace ecr::auth::iam::test
