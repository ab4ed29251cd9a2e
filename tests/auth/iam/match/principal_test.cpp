// AWS IAM User Guide, "IAM JSON policy elements: Principal" and "NotPrincipal".
#include "auth/iam/match/principal.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/auth/iam/support.h"

namespace ecr::auth::iam::test {
namespace {

TEST(IamPrincipal, KindByForm) {
  const struct {
    std::string_view text;
    PrincipalKind kind;
    std::string_view account;
  } cases[] = {
      {"", PrincipalKind::kAnonymous, ""},
      {kRoot, PrincipalKind::kRoot, "111111111111"},
      {kUser, PrincipalKind::kUser, "111111111111"},
      {"arn:aws-cn:iam::111111111111:user/a/b/c", PrincipalKind::kUser, "111111111111"},
      {kSession, PrincipalKind::kRoleSession, "111111111111"},
      {kRole, PrincipalKind::kRoleSession, "111111111111"},
      {kFederated, PrincipalKind::kFederatedUser, "111111111111"},
      {"ecr.amazonaws.com", PrincipalKind::kService, ""},
  };
  for (const auto& c : cases) {
    const auto principal = make_principal(c.text, "");
    ASSERT_TRUE(principal) << c.text;
    EXPECT_EQ(principal->kind, c.kind) << c.text;
    EXPECT_EQ(principal->account, c.account) << c.text;
  }
  for (const char* text : {"jane", "*", "111111111111", "arn:aws:iam::1:user/jane",
                           "arn:aws:iam::111111111111:group/g", "arn:aws:iam::111111111111:user/",
                           "arn:aws:iam::111111111111:user/*",
                           "arn:aws:sts::111111111111:assumed-role/ci", "arn:aws:s3:::bucket"}) {
    EXPECT_FALSE(make_principal(text, "")) << text;
  }
}

TEST(IamPrincipal, SessionWithoutIssuerGetsTheRoleOfItsName) {
  EXPECT_EQ(make_principal(kSession, "")->issuer, "arn:aws:iam::111111111111:role/ci");
  EXPECT_EQ(make_principal(kSession, kRole)->issuer, kRole);
}

TEST(IamPrincipal, FormsInPolicies) {
  const struct {
    const char* type;
    const char* text;
    bool valid;
  } cases[] = {
      {"AWS", "*", true},
      {"AWS", "111111111111", true},
      {"AWS", "11111111111", false},
      {"AWS", "arn:aws:iam::111111111111:root", true},
      {"AWS", "arn:aws:iam::111111111111:user/path/jane", true},
      {"AWS", "arn:aws:iam::111111111111:role/ci", true},
      {"AWS", "arn:aws:sts::111111111111:assumed-role/ci/run1", true},
      {"AWS", "arn:aws:sts::111111111111:assumed-role/ci", false},
      {"AWS", "arn:aws:sts::111111111111:federated-user/fred", true},
      {"AWS", "arn:aws:iam::111111111111:*", false},
      {"AWS", "arn:aws:iam::111111111111:user/*", false},
      {"AWS", "arn:aws:iam::111111111111:group/g", false},
      {"AWS", "arn:aws:iam::*:root", false},
      {"AWS", "AIDAJANEJANEJANE1234", true},
      {"AWS", "AROACICICICICICI1234", true},
      {"AWS", "jane", false},
      {"Service", "ecr.amazonaws.com", true},
      {"Federated", "accounts.google.com", true},
      {"Federated", "arn:aws:iam::111111111111:saml-provider/p", true},
      {"CanonicalUser", "79a59df900b949e55d96a1e698fbaced", true},
      {"Group", "g", false},
      {"AWS", "", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(PrincipalEntry::parse(c.type, c.text).has_value(), c.valid) << c.type << c.text;
  }
}

TEST(IamPrincipal, UniqueIdMatchesOnlyTheEntityThatHasIt) {
  PrincipalSet set;
  set.add(*PrincipalEntry::parse("AWS", "AIDAJANEJANEJANE1234"));
  Principal user = request(kUser).principal;
  EXPECT_EQ(set.names(user, {}), Named::kNot);
  user.unique_id = "AIDAJANEJANEJANE1234";
  EXPECT_EQ(set.names(user, {}), Named::kDirectly);
  user.unique_id = "AIDAJANEJANEJANE5678";  // the user was deleted and made anew
  EXPECT_EQ(set.names(user, {}), Named::kNot);

  PrincipalSet roles;
  roles.add(*PrincipalEntry::parse("AWS", "AROACICICICICICI1234"));
  Principal session = request(kSession).principal;
  session.unique_id = "AROACICICICICICI1234";
  EXPECT_EQ(roles.names(session, {}), Named::kIssuer);
}

// One statement {Effect, NotPrincipal, Action *}: does it apply to the caller?
bool not_principal_applies(std::string_view effect, const std::string& listed,
                           std::string_view caller, bool boundary = false) {
  PolicySet set;
  std::string document = resource_policy(effect, listed);
  document.replace(document.find("Principal"), 9, "NotPrincipal");
  set.resource = {attached(document)};
  if (boundary) set.boundaries = {attached(kAllowAll)};
  return evaluate(request(caller), set).trace[0].outcome == Outcome::kMatched;
}

TEST(IamPrincipal, NotPrincipalWithDenyExemptsWhoIsListedInFull) {
  const std::string user = R"("arn:aws:iam::111111111111:user/jane")";
  const std::string account = R"("111111111111")";
  const std::string role = R"("arn:aws:iam::111111111111:role/path/ci")";
  const std::string session = R"("arn:aws:sts::111111111111:assumed-role/ci/run1")";
  const auto list = [](const std::string& items) { return R"({"AWS":[)" + items + "]}"; };
  EXPECT_FALSE(not_principal_applies("Deny", list(user + "," + account), kUser));
  EXPECT_TRUE(not_principal_applies("Deny", list(user + "," + account), kForeigner));
  EXPECT_TRUE(not_principal_applies("Deny", list(user + "," + account), kSession));
  EXPECT_TRUE(not_principal_applies("Deny", list(user + "," + account), ""));
  EXPECT_TRUE(not_principal_applies("Deny", list(account), kUser));
  EXPECT_FALSE(not_principal_applies("Deny", list(account), kRoot));
  EXPECT_FALSE(not_principal_applies("Deny", list(session + "," + role + "," + account), kSession));
  EXPECT_TRUE(not_principal_applies("Deny", list(role + "," + account), kSession));
  EXPECT_TRUE(not_principal_applies("Deny", list(session + "," + account), kSession));
  EXPECT_FALSE(not_principal_applies("Deny", "\"*\"", kUser));
  EXPECT_FALSE(
      not_principal_applies("Deny", R"({"Service":"ecr.amazonaws.com"})", "ecr.amazonaws.com"));
}

TEST(IamPrincipal, NotPrincipalWithDenyAlwaysAppliesWithABoundary) {
  const std::string all = R"({"AWS":["arn:aws:iam::111111111111:user/jane","111111111111"]})";
  EXPECT_FALSE(not_principal_applies("Deny", all, kUser));
  EXPECT_TRUE(not_principal_applies("Deny", all, kUser, true));
}

TEST(IamPrincipal, NotPrincipalWithAllow) {
  const std::string user = R"({"AWS":"arn:aws:iam::111111111111:user/jane"})";
  EXPECT_FALSE(not_principal_applies("Allow", user, kUser));
  EXPECT_TRUE(not_principal_applies("Allow", user, kForeigner));
  EXPECT_TRUE(not_principal_applies("Allow", user, ""));
}

TEST(IamPrincipal, ArnsNamedByAPolicy) {
  const auto p = policy(R"({"Statement":[
    {"Effect":"Allow","Principal":{"AWS":["111111111111","arn:aws:iam::111111111111:user/jane"]},
     "Action":"ecr:*"},
    {"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::111111111111:user/jane",
      "arn:aws:iam::111111111111:role/ci"],"Service":"x.amazonaws.com"},"Action":"ecr:*"}]})",
                        PolicyType::kRepository);
  EXPECT_EQ(p->principal_arns(), (std::vector<std::string>{"arn:aws:iam::111111111111:user/jane",
                                                           "arn:aws:iam::111111111111:role/ci"}));
}

}  // namespace
}  // namespace ecr::auth::iam::test
