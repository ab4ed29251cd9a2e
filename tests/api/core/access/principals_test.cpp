// Every kind of principal that a seed can make, and what limits it.

#include "schemas/base/text.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kArn = "arn:aws:ecr:us-east-1:111122223333:repository/app";

class Principals : public ApiTest {
 protected:
  Principals() {
    keys = {"111122223333", "test"};
    call("CreateRepository", {{"repositoryName", "app"}});
  }

  void seed(const Json& account, const Json& organization = nullptr) {
    Json document = {{"accounts", {{"111122223333", account}}}};
    if (!organization.is_null()) document["organization"] = organization;
    const auto response =
        admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, document.dump()));
    ASSERT_EQ(response.status, 200) << body_of(response);
  }
  // A signed ListImages with temporary credentials.
  HttpResponse list_images(const std::string& session_token = {}) {
    HttpRequest request =
        signed_request("ListImages", R"({"repositoryName":"app"})", session_token);
    return control.handle(request);
  }
  std::string denial(const HttpResponse& response) {
    return Json::parse(body_of(response)).value("message", "");
  }
};

const Json kKey = {{"accessKeyId", "AKIASEEDEDUSERKEY001"}, {"secretAccessKey", "seeded-secret"}};
const Json kList = policy("Allow", "ecr:ListImages", kArn);

Json session(const Json& more) {
  Json json = {{"accessKeyId", "ASIASEEDEDSESSION001"},
               {"secretAccessKey", "seeded-secret"},
               {"sessionToken", "token"},
               {"name", "build"}};
  json.update(more);
  return json;
}
const Keys kSession{"ASIASEEDEDSESSION001", "seeded-secret"};

TEST_F(Principals, GroupsGiveTheirMembersWhatTheyHave) {
  seed({{"groups", {{{"name", "devs"}, {"policies", {{"list", kList}}}}}},
        {"users", {{{"name", "jane"}, {"groups", {"devs"}}, {"accessKeys", {kKey}}}}}});
  keys = kSeededKeys;
  EXPECT_EQ(list_images().status, 200);
  seed({{"users", {{{"name", "jane"}, {"accessKeys", {kKey}}}}}});
  EXPECT_EQ(list_images().status, 400);
}

TEST_F(Principals, ManagedPoliciesAndBoundaries) {
  const Json documents = {{{"name", "list"}, {"document", kList}},
                          {{"name", "limit"}, {"document", policy("Allow", "sts:*", "*")}}};
  seed({{"managedPolicies", documents},
        {"users", {{{"name", "jane"}, {"attachedPolicies", {"list"}}, {"accessKeys", {kKey}}}}}});
  keys = kSeededKeys;
  EXPECT_EQ(list_images().status, 200);
  seed({{"managedPolicies", documents},
        {"users",
         {{{"name", "jane"},
           {"attachedPolicies", {"list"}},
           {"boundary", "limit"},
           {"accessKeys", {kKey}}}}}});
  EXPECT_EQ(
      denial(list_images()),
      base::format("User: arn:aws:iam::111122223333:user/jane is not authorized to perform: "
                   "ecr:ListImages on resource: {} because no permissions boundary allows the "
                   "ecr:ListImages action",
                   kArn));
}

TEST_F(Principals, ARoleSessionIsItsRoleWithinItsSessionPolicies) {
  const Json roles = {{{"name", "ci"}, {"path", "/build/"}, {"policies", {{"list", kList}}}}};
  seed({{"roles", roles}, {"sessions", {session({{"role", "ci"}})}}});
  keys = kSession;
  EXPECT_EQ(list_images("token").status, 200);
  seed({{"roles", roles},
        {"sessions", {session({{"role", "ci"}, {"policies", {policy("Allow", "sts:*", "*")}}})}}});
  EXPECT_EQ(
      denial(list_images("token")),
      base::format("User: arn:aws:sts::111122223333:assumed-role/ci/build is not authorized to "
                   "perform: ecr:ListImages on resource: {} because no session policy allows "
                   "the ecr:ListImages action",
                   kArn));
}

TEST_F(Principals, TemporaryCredentialsNeedTheirTokenAndEnd) {
  seed({{"roles", {{{"name", "ci"}, {"policies", {{"list", kList}}}}}},
        {"sessions", {session({{"role", "ci"}, {"expires", "2023-11-14T23:00:00Z"}})}}});
  keys = kSession;
  EXPECT_EQ(list_images("token").status, 200);
  for (const char* wrong : {"", "other"}) {
    EXPECT_EQ(Json::parse(body_of(list_images(wrong)))["__type"], "UnrecognizedClientException");
  }
  clock.time += std::chrono::hours(1);
  EXPECT_EQ(Json::parse(body_of(list_images("token")))["__type"], "ExpiredTokenException");
}

TEST_F(Principals, AFederatedUserHasNothingWithoutASessionPolicy) {
  const Json users = {{{"name", "jane"}, {"policies", {{"list", kList}}}}};
  seed({{"users", users}, {"sessions", {session({{"federatedBy", "jane"}})}}});
  keys = kSession;
  EXPECT_EQ(list_images("token").status, 400);
  seed({{"users", users},
        {"sessions", {session({{"federatedBy", "jane"}, {"policies", {kList}}})}}});
  EXPECT_EQ(list_images("token").status, 200);
}

TEST_F(Principals, SessionTagsWinOverTheRolesTags) {
  Json by_tag = kList;
  by_tag["Statement"][0]["Condition"] = {{"StringEquals", {{"aws:PrincipalTag/team", "a"}}}};
  const Json roles = {
      {{"name", "ci"}, {"tags", {{"Team", "b"}}}, {"policies", {{"list", by_tag}}}}};
  seed({{"roles", roles}, {"sessions", {session({{"role", "ci"}})}}});
  keys = kSession;
  EXPECT_EQ(list_images("token").status, 400);
  seed({{"roles", roles}, {"sessions", {session({{"role", "ci"}, {"tags", {{"team", "a"}}}})}}});
  EXPECT_EQ(list_images("token").status, 200);
}

TEST_F(Principals, TheSecondFactorAgesAndIsAbsentWithoutOne) {
  Json fresh = kList;
  fresh["Statement"][0]["Condition"] = {{"NumericLessThan", {{"aws:MultiFactorAuthAge", "600"}}}};
  const Json roles = {{{"name", "ci"}, {"policies", {{"list", fresh}}}}};
  const Json users = {{{"name", "jane"}, {"policies", {{"list", fresh}}}}};
  for (const char* owner : {"role", "user"}) {
    const std::string name = owner == std::string("role") ? "ci" : "jane";
    for (const bool mfa : {false, true}) {
      seed({{"roles", roles},
            {"users", users},
            {"sessions", {session({{owner, name}, {"mfa", mfa}})}}});
      keys = kSession;
      EXPECT_EQ(list_images("token").status, mfa ? 200 : 400) << owner;
    }
    clock.time += std::chrono::seconds(599);
    EXPECT_EQ(list_images("token").status, 200) << owner;
    clock.time += std::chrono::seconds(1);
    EXPECT_EQ(list_images("token").status, 400) << owner;
  }
}

TEST_F(Principals, ServiceControlPoliciesBindEvenTheRootUser) {
  const Json deny = {{"id", "p-1"},
                     {"type", "SERVICE_CONTROL_POLICY"},
                     {"document", policy("Deny", "ecr:ListImages", "*")}};
  const auto organization = [&](const Json& account, const std::string& management) {
    return Json{{"id", "o-1"},
                {"managementAccount", management},
                {"policies", {deny}},
                {"accounts", {{"111122223333", account}}}};
  };
  seed(Json::object(), organization(Json::object(), "999999999999"));
  EXPECT_EQ(list_images().status, 200);
  seed(Json::object(), organization({{"policies", {"p-1"}}}, "999999999999"));
  EXPECT_EQ(
      denial(list_images()),
      base::format("User: arn:aws:iam::111122223333:root is not authorized to perform: "
                   "ecr:ListImages on resource: {} with an explicit deny in a service control "
                   "policy",
                   kArn));
  seed(Json::object(), organization({{"fullAccess", false}}, "999999999999"));
  EXPECT_EQ(list_images().status, 400);
  seed(Json::object(), organization({{"policies", {"p-1"}}}, "111122223333"));
  EXPECT_EQ(list_images().status, 200);  // the management account is exempt
}

TEST_F(Principals, PathsThroughTheOrganization) {
  const auto condition = [&](const char* op, const char* key, const char* pattern) {
    Json document = kList;
    document["Statement"][0]["Condition"] = {{op, {{key, pattern}}}};
    seed({{"users",
           {{{"name", "jane"}, {"accessKeys", {kKey}}, {"policies", {{"list", document}}}}}}},
         {{"id", "o-1"},
          {"managementAccount", "999999999999"},
          {"units", {{{"id", "ou-a"}}, {{"id", "ou-b"}, {"parent", "ou-a"}}}},
          {"accounts", {{"111122223333", {{"parent", "ou-b"}}}}}});
    keys = kSeededKeys;
    return list_images().status;
  };
  for (const char* key : {"aws:PrincipalOrgPaths", "aws:ResourceOrgPaths"}) {
    EXPECT_EQ(condition("ForAnyValue:StringLike", key, "o-1/*/ou-a/ou-b/"), 200) << key;
    EXPECT_EQ(condition("ForAnyValue:StringLike", key, "o-1/*/ou-a/*"), 200) << key;
    EXPECT_EQ(condition("ForAnyValue:StringLike", key, "o-1/*/ou-a/"), 400) << key;
    EXPECT_EQ(condition("StringLike", key, "o-1/*/ou-a/ou-b/"), 400) << key;  // multivalued
  }
}

TEST_F(Principals, ResourceControlPoliciesBindOutsiders) {
  const Json deny = {
      {"Version", "2012-10-17"},
      {"Statement",
       {{{"Effect", "Deny"}, {"Principal", "*"}, {"Action", "ecr:*"}, {"Resource", "*"}}}}};
  seed(Json::object(),
       {{"id", "o-1"},
        {"managementAccount", "999999999999"},
        {"policies", {{{"id", "p-1"}, {"type", "RESOURCE_CONTROL_POLICY"}, {"document", deny}}}},
        {"accounts", {{"111122223333", {{"policies", {"p-1"}}}}}}});
  EXPECT_NE(denial(list_images()).find("resource control policy"), std::string::npos);
  EXPECT_NE(fail("GetAuthorizationToken", Json::object()).second.find("resource control policy"),
            std::string::npos);
}

TEST_F(Principals, ARegistryPolicyAllowsAcrossAccounts) {
  const Json registry_policy = {
      {"Version", "2012-10-17"},
      {"Statement",
       {{{"Sid", "s"},
         {"Effect", "Allow"},
         {"Principal", {{"AWS", "arn:aws:iam::444455556666:root"}}},
         {"Action", "ecr:ListImages"},
         {"Resource", "arn:aws:ecr:us-east-1:111122223333:repository/*"}}}}};
  const Json input = {{"registryId", "111122223333"}, {"repositoryName", "app"}};
  keys = {"444455556666", "test"};
  EXPECT_NE(fail("ListImages", input).second.find("no resource-based policy allows"),
            std::string::npos);
  seed({{"registryPolicies", {{"us-east-1", registry_policy}}}});
  call("ListImages", input);
}

TEST_F(Principals, ProxiesThatAreTrustedNameTheClient) {
  Json by_address = kList;
  by_address["Statement"][0]["Condition"] = {
      {"IpAddress", {{"aws:SourceIp", {"203.0.113.0/24", "2001:db8:1::/48"}}}}};
  seed({{"users",
         {{{"name", "jane"}, {"accessKeys", {kKey}}, {"policies", {{"list", by_address}}}}}}});
  keys = kSeededKeys;
  const auto status = [&](const std::vector<const char*>& forwarded,
                          const std::string& peer = "127.0.0.1") {
    HttpRequest request = signed_request("ListImages", R"({"repositoryName":"app"})");
    std::vector<HeaderView> fields(request.headers.fields().begin(),
                                   request.headers.fields().end());
    for (const char* value : forwarded) fields.emplace_back("X-Forwarded-For", value);
    request.headers = HeaderList(fields);
    request.peer = peer;
    settle_client(request, settings.trusted_proxies);
    return control.handle(request).status;
  };
  EXPECT_EQ(status({"203.0.113.7"}), 400);
  EXPECT_EQ(status({}, "203.0.113.7"), 200);
  EXPECT_EQ(status({}, "2001:db8:1::7"), 200);
  EXPECT_EQ(status({}, "2001:db8:2::7"), 400);
  settings.trusted_proxies = {"127.0.0.0/8", "10.0.0.1", "fd00::/8"};
  EXPECT_EQ(status({"203.0.113.7"}), 200);
  EXPECT_EQ(status({"203.0.113.7, 10.0.0.1"}), 200);
  EXPECT_EQ(status({"203.0.113.7,\t10.0.0.1"}), 200);
  EXPECT_EQ(status({"203.0.113.7, 198.51.100.1"}), 400);  // the nearest hop that is no proxy counts
  EXPECT_EQ(status({"nonsense"}), 400);
  EXPECT_EQ(status({"2001:db8:1::7"}, "fd00::1"), 200);
  EXPECT_EQ(status({"203.0.113.7"}, "198.51.100.1"), 400);
  // A proxy that adds a field of its own: what the client wrote before it counts for nothing.
  EXPECT_EQ(status({"203.0.113.7", "198.51.100.1"}), 400);
  EXPECT_EQ(status({"198.51.100.1", "203.0.113.7"}), 200);
}

}  // namespace
}  // namespace ecr::api::test
