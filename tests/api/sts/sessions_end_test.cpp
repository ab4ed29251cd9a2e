// Credentials that end do so at once, on the API and with the docker token that was fetched
// before; and no credentials make wider ones.
#include <functional>

#include "tests/api/query_fixture.h"

namespace ecr::api::test {
namespace {

using storage::EntityKind;
using storage::sql::Access;

constexpr const char* kAccount = "111122223333";
constexpr const char* kEndingRole = "arn:aws:iam::111122223333:role/ci";
constexpr const char* kOtherRole = "arn:aws:iam::111122223333:role/other";
const Json kPull = {{"pull", policy("Allow", {"ecr:*", "sts:*"}, "*")}};

Json trust_account(const char* account) {
  return {
      {"Version", "2012-10-17"},
      {"Statement",
       {{{"Effect", "Allow"}, {"Principal", {{"AWS", account}}}, {"Action", "sts:AssumeRole"}}}}};
}

class Sessions : public QueryTest {
 protected:
  Sessions() {
    begin();
    use(Keys{kAccount, "test"});
    push_image("app", "v1", "layer");
    use(kSeededKeys);
  }
  // Jane, who may pull and assume roles; roles ci and other, which may pull.
  void begin(const Json& user_policies = kPull, const Json& role_policies = kPull) {
    Json document = seed_user("jane", user_policies);
    Json& account = document["accounts"][kAccount];
    account["repositories"] = {{{"name", "app"}}};
    account["managedPolicies"] = {
        {{"name", "nothing"}, {"document", policy("Allow", "s3:*", "*")}}};
    for (const char* name : {"ci", "other"}) {
      account["roles"].push_back(
          {{"name", name}, {"trustPolicy", trust_account(kAccount)}, {"policies", role_policies}});
    }
    seed(document);
    use(kSeededKeys);
  }
  Json assume(const std::string& role = kEndingRole, const Json& session_policy = nullptr) {
    Parameters parameters = {{"RoleArn", role}, {"RoleSessionName", "build-1"}};
    if (!session_policy.is_null()) parameters.emplace_back("Policy", session_policy.dump());
    return sts("AssumeRole", parameters)["Credentials"];
  }
  int list_images() {
    return control
        .handle(signed_request("ListImages", R"({"repositoryName":"app"})", session_token))
        .status;
  }
  std::string docker_token() {
    const auto response =
        control.handle(signed_request("GetAuthorizationToken", "{}", session_token));
    EXPECT_EQ(response.status, 200) << body_of(response);
    return Json::parse(body_of(response))["authorizationData"][0]["authorizationToken"]
        .get<std::string>();
  }
  int pull(const std::string& docker) {
    return registry_plane
        .handle(make_request("GET", "/v2/app/manifests/v1",
                             {{"Host", host}, {"Authorization", "Basic " + docker}}, ""))
        .status;
  }
  std::int64_t id_of(storage::sql::Txn& txn, EntityKind kind, const char* name) {
    return storage::find_entity(txn, kAccount, kind, name)->id;
  }
  void remove(EntityKind kind, const char* name) {
    auto txn = store->database().begin(Access::kWrite);
    storage::delete_entity(txn, id_of(txn, kind, name));
    txn.commit();
  }
  void set_boundary(EntityKind kind, const char* name) {
    auto txn = store->database().begin(Access::kWrite);
    auto entity = *storage::find_entity(txn, kAccount, kind, name);
    entity.boundary = "arn:aws:iam::111122223333:policy/nothing";
    storage::update_entity(txn, entity);
    txn.commit();
  }
  // Users and roles that the seed makes anew, with nothing left of what a case did to them.
  void clear() {
    auto txn = store->database().begin(Access::kWrite);
    for (const auto& [kind, name] :
         {std::pair{EntityKind::kUser, "jane"}, std::pair{EntityKind::kRole, "ci"},
          std::pair{EntityKind::kRole, "other"}}) {
      if (const auto entity = storage::find_entity(txn, kAccount, kind, name)) {
        storage::delete_entity(txn, entity->id);
      }
    }
    txn.commit();
  }
  void key_status(const char* status) {
    Json document = seed_user("jane", kPull);
    document["accounts"][kAccount]["users"][0]["accessKeys"][0]["status"] = status;
    seed(document);
  }
};

TEST_F(Sessions, EndAtOnceOnBothPlanes) {
  const auto as_role = [&] { use(assume()); };
  const auto as_user = [] {};
  const auto as_user_session = [&] { use(sts("GetSessionToken")["Credentials"]); };
  const auto as_federated = [&] {
    use(sts("GetFederationToken",
            {{"Name", "bob"}, {"Policy", policy("Allow", "ecr:*", "*").dump()}})["Credentials"]);
  };
  struct Case {
    const char* claim;
    std::function<void()> become;
    std::function<void()> end;
  };
  const Case cases[] = {
      {"the session expires", as_role,
       [&] {
         api_clock.restore(api_clock.state_at(api_clock.now() + std::chrono::hours(1), false));
       }},
      {"the role is deleted", as_role, [&] { remove(EntityKind::kRole, "ci"); }},
      {"the role's policies are taken away", as_role,
       [&] {
         auto txn = store->database().begin(Access::kWrite);
         storage::delete_inline_policy(txn, id_of(txn, EntityKind::kRole, "ci"), "pull");
         txn.commit();
       }},
      {"the role gets a boundary", as_role, [&] { set_boundary(EntityKind::kRole, "ci"); }},
      {"the user is deleted", as_user, [&] { remove(EntityKind::kUser, "jane"); }},
      {"the key is made inactive", as_user, [&] { key_status("Inactive"); }},
      {"the key is deleted", as_user,
       [&] {
         auto txn = store->database().begin(Access::kWrite);
         storage::delete_access_key(txn, kSeededKeys.access_key);
         txn.commit();
       }},
      {"the user gets a boundary", as_user, [&] { set_boundary(EntityKind::kUser, "jane"); }},
      {"the user of a session token is deleted", as_user_session,
       [&] { remove(EntityKind::kUser, "jane"); }},
      {"the user of a session token may no longer", as_user_session,
       [&] { seed(seed_user("jane", Json::object())); }},
      {"the issuer of a federated user is deleted", as_federated,
       [&] { remove(EntityKind::kUser, "jane"); }},
      {"the issuer of a federated user may no longer", as_federated,
       [&] { seed(seed_user("jane", Json::object())); }},
  };
  for (const Case& one : cases) {
    begin();
    one.become();
    const std::string docker = docker_token();
    EXPECT_EQ(list_images(), 200) << one.claim;
    EXPECT_EQ(pull(docker), 200) << one.claim;
    one.end();
    EXPECT_EQ(list_images(), 400) << one.claim;
    EXPECT_NE(pull(docker), 200) << one.claim;
    clear();
  }
}

// A role, or user, of the same name made anew is not the one that the session stands for.
TEST_F(Sessions, DoNotPassToANamesake) {
  use(assume());
  const std::string docker = docker_token();
  const Keys before = keys;
  const std::string token = session_token;
  remove(EntityKind::kRole, "ci");
  begin();
  keys = before;
  session_token = token;
  EXPECT_EQ(list_images(), 400);
  EXPECT_NE(pull(docker), 200);
}

TEST_F(Sessions, NarrowOnesMakeNoWiderOnes) {
  struct Case {
    const char* claim;
    std::function<void()> become;
  };
  const Case cases[] = {
      {"a session policy",
       [&] { use(assume(kEndingRole, policy("Allow", "ecr:ListImages", "*"))); }},
      {"a boundary",
       [&] {
         set_boundary(EntityKind::kRole, "ci");
         use(assume());
       }},
      {"a federated user",
       [&] {
         use(sts("GetFederationToken",
                 {{"Name", "bob"}, {"Policy", policy("Allow", "*", "*").dump()}})["Credentials"]);
       }},
      {"a session token", [&] { use(sts("GetSessionToken")["Credentials"]); }},
  };
  for (const Case& one : cases) {
    begin();
    one.become();
    const bool session_of_user = one.claim == std::string("a session token");
    if (!session_of_user) {  // which may assume roles as its user may
      EXPECT_EQ(
          sts_fail("AssumeRole", {{"RoleArn", kOtherRole}, {"RoleSessionName", "wide"}}, 403).first,
          "AccessDenied")
          << one.claim;
    }
    EXPECT_EQ(sts_fail("GetFederationToken", {{"Name", "eve"}}, 403).first, "AccessDenied")
        << one.claim;
    EXPECT_EQ(sts_fail("GetSessionToken", {}, 403).first, "AccessDenied") << one.claim;
    EXPECT_EQ(
        send_query("iam", "SimulatePrincipalPolicy",
                   {{"PolicySourceArn", kOtherRole}, {"ActionNames.member.1", "ecr:PutImage"}})
            .status,
        403)
        << one.claim;
    clear();
  }
}

// A session policy of the second session does not lift the first one's.
TEST_F(Sessions, AChainKeepsToItsRoles) {
  use(assume());
  use(assume(kOtherRole, policy("Allow", "ecr:DescribeImages", "*")));
  EXPECT_EQ(list_images(), 400);
  EXPECT_EQ(sts("GetCallerIdentity")["Arn"],
            "arn:aws:sts::111122223333:assumed-role/other/build-1");
}

TEST_F(Sessions, AnotherUsersNameOrPathIsNoSessionName) {
  for (const char* name : {"../root", "a/b", "x y", "a:b", "r"}) {
    EXPECT_EQ(
        sts_fail("AssumeRole", {{"RoleArn", kEndingRole}, {"RoleSessionName", name}}, 400).first,
        "ValidationError")
        << name;
    EXPECT_EQ(sts_fail("GetFederationToken", {{"Name", name}}, 400).first, "ValidationError")
        << name;
  }
}

TEST_F(Sessions, AnUnknownKeyAndAWrongSecretAreToldApart) {
  use(Keys{"AKIANOBODYNOBODY0001", "secret"});
  EXPECT_EQ(sts_fail("GetCallerIdentity", {}, 403).first, "InvalidClientTokenId");
  use(Keys{kSeededKeys.access_key, "wrong"});
  EXPECT_EQ(sts_fail("GetCallerIdentity", {}, 403).first, "SignatureDoesNotMatch");
  use(kSeededKeys);
  use(assume());
  session_token += "x";
  EXPECT_EQ(sts_fail("GetCallerIdentity", {}, 403).first, "InvalidClientTokenId");
  session_token.clear();
  EXPECT_EQ(sts_fail("GetCallerIdentity", {}, 403).first, "InvalidClientTokenId");
}

}  // namespace
}  // namespace ecr::api::test
