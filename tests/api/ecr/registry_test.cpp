// The registry's own operations: its policy and what it has a say in, account settings,
// principals whose pulls leave no trace.
#include "api/admin/seed/seed.h"
#include "storage/rows/registry_settings.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using Error = std::pair<std::string, std::string>;

class EcrRegistry : public ApiTest {
 protected:
  static std::string document(const Json& action) {
    return Json{{"Version", "2012-10-17"},
                {"Statement",
                 {{{"Sid", "one"},
                   {"Effect", "Allow"},
                   {"Principal", {{"AWS", "arn:aws:iam::111122223333:root"}}},
                   {"Action", action},
                   {"Resource", "arn:aws:ecr:us-east-1:000000000000:repository/*"}}}}}
        .dump();
  }
  std::string setting(const std::string& name) {
    return call("GetAccountSetting", {{"name", name}})["value"].get<std::string>();
  }
  void set(const std::string& name, const std::string& value) {
    const Json expected = {{"name", name}, {"value", value}};
    EXPECT_EQ(call("PutAccountSetting", expected), expected);
  }
};

TEST_F(EcrRegistry, ARegistryWithoutReplicationSaysSo) {
  EXPECT_EQ(call("DescribeRegistry", Json::object()),
            Json({{"registryId", "000000000000"},
                  {"replicationConfiguration", {{"rules", Json::array()}}}}));
}

TEST_F(EcrRegistry, ThePolicyIsPutReadAndDeleted) {
  const Error missing("RegistryPolicyNotFoundException",
                      "Registry policy does not exist in the registry with id '000000000000'");
  EXPECT_EQ(fail("GetRegistryPolicy", Json::object()), missing);
  EXPECT_EQ(fail("DeleteRegistryPolicy", Json::object()), missing);
  const Json expected = {{"registryId", "000000000000"},
                         {"policyText", document("ecr:ReplicateImage")}};
  const Json input = {{"policyText", document("ecr:ReplicateImage")}};
  EXPECT_EQ(call("PutRegistryPolicy", input), expected);
  EXPECT_EQ(call("GetRegistryPolicy", Json::object()), expected);
  EXPECT_EQ(call("DeleteRegistryPolicy", Json::object()), expected);
  EXPECT_EQ(fail("GetRegistryPolicy", Json::object()), missing);
}

TEST_F(EcrRegistry, EachRegionHasItsOwnPolicyAndSettings) {
  call("PutRegistryPolicy", {{"policyText", document("ecr:ReplicateImage")}});
  set("BLOB_MOUNTING", "ENABLED");
  region = "eu-west-1";
  EXPECT_EQ(fail("GetRegistryPolicy", Json::object()).first, "RegistryPolicyNotFoundException");
  EXPECT_EQ(setting("BLOB_MOUNTING"), "DISABLED");
}

TEST_F(EcrRegistry, APolicyThatIsNoneIsRefused) {
  const Error refused("InvalidParameterException",
                      "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
                      "'Invalid registry policy provided'");
  for (const char* text : {"", "{", "{}", R"({"Version":"2012-10-17","Statement":[]})"}) {
    EXPECT_EQ(fail("PutRegistryPolicy", {{"policyText", text}}), refused) << text;
  }
  // An action that is not ECR's.
  EXPECT_EQ(fail("PutRegistryPolicy", {{"policyText", document("s3:GetObject")}}), refused);
}

// A registry of an older data directory may have the scope V1, and Clair: ECR ended both, and moved
// the registries that had them.
TEST_F(EcrRegistry, StoredSettingsThatEcrEndedCountAsItsStandard) {
  {
    storage::sql::Txn txn = store->database().begin(storage::sql::Access::kWrite);
    storage::set_registry_setting(txn, {"000000000000", region}, "REGISTRY_POLICY_SCOPE", "V1");
    storage::set_registry_setting(txn, {"000000000000", region}, "BASIC_SCAN_TYPE_VERSION",
                                  "CLAIR");
    txn.commit();
  }
  EXPECT_EQ(setting("REGISTRY_POLICY_SCOPE"), "V2");
  EXPECT_EQ(setting("BASIC_SCAN_TYPE_VERSION"), "AWS_NATIVE");
  call("PutRegistryPolicy", {{"policyText", document("ecr:BatchGetImage")}});
}

TEST_F(EcrRegistry, ThePolicyHasASayOnBothPlanes) {
  admin::apply_seed(services, seed_user("jane", {{"all", policy("Allow", "ecr:*", "*")}}).dump());
  call("CreateRepository", {{"repositoryName", "app"}});
  push_image("app", "1", "content");
  const Json list = {{"registryId", "000000000000"}, {"repositoryName", "app"}};
  const std::string manifest = "/v2/app/manifests/1";
  const Keys root = keys;
  const auto as_jane = [&] {
    keys = kSeededKeys;
    host = "000000000000.dkr.ecr.us-east-1.localhost:4599";
  };
  as_jane();
  EXPECT_EQ(fail("ListImages", list).first, "AccessDeniedException");
  EXPECT_EQ(registry("GET", manifest).status, 403);
  keys = root;
  call("PutRegistryPolicy", {{"policyText", document("ecr:*")}});
  as_jane();
  EXPECT_EQ(send("ListImages", list).status, 200);
  EXPECT_EQ(registry("GET", manifest).status, 200);
}

TEST_F(EcrRegistry, ThePolicyHasASayInOperationsOnTheRegistryItself) {
  const Json jane = seed_user("jane", {{"all", policy("Allow", "ecr:*", "*")}});
  admin::apply_seed(services, jane.dump());
  const Keys root = {"111122223333", "test"};
  keys = root;
  const Json denial = {{"Version", "2012-10-17"},
                       {"Statement",
                        {{{"Effect", "Deny"},
                          {"Principal", {{"AWS", "arn:aws:iam::111122223333:user/jane"}}},
                          {"Action", {"ecr:DescribeRegistry", "ecr:GetAuthorizationToken"}},
                          {"Resource", "*"}}}}};
  call("PutRegistryPolicy", {{"policyText", denial.dump()}});
  keys = kSeededKeys;
  const auto [type, message] = fail("DescribeRegistry", Json::object());
  EXPECT_EQ(type, "AccessDeniedException");
  EXPECT_NE(message.find("with an explicit deny in a resource-based policy"), std::string::npos)
      << message;
  EXPECT_EQ(fail("GetAuthorizationToken", Json::object()).first, "AccessDeniedException");
  EXPECT_EQ(send("GetRegistryPolicy", Json::object()).status, 200);
  keys = root;
  EXPECT_EQ(send("DescribeRegistry", Json::object()).status, 200);
}

TEST_F(EcrRegistry, SettingsHaveTheirDefaultsAndAreChanged) {
  EXPECT_EQ(setting("BASIC_SCAN_TYPE_VERSION"), "AWS_NATIVE");
  EXPECT_EQ(setting("REGISTRY_POLICY_SCOPE"), "V2");
  EXPECT_EQ(setting("BLOB_MOUNTING"), "DISABLED");
  set("BLOB_MOUNTING", "ENABLED");
  set("REGISTRY_POLICY_SCOPE", "V2");
  set("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE");
  EXPECT_EQ(setting("BLOB_MOUNTING"), "ENABLED");
  // Values that ECR does not have, or no longer.
  const std::vector<std::array<const char*, 2>> refused = {{"BASIC_SCAN_TYPE_VERSION", "CLAIR"},
                                                           {"REGISTRY_POLICY_SCOPE", "V1"},
                                                           {"BLOB_MOUNTING", "MAYBE"}};
  for (const auto& [name, value] : refused) {
    EXPECT_EQ(fail("PutAccountSetting", {{"name", name}, {"value", value}}).first,
              "InvalidParameterException")
        << name;
  }
  EXPECT_EQ(setting("BLOB_MOUNTING"), "ENABLED");
  EXPECT_EQ(fail("GetAccountSetting", {{"name", "NONE"}}).first, "InvalidParameterException");
  EXPECT_EQ(fail("PutAccountSetting", {{"name", "NONE"}, {"value", "V2"}}).first,
            "InvalidParameterException");
}

TEST_F(EcrRegistry, ConditionsSeeWhichSettingIsMeant) {
  Json allowed = policy("Allow", {"ecr:GetAccountSetting", "ecr:PutAccountSetting"}, "*");
  allowed["Statement"][0]["Condition"]["StringEquals"]["ecr:AccountSetting"] = "BLOB_MOUNTING";
  admin::apply_seed(services, seed_user("jane", {{"some", allowed}}).dump());
  keys = kSeededKeys;
  set("BLOB_MOUNTING", "ENABLED");
  EXPECT_EQ(fail("GetAccountSetting", {{"name", "REGISTRY_POLICY_SCOPE"}}).first,
            "AccessDeniedException");
}

TEST_F(EcrRegistry, ExclusionsAreRegisteredOnceAndListed) {
  const Json role = {{"principalArn", "arn:aws:iam::000000000000:role/ci/scanner"}};
  EXPECT_EQ(call("RegisterPullTimeUpdateExclusion", role),
            Json({{"principalArn", role["principalArn"]}, {"createdAt", 1'700'000'000.123}}));
  EXPECT_EQ(fail("RegisterPullTimeUpdateExclusion", role).first, "ExclusionAlreadyExistsException");
  EXPECT_EQ(call("ListPullTimeUpdateExclusions", Json::object()),
            Json({{"pullTimeUpdateExclusions", {role["principalArn"]}}}));
  EXPECT_EQ(call("DeregisterPullTimeUpdateExclusion", role), role);
  EXPECT_EQ(fail("DeregisterPullTimeUpdateExclusion", role).first, "ExclusionNotFoundException");
  EXPECT_EQ(call("ListPullTimeUpdateExclusions", Json::object()),
            Json({{"pullTimeUpdateExclusions", Json::array()}}));
}

TEST_F(EcrRegistry, AnExcludedPullMovesNoTimeOnEitherPlane) {
  admin::apply_seed(services, seed_user("jane", {{"all", policy("Allow", "ecr:*", "*")}}).dump());
  keys = kSeededKeys;
  const Json jane = {{"principalArn", "arn:aws:iam::111122223333:user/jane"}};
  call("CreateRepository", {{"repositoryName", "app"}});
  push_image("app", "1", "content");
  const Json ids = {{{"imageTag", "1"}}};
  const auto pull = [&](bool by_docker) {
    clock.time += std::chrono::hours(1);
    if (by_docker) {
      EXPECT_EQ(registry("GET", "/v2/app/manifests/1").status, 200);
    } else {
      call("BatchGetImage", {{"repositoryName", "app"}, {"imageIds", ids}});
    }
    const Json details = call("DescribeImages", {{"repositoryName", "app"}})["imageDetails"];
    return details[0].value("lastRecordedPullTime", 0.0);
  };
  for (const bool by_docker : {true, false}) {
    call("RegisterPullTimeUpdateExclusion", jane);
    const double before = pull(by_docker);
    EXPECT_EQ(pull(!by_docker), before);
    call("DeregisterPullTimeUpdateExclusion", jane);
    EXPECT_GT(pull(by_docker), before);
  }
}

TEST_F(EcrRegistry, AHundredExclusionsAtMost) {
  const auto exclusion = [](int i) {
    return Json{{"principalArn", "arn:aws:iam::000000000000:role/r" + std::to_string(i)}};
  };
  for (int i = 0; i < 100; ++i) call("RegisterPullTimeUpdateExclusion", exclusion(i));
  EXPECT_EQ(fail("RegisterPullTimeUpdateExclusion", exclusion(100)).first,
            "LimitExceededException");
  EXPECT_EQ(fail("RegisterPullTimeUpdateExclusion", exclusion(7)).first,
            "ExclusionAlreadyExistsException");
  call("DeregisterPullTimeUpdateExclusion", exclusion(7));
  call("RegisterPullTimeUpdateExclusion", exclusion(100));
}

TEST_F(EcrRegistry, ARegistryDoesNotReplicateToItself) {
  const Json rules = {{{"destinations", {{{"region", region}, {"registryId", "000000000000"}}}}}};
  EXPECT_EQ(fail("PutReplicationConfiguration", {{"replicationConfiguration", {{"rules", rules}}}}),
            Error("InvalidParameterException",
                  "Invalid parameter at 'replicationConfiguration' failed to satisfy constraint: "
                  "'Replication destination cannot be the same as the source registry'"));
}

// The policy takes part in every decision of ECR, also in the one about its own removal.
TEST_F(EcrRegistry, TheRootUserCanRemoveARegistryPolicyThatDeniesEverything) {
  admin::apply_seed(services, seed_user("jane", {{"all", policy("Allow", "*", "*")}}).dump());
  const Keys root = {"111122223333", "test"};
  keys = root;
  Json document = policy("Deny", "ecr:*", "*");
  document["Statement"][0]["Principal"] = "*";
  call("PutRegistryPolicy", {{"policyText", document.dump()}});
  EXPECT_EQ(fail("DescribeRegistry", Json::object()).first, "AccessDeniedException");
  keys = kSeededKeys;
  EXPECT_EQ(fail("DeleteRegistryPolicy", Json::object()).first, "AccessDeniedException");
  keys = root;
  call("GetRegistryPolicy", Json::object());
  call("PutRegistryPolicy", {{"policyText", document.dump()}});
  call("DeleteRegistryPolicy", Json::object());
  call("DescribeRegistry", Json::object());
}

}  // namespace
}  // namespace ecr::api::test
