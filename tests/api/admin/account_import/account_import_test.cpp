// Outputs of the AWS CLI as a seed: what becomes of them, what is said of the rest, and that the
// server takes the document.
#include "api/admin/account_import/account_import.h"

#include "api/admin/offline/seeded_services.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/repositories.h"
#include "tests/api/fixture.h"
#include "tests/schemas/model/names.h"

namespace ecr::api::test {
namespace {

using admin::AccountImport;
using admin::ExportFile;
using admin::ImportError;

constexpr const char* kFolder = "export/111122223333/";

Json allow(const Json& action) {
  return {{"Version", "2012-10-17"},
          {"Statement", {{{"Effect", "Allow"}, {"Action", action}, {"Resource", "*"}}}}};
}

Json trust() {
  return Json::parse(R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]})");
}

// As get-account-authorization-details prints it.
Json details() {
  Json json = Json::parse(R"({
  "UserDetailList": [{"Path": "/team/", "UserName": "jane", "UserId": "AIDAJANEEXAMPLE00001",
    "Arn": "arn:aws:iam::111122223333:user/team/jane", "CreateDate": "2020-01-01T00:00:00+00:00",
    "GroupList": ["devs"], "Tags": [{"Key": "team", "Value": "web"}],
    "PermissionsBoundary": {"PermissionsBoundaryType": "Policy",
      "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/limit"},
    "AttachedManagedPolicies": [{"PolicyName": "ReadOnlyAccess",
      "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}],
  "GroupDetailList": [{"Path": "/", "GroupName": "devs", "GroupId": "AGPADEVSEXAMPLE00001",
    "Arn": "arn:aws:iam::111122223333:group/devs", "CreateDate": "2020-01-01T00:00:00+00:00",
    "GroupPolicyList": [], "AttachedManagedPolicies": []}],
  "RoleDetailList": [{"Path": "/", "RoleName": "task", "RoleId": "AROATASKEXAMPLE00001",
    "Arn": "arn:aws:iam::111122223333:role/task", "CreateDate": "2020-01-01T00:00:00+00:00",
    "InstanceProfileList": [{"Path": "/", "InstanceProfileName": "task-profile",
      "InstanceProfileId": "AIPAEXAMPLE0000000001",
      "Arn": "arn:aws:iam::111122223333:instance-profile/task-profile",
      "CreateDate": "2020-01-01T00:00:00+00:00", "Roles": []}],
    "RolePolicyList": [], "AttachedManagedPolicies": [], "Tags": [], "RoleLastUsed": {}}],
  "Policies": [{"PolicyName": "limit", "PolicyId": "ANPALIMITEXAMPLE0001",
    "Arn": "arn:aws:iam::111122223333:policy/limit", "Path": "/", "DefaultVersionId": "v2",
    "AttachmentCount": 0, "PermissionsBoundaryUsageCount": 1, "IsAttachable": true,
    "CreateDate": "2020-01-01T00:00:00+00:00", "UpdateDate": "2020-01-01T00:00:00+00:00",
    "PolicyVersionList": []}]})");
  Json& user = json["UserDetailList"][0];
  user["UserPolicyList"] = {
      {{"PolicyName", "pull"}, {"PolicyDocument", allow("ecr:BatchGetImage")}}};
  Json& role = json["RoleDetailList"][0];
  role["AssumeRolePolicyDocument"] = trust();
  role["RolePolicyList"] = {{{"PolicyName", "push"}, {"PolicyDocument", allow("ecr:PutImage")}}};
  json["Policies"][0]["PolicyVersionList"] = {
      {{"Document", allow("ecr:*")}, {"VersionId", "v2"}, {"IsDefaultVersion", true}},
      {{"Document", allow("*")}, {"VersionId", "v1"}, {"IsDefaultVersion", false}}};
  return json;
}

Json repositories() {
  return Json::parse(R"({"repositories": [{
    "repositoryArn": "arn:aws:ecr:eu-west-1:111122223333:repository/team/app",
    "registryId": "111122223333", "repositoryName": "team/app", "createdAt": 1.5,
    "repositoryUri": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app",
    "imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": true},
    "encryptionConfiguration": {"encryptionType": "AES256"}}]})");
}

class AccountImportTest : public ::testing::Test {
 protected:
  void add(const std::string& path, const Json& json) {
    files.push_back({kFolder + path, json.dump()});
  }
  AccountImport run() { return admin::import_account(files, options, random); }
  Json account() { return Json::parse(run().seed)["accounts"]["111122223333"]; }
  std::string failure() {
    try {
      run();
    } catch (const ImportError& error) {
      return error.what();
    }
    return "";
  }
  bool notes(const std::string& part) {
    for (const std::string& note : run().notes) {
      if (note.find(part) != std::string::npos) return true;
    }
    return false;
  }

  CountingRandom random;
  FixedClock clock;
  std::vector<ExportFile> files;
  admin::ImportOptions options;
};

TEST_F(AccountImportTest, KeepsWhatDecides) {
  add("iam/details.json", details());
  const Json found = account();
  const Json& jane = found["users"][0];
  EXPECT_EQ(jane["path"], "/team/");
  EXPECT_EQ(jane["uniqueId"], "AIDAJANEEXAMPLE00001");
  EXPECT_EQ(jane["groups"], Json({"devs"}));
  EXPECT_EQ(jane["tags"], (Json{{"team", "web"}}));
  EXPECT_EQ(jane["policies"]["pull"], allow("ecr:BatchGetImage"));
  EXPECT_EQ(jane["attachedPolicies"], Json({"arn:aws:iam::aws:policy/ReadOnlyAccess"}));
  EXPECT_EQ(jane["boundary"], "arn:aws:iam::111122223333:policy/limit");
  const Json& task = found["roles"][0];
  EXPECT_EQ(task["trustPolicy"], trust());
  EXPECT_EQ(task["policies"]["push"], allow("ecr:PutImage"));
  EXPECT_EQ(found["managedPolicies"][0]["document"], allow("ecr:*"));
  EXPECT_EQ(found["instanceProfiles"][0]["role"], "task");
  EXPECT_TRUE(notes("a version of a managed policy that is not in force"));
}

TEST_F(AccountImportTest, TheServerTakesTheDocument) {
  add("iam/details.json", details());
  add("ecr/eu-west-1/repositories.json", repositories());
  add("ecr/eu-west-1/repositories/team/app/_tags.json",
      {{"tags", {{{"Key", "a"}, {"Value", "b"}}}}});
  const AccountImport imported = run();
  EXPECT_EQ(imported.region, "eu-west-1");
  admin::SeededServices server(clock, random);
  server.apply(imported.seed);
  auto txn = server.services().store.database().begin(storage::sql::Access::kRead);
  const auto role = storage::find_entity_by_unique_id(txn, "AROATASKEXAMPLE00001");
  ASSERT_TRUE(role.has_value());
  EXPECT_EQ(role->name, "task");
  const auto repository = storage::find_repository(txn, {"111122223333", "eu-west-1"},
                                                   model::test::name_of("team/app"));
  ASSERT_TRUE(repository.has_value());
  EXPECT_EQ(storage::repository_tags(txn, repository->id), (storage::Tags{{"a", "b"}}));
}

TEST_F(AccountImportTest, UsersAndRolesGetKeysAndProfiles) {
  add("iam/details.json", details());
  add("ecr/eu-west-1/repositories.json", repositories());
  const AccountImport imported = run();
  const Json found = Json::parse(imported.seed)["accounts"]["111122223333"];
  const auto key = found["users"][0]["accessKeys"][0]["accessKeyId"].get<std::string>();
  const auto token = found["sessions"][0]["sessionToken"].get<std::string>();
  EXPECT_TRUE(key.starts_with("AKIA"));
  EXPECT_EQ(found["sessions"][0]["role"], "task");
  const std::string& profiles = imported.credentials;
  EXPECT_TRUE(profiles.starts_with(admin::kCredentialsHeading));
  EXPECT_NE(profiles.find("[111122223333/user/jane]\naws_access_key_id = " + key + "\n"),
            std::string::npos);
  EXPECT_NE(profiles.find("aws_session_token = " + token + "\nregion = eu-west-1\n"),
            std::string::npos);
}

TEST_F(AccountImportTest, WhatItDoesNotKnowIsNamed) {
  Json json = details();
  json["RoleDetailList"][0]["Colour"] = "red";
  json["UserDetailList"][0]["Shoes"] = 2;
  add("iam/details.json", json);
  add("other.json", {{"Weather", "fine"}});
  EXPECT_TRUE(notes("RoleDetailList: left out Colour, which"));
  EXPECT_TRUE(notes("UserDetailList: left out Shoes, which"));
  EXPECT_TRUE(notes("left out export/111122223333/other.json"));
}

TEST_F(AccountImportTest, PagesMayBeInAnyOrder) {
  Json first = details();
  Json second = details();
  first["Policies"] = Json::array();
  first["IsTruncated"] = true;
  first["Marker"] = "m";
  second["UserDetailList"] = second["RoleDetailList"] = second["GroupDetailList"] = Json::array();
  add("iam/1.json", first);
  add("iam/2.json", second);
  EXPECT_EQ(account()["users"][0]["boundary"], "arn:aws:iam::111122223333:policy/limit");
  EXPECT_TRUE(notes("1.json: is not the last page"));
}

// The API's own answers have documents in percent encoding, the CLI's have objects.
TEST_F(AccountImportTest, PoliciesMayBeTexts) {
  Json json = details();
  json["UserDetailList"][0]["UserPolicyList"][0]["PolicyDocument"] =
      "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
  json["RoleDetailList"][0]["AssumeRolePolicyDocument"] = trust().dump();
  add("iam/details.json", json);
  EXPECT_EQ(account()["users"][0]["policies"]["pull"]["Statement"], Json::array());
  EXPECT_EQ(account()["roles"][0]["trustPolicy"], trust());
}

TEST_F(AccountImportTest, PoliciesOfAwsThatAreOthersHereBecomeTheAccountsOwn) {
  Json json = details();
  const std::string known = "arn:aws:iam::aws:policy/ReadOnlyAccess";
  const std::string unknown = "arn:aws:iam::aws:policy/OfTomorrow";
  for (const std::string& arn : {known, unknown}) {
    const std::string name = arn.substr(arn.rfind('/') + 1);
    json["Policies"].push_back({{"PolicyName", name},
                                {"Arn", arn},
                                {"Path", "/"},
                                {"PolicyVersionList",
                                 {{{"Document", allow("ecr:X" + name)},
                                   {"VersionId", "v1"},
                                   {"IsDefaultVersion", true}}}}});
  }
  json["RoleDetailList"][0]["AttachedManagedPolicies"] = {
      {{"PolicyName", "OfTomorrow"}, {"PolicyArn", unknown}},
      {{"PolicyName", "Never"}, {"PolicyArn", "arn:aws:iam::aws:policy/Never"}}};
  add("iam/details.json", json);
  EXPECT_EQ(account()["users"][0]["attachedPolicies"],
            Json({"arn:aws:iam::111122223333:policy/aws-managed/ReadOnlyAccess"}));
  EXPECT_EQ(account()["roles"][0]["attachedPolicies"],
            Json({"arn:aws:iam::111122223333:policy/aws-managed/OfTomorrow"}));
  EXPECT_TRUE(notes("left out arn:aws:iam::aws:policy/Never"));
}

TEST_F(AccountImportTest, PoliciesOfRepositoriesAreInTheRegionOfTheirFolder) {
  add("ecr/eu-west-1/repositories.json", repositories());
  add("ecr/eu-west-1/repositories/team/app/_policy.json", {{"registryId", "111122223333"},
                                                           {"repositoryName", "team/app"},
                                                           {"policyText", trust().dump()}});
  add("ecr/eu-central-1/repositories/team/app/_lifecycle.json",
      {{"registryId", "111122223333"},
       {"repositoryName", "team/app"},
       {"lifecyclePolicyText", R"({"rules": []})"}});
  add("ecr/eu-west-1/registry-policy.json",
      {{"registryId", "111122223333"}, {"policyText", trust().dump()}});
  const Json found = account();
  ASSERT_EQ(found["repositories"].size(), 2U);
  EXPECT_EQ(found["repositories"][0]["policy"], trust());
  EXPECT_EQ(found["repositories"][0]["imageTagMutability"], "IMMUTABLE");
  EXPECT_EQ(found["repositories"][1]["region"], "eu-central-1");
  EXPECT_EQ(found["registryPolicies"]["eu-west-1"], trust());
}

// Its name looks like an account and a Region.
TEST_F(AccountImportTest, NamesOfRepositoriesAreNoAccounts) {
  Json json = repositories();
  json["repositories"][0]["repositoryName"] = "444455556666/us-east-2";
  json["repositories"][0]["repositoryArn"] =
      "arn:aws:ecr:eu-west-1:111122223333:repository/444455556666/us-east-2";
  add("ecr/eu-west-1/repositories.json", json);
  add("ecr/eu-west-1/repositories/444455556666/us-east-2/_tags.json",
      {{"tags", {{{"Key", "a"}, {"Value", "b"}}}}});
  EXPECT_EQ(account()["repositories"][0]["tags"], (Json{{"a", "b"}}));
}

TEST_F(AccountImportTest, AnOrganizationHasItsTreeAndWhatIsAttached) {
  const auto policy = [](const char* id, const char* type) {
    return Json{
        {"Policy",
         {{"PolicySummary", {{"Id", id}, {"Name", "n"}, {"Type", type}, {"AwsManaged", false}}},
          {"Content", allow("*").dump()}}}};
  };
  const auto targets = [](const std::vector<std::string>& ids) {
    Json json = {{"Targets", Json::array()}};
    for (const auto& id : ids) json["Targets"].push_back({{"TargetId", id}, {"Type", "x"}});
    return json;
  };
  add("organization/organization.json",
      {{"Organization", {{"Id", "o-example001"}, {"MasterAccountId", "999999999999"}}}});
  add("organization/roots.json", {{"Roots", {{{"Id", "r-ab12"}, {"Name", "Root"}}}}});
  add("organization/below/ou-ab12-b/units.json",
      {{"OrganizationalUnits", {{{"Id", "ou-ab12-a"}, {"Name", "inner"}}}}});
  add("organization/below/r-ab12/units.json",
      {{"OrganizationalUnits", {{{"Id", "ou-ab12-b"}, {"Name", "outer"}}}}});
  add("organization/below/ou-ab12-a/accounts.json",
      {{"Accounts", {{{"Id", "111122223333"}, {"Status", "ACTIVE"}}}}});
  add("organization/policies/p-one00001/policy.json",
      policy("p-one00001", "SERVICE_CONTROL_POLICY"));
  add("organization/policies/p-one00001/targets.json", targets({"ou-ab12-b"}));
  add("organization/policies/p-tag00001/policy.json", policy("p-tag00001", "TAG_POLICY"));
  add("organization/policies/p-FullAWSAccess/targets.json", targets({"r-ab12", "ou-ab12-a"}));
  const AccountImport imported = run();
  const Json organization = Json::parse(imported.seed)["organization"];
  EXPECT_EQ(organization["managementAccount"], "999999999999");
  EXPECT_EQ(organization["root"], Json::object());
  EXPECT_EQ(organization["units"][0], (Json{{"id", "ou-ab12-b"},
                                            {"name", "outer"},
                                            {"parent", "root"},
                                            {"policies", {"p-one00001"}},
                                            {"fullAccess", false}}));
  EXPECT_EQ(organization["units"][1]["parent"], "ou-ab12-b");
  EXPECT_EQ(organization["accounts"]["111122223333"],
            (Json{{"parent", "ou-ab12-a"}, {"fullAccess", false}}));
  EXPECT_EQ(organization["policies"].size(), 1U);
  EXPECT_TRUE(notes("left out p-tag00001, a policy of type TAG_POLICY"));
  admin::SeededServices server(clock, random);
  server.apply(imported.seed);
}

// Without these outputs a question would be answered as if AWS had nothing of the kind.
TEST_F(AccountImportTest, WhatIsMissingAndChangesAnswersIsNamed) {
  const std::vector<std::string> kinds = {
      "no output of ecr list-tags-for-resource of 1 repository (team/app)",
      "no output of iam get-account-authorization-details",
      "no output of ecr get-repository-policy of account 1111",
      "no output of ecr get-registry-policy of account 1111", "no outputs of organizations"};
  add("ecr/eu-west-1/repositories.json", repositories());
  for (const std::string& kind : kinds) EXPECT_TRUE(notes(kind)) << kind;
  add("iam/details.json", details());
  add("ecr/eu-west-1/repositories/team/app/_tags.json", {{"tags", Json::array()}});
  add("ecr/eu-west-1/repositories/team/app/_policy.json", {{"registryId", "111122223333"},
                                                           {"repositoryName", "team/app"},
                                                           {"policyText", trust().dump()}});
  add("ecr/eu-west-1/registry-policy.json",
      {{"registryId", "111122223333"}, {"policyText", trust().dump()}});
  for (std::size_t i = 0; i + 1 < kinds.size(); ++i) EXPECT_FALSE(notes(kinds[i])) << kinds[i];
  EXPECT_TRUE(notes(kinds.back()));
}

// The script writes no file for what AWS does not have.
TEST_F(AccountImportTest, WhatTheScriptAskedForIsNotMissing) {
  add("ecr/eu-west-1/repositories.json", repositories());
  add("export.json", {{"exportAccount", "111122223333"}, {"result", "complete"}});
  EXPECT_TRUE(notes("no output of ecr list-tags-for-resource"));  // which AWS always answers
  EXPECT_EQ(run().notes.size(), 1U);
  files.pop_back();
  add("export.json", {{"exportAccount", "111122223333"}, {"result", "incomplete"}});
  EXPECT_TRUE(notes("the export of account 111122223333 is not complete"));
}

TEST_F(AccountImportTest, ErrorsNameTheFileAndThePlace) {
  Json json = details();
  json["RoleDetailList"][0].erase("RoleName");
  add("iam/details.json", json);
  EXPECT_EQ(failure(),
            "export/111122223333/iam/details.json: RoleDetailList[0].RoleName: is missing");
  files = {{"x.json", "{"}};
  EXPECT_TRUE(failure().starts_with("x.json: line 1: ")) << failure();
  files = {{"x.json", R"({"registryId": "111122223333", "policyText": "{}"})"}};
  EXPECT_TRUE(failure().starts_with("x.json: says of no Region")) << failure();
  files = {{"x.json", R"({"AccountAliases": ["a"]})"}};
  EXPECT_TRUE(failure().starts_with("x.json: says of no account")) << failure();
  options.account = "111122223333";
  EXPECT_EQ(account()["accountAlias"], "a");
}

TEST_F(AccountImportTest, FilesHaveALimit) {
  add("a.json", {{"AccountAliases", {"a"}}});
  add("b.json", {{"AccountAliases", {"a"}}});
  options.most_bytes = files[0].text.size() * 2 - 1;
  EXPECT_EQ(failure(), "export/111122223333/b.json: the files together have more than 47 bytes");
  options.most_bytes = files[0].text.size() * 2;
  EXPECT_EQ(failure(), "");
  options.most_files = 1;
  EXPECT_EQ(failure(), "there are more than 1 files");
}

}  // namespace
}  // namespace ecr::api::test
