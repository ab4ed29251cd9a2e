// Repository creation templates, and the repositories that they create.
#include "api/admin/seed/seed.h"
#include "api/images/repository_creation.h"
#include "storage/rows/lifecycle.h"
#include "storage/rows/repositories.h"
#include "tests/api/fixture.h"
#include "tests/schemas/model/names.h"

namespace ecr::api::test {
namespace {

const std::string kRole = "arn:aws:iam::000000000000:role/templates";
const std::string kPolicy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",)"
    R"("Action":"ecr:BatchGetImage"}]})";
const std::string kLifecycle =
    R"({"rules":[{"rulePriority":1,"selection":{"tagStatus":"any",)"
    R"("countType":"imageCountMoreThan","countNumber":5},"action":{"type":"expire"}}]})";

class CreationTemplates : public ApiTest {
 protected:
  static Json bare(const std::string& prefix, const char* reason = "CREATE_ON_PUSH") {
    return {{"prefix", prefix}, {"appliedFor", Json::array({reason})}};
  }
  static Json full(const std::string& prefix) {
    Json input = bare(prefix);
    input["description"] = "of the team";
    input["imageTagMutability"] = "IMMUTABLE_WITH_EXCLUSION";
    input["imageTagMutabilityExclusionFilters"] =
        Json::parse(R"([{"filterType": "WILDCARD", "filter": "dev-*"}])");
    input["resourceTags"] = Json::parse(R"([{"Key": "team", "Value": "a"}])");
    input["repositoryPolicy"] = kPolicy;
    input["lifecyclePolicy"] = kLifecycle;
    input["customRoleArn"] = kRole;
    return input;
  }
  Json create(const Json& input) {
    return call("CreateRepositoryCreationTemplate", input)["repositoryCreationTemplate"];
  }
  Json templates() {
    return call("DescribeRepositoryCreationTemplates",
                Json::object())["repositoryCreationTemplates"];
  }
  int push_status(const std::string& name) {
    return registry("POST", "/v2/" + name + "/blobs/uploads/").status;
  }
  bool exists(const std::string& name) {
    return send("DescribeRepositories", Json{{"repositoryNames", {name}}}).status == 200;
  }
};

TEST_F(CreationTemplates, ATemplateIsCreatedChangedAndDeleted) {
  Json expected = full("team");
  expected["encryptionConfiguration"] = {{"encryptionType", "AES256"}};
  expected["createdAt"] = expected["updatedAt"] = base::to_epoch_seconds(clock.now());
  EXPECT_EQ(create(full("team")), expected);
  EXPECT_EQ(templates(), Json::array({expected}));
  clock.time += std::chrono::hours(1);
  // A member that is not given stays as it was; an empty one is removed.
  const Json changes = {{"prefix", "team"},
                        {"imageTagMutability", "MUTABLE"},
                        {"resourceTags", Json::array()},
                        {"repositoryPolicy", ""},
                        {"description", "changed"}};
  expected["imageTagMutability"] = "MUTABLE";
  expected.erase("imageTagMutabilityExclusionFilters");
  expected["resourceTags"] = Json::array();
  expected.erase("repositoryPolicy");
  expected["description"] = "changed";
  expected["updatedAt"] = base::to_epoch_seconds(clock.now());
  EXPECT_EQ(call("UpdateRepositoryCreationTemplate", changes)["repositoryCreationTemplate"],
            expected);
  EXPECT_EQ(
      call("DeleteRepositoryCreationTemplate", {{"prefix", "team/"}})["repositoryCreationTemplate"],
      expected);
  EXPECT_EQ(templates(), Json::array());
}

TEST_F(CreationTemplates, BadInputsAreRefused) {
  create(bare("team"));
  const auto with = [](const Json& more) {
    Json input = bare("other");
    input.update(more);
    return input;
  };
  const struct {
    const char* operation;
    Json input;
    const char* type;
  } kCases[] = {
      {"CreateRepositoryCreationTemplate", bare("team"), "TemplateAlreadyExistsException"},
      {"CreateRepositoryCreationTemplate", bare("team/"), "TemplateAlreadyExistsException"},
      {"UpdateRepositoryCreationTemplate", {{"prefix", "none"}}, "TemplateNotFoundException"},
      {"DeleteRepositoryCreationTemplate", {{"prefix", "none"}}, "TemplateNotFoundException"},
      {"CreateRepositoryCreationTemplate", bare("-"), "InvalidParameterException"},
      {"CreateRepositoryCreationTemplate", {{"prefix", "x"}}, "InvalidParameterException"},
      {"CreateRepositoryCreationTemplate", bare("x", "SOMETHING"), "InvalidParameterException"},
      {"CreateRepositoryCreationTemplate", with({{"repositoryPolicy", "{}"}}),
       "InvalidParameterException"},
      {"CreateRepositoryCreationTemplate", with({{"lifecyclePolicy", "{}"}}),
       "InvalidParameterException"},
      {"CreateRepositoryCreationTemplate",
       with({{"imageTagMutability", "IMMUTABLE_WITH_EXCLUSION"}}), "InvalidParameterException"},
      {"CreateRepositoryCreationTemplate",
       with(Json::parse(R"({"resourceTags": [{"Key": "a", "Value": "b"}]})")),
       "InvalidParameterException"},  // without a role
      {"CreateRepositoryCreationTemplate",
       with(Json::parse(R"({"encryptionConfiguration": {"encryptionType": "KMS"}})")),
       "InvalidParameterException"},  // without a role
      {"UpdateRepositoryCreationTemplate",
       Json::parse(R"({"prefix": "team", "resourceTags": [{"Key": "a", "Value": "b"}]})"),
       "InvalidParameterException"},
      {"DescribeRepositoryCreationTemplates",
       Json::parse(R"({"prefixes": ["team"], "maxResults": 1})"), "InvalidParameterException"},
      {"DescribeRepositoryCreationTemplates",
       {{"nextToken", "forged"}},
       "InvalidParameterException"},
  };
  for (const auto& [operation, input, type] : kCases) {
    EXPECT_EQ(fail(operation, input).first, type) << operation << input;
  }
}

TEST_F(CreationTemplates, APushCreatesItsRepositoryAsTheTemplateSays) {
  EXPECT_EQ(push_status("team/app"), 404);
  create(full("team"));
  push_image("team/app", "v1", "content");
  const Json repository =
      call("DescribeRepositories", {{"repositoryNames", {"team/app"}}})["repositories"][0];
  EXPECT_EQ(repository["imageTagMutability"], "IMMUTABLE_WITH_EXCLUSION");
  EXPECT_EQ(repository["imageTagMutabilityExclusionFilters"][0]["filter"], "dev-*");
  EXPECT_EQ(call("ListTagsForResource", {{"resourceArn", repository["repositoryArn"]}})["tags"],
            Json::parse(R"([{"Key": "team", "Value": "a"}])"));
  const Json name = {{"repositoryName", "team/app"}};
  EXPECT_EQ(Json::parse(call("GetRepositoryPolicy", name)["policyText"].get<std::string>()),
            Json::parse(kPolicy));
  EXPECT_EQ(call("GetLifecyclePolicy", name)["lifecyclePolicyText"], kLifecycle);
  EXPECT_EQ(call("ListImages", name)["imageIds"].size(), 1u);
  // "team" is a prefix of names below it alone.
  EXPECT_EQ(push_status("team"), 404);
  EXPECT_EQ(push_status("teams/app"), 404);
  // Nothing but a push creates.
  EXPECT_EQ(registry("GET", "/v2/team/other/manifests/v1").status, 404);
  EXPECT_FALSE(exists("team/other"));
}

TEST_F(CreationTemplates, APushByTheApiCreatesToo) {
  create(bare("ROOT"));
  const Json started = call("InitiateLayerUpload", {{"repositoryName", "by-api"}});
  EXPECT_TRUE(started.contains("uploadId"));
  EXPECT_TRUE(exists("by-api"));
  const std::string manifest = R"({"schemaVersion": 2})";
  fail("PutImage", {{"repositoryName", "by-put"}, {"imageManifest", manifest}});
  EXPECT_FALSE(exists("by-put")) << "an error leaves nothing behind";
}

TEST_F(CreationTemplates, TheMostSpecificPrefixOfTheReasonCounts) {
  create(bare("ROOT"));
  create(bare("a"));
  create(bare("a/b", "REPLICATION"));
  auto txn = store->database().begin(storage::sql::Access::kRead);
  const auto prefix = [&](const char* name, creation::Reason reason) {
    const auto found = creation::find_template(txn, {"000000000000", "us-east-1"},
                                               model::test::name_of(name), reason);
    return found ? found->prefix : "none";
  };
  EXPECT_EQ(prefix("a/b/c", creation::Reason::kPush), "a");
  EXPECT_EQ(prefix("a/b/c", creation::Reason::kReplication), "a/b");
  EXPECT_EQ(prefix("a/b", creation::Reason::kReplication), "none");
  EXPECT_EQ(prefix("other", creation::Reason::kPush), "ROOT");
  EXPECT_EQ(prefix("a/b/c", creation::Reason::kPullThroughCache), "none");
}

TEST_F(CreationTemplates, WithoutATemplateTheDefaultsApply) {
  auto txn = store->database().begin(storage::sql::Access::kWrite);
  const auto made = creation::create_repository(
      services, txn, {{"000000000000", "us-east-1"}, model::test::name_of("copied")}, std::nullopt,
      clock.now());
  EXPECT_EQ(made.tag_mutability, storage::TagMutability::kMutable);
  EXPECT_EQ(made.encryption_type, storage::EncryptionType::kAes256);
  EXPECT_FALSE(made.policy.has_value());
  EXPECT_TRUE(storage::find_repository(txn, made.id).has_value());
}

TEST_F(CreationTemplates, ThePusherNeedsCreateRepository) {
  keys = {"111122223333", "test"};
  create(bare("team"));
  const Json push = {"ecr:GetAuthorizationToken", "ecr:InitiateLayerUpload"};
  admin::apply_seed(services, seed_user("jane", {{"push", policy("Allow", push, "*")}}).dump());
  keys = kSeededKeys;
  const auto response = registry("POST", "/v2/team/app/blobs/uploads/");
  EXPECT_EQ(response.status, 403);
  EXPECT_NE(body_of(response).find("ecr:CreateRepository"), std::string::npos);
  EXPECT_EQ(fail("InitiateLayerUpload", {{"repositoryName", "team/app"}}).first,
            "AccessDeniedException");
  const Json more = {"ecr:GetAuthorizationToken", "ecr:InitiateLayerUpload",
                     "ecr:CreateRepository"};
  admin::apply_seed(services, seed_user("jane", {{"push", policy("Allow", more, "*")}}).dump());
  EXPECT_EQ(push_status("team/app"), 202);
}

TEST_F(CreationTemplates, TheCreatorOfATemplateNeedsItsPermissions) {
  const std::vector<std::pair<Json, const char*>> kCases = {
      {{"ecr:CreateRepositoryCreationTemplate"}, "ecr:CreateRepository"},
      {{"ecr:CreateRepositoryCreationTemplate", "ecr:CreateRepository"}, "ecr:PutLifecyclePolicy"},
      {{"ecr:CreateRepositoryCreationTemplate", "ecr:CreateRepository", "ecr:PutLifecyclePolicy"},
       "ecr:SetRepositoryPolicy"},
      {{"ecr:*"}, "iam:PassRole"}};
  Json input = full("team");
  input["customRoleArn"] = "arn:aws:iam::111122223333:role/templates";
  for (const auto& [actions, missing] : kCases) {
    keys = {"111122223333", "test"};
    admin::apply_seed(services, seed_user("jane", {{"p", policy("Allow", actions, "*")}}).dump());
    keys = kSeededKeys;
    const auto [type, message] = fail("CreateRepositoryCreationTemplate", input);
    EXPECT_EQ(type, "AccessDeniedException");
    EXPECT_NE(message.find(missing), std::string::npos) << message;
  }
}

TEST_F(CreationTemplates, AreListedInPages) {
  std::set<std::string> all;
  for (int i = 0; i < 30; ++i) {
    const std::string prefix = "team-" + std::to_string(i);
    create(bare(prefix));
    all.insert(prefix);
  }
  for (const int size : {1, 7, 1000}) {
    std::set<std::string> seen;
    Json input = {{"maxResults", size}};
    for (;;) {
      const Json page = call("DescribeRepositoryCreationTemplates", input);
      for (const Json& one : page["repositoryCreationTemplates"]) {
        EXPECT_TRUE(seen.insert(one["prefix"].get<std::string>()).second);
      }
      if (!page.contains("nextToken")) break;
      input["nextToken"] = page["nextToken"];
    }
    EXPECT_EQ(seen, all) << size;
  }
  EXPECT_EQ(call("DescribeRepositoryCreationTemplates",
                 {{"prefixes", {"team-3/", "none"}}})["repositoryCreationTemplates"]
                .size(),
            1u);
}

// As a policy that SetRepositoryPolicy stores: whoever is made anew under the name is another.
TEST_F(CreationTemplates, ARecreatedPrincipalIsNotTheOneOfTheTemplate) {
  const std::string arn = "arn:aws:iam::111122223333:user/jane";
  Json named = Json::parse(kPolicy);
  named["Statement"][0]["Principal"] = {{"AWS", arn}};
  Json input = bare("team");
  input["repositoryPolicy"] = named.dump();
  const Keys root = {"111122223333", "test"};
  const auto make_jane = [&] {
    admin::apply_seed(services, seed_user("jane", Json::object()).dump());
  };
  keys = root;
  make_jane();
  EXPECT_EQ(create(input)["repositoryPolicy"], named.dump());  // shown as it was given
  const auto delete_jane = [&] {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    txn.exec("DELETE FROM entities WHERE name = ?", "jane");
    txn.commit();
  };
  const Json get = {{"repositoryName", "team/app"},
                    {"imageIds", Json::array({{{"imageTag", "none"}}})}};
  EXPECT_EQ(push_status("team/app"), 202);
  keys = kSeededKeys;
  EXPECT_EQ(send("BatchGetImage", get).status, 200);
  delete_jane();
  make_jane();
  EXPECT_EQ(send("BatchGetImage", get).status, 400);
  keys = root;
  EXPECT_EQ(push_status("team/later"), 202);
  const Json shown = templates()[0]["repositoryPolicy"];
  EXPECT_EQ(shown.get<std::string>().find(arn), std::string::npos) << shown;
  // What the call does not send is not checked again.
  EXPECT_EQ(
      call("UpdateRepositoryCreationTemplate",
           {{"prefix", "team"}, {"description", "d"}})["repositoryCreationTemplate"]["description"],
      "d");
  input["prefix"] = "other";
  input["repositoryPolicy"] = shown;
  EXPECT_EQ(fail("CreateRepositoryCreationTemplate", input).second.find("Principal not found") !=
                std::string::npos,
            true);
  keys = kSeededKeys;
  EXPECT_EQ(send("BatchGetImage", Json{{"repositoryName", "team/later"},
                                       {"imageIds", Json::array({{{"imageTag", "none"}}})}})
                .status,
            400);
}

// The role that ECR will act as has to be one of the account, and its tags decide too.
TEST_F(CreationTemplates, ARoleIsPassedWithinItsAccountAndByItsTags) {
  Json may = policy("Allow", "ecr:*", "*");
  may["Statement"].push_back(
      {{"Effect", "Allow"},
       {"Action", "iam:PassRole"},
       {"Resource", "*"},
       {"Condition", {{"StringEquals", {{"iam:ResourceTag/for", "templates"}}}}}});
  Json seed = seed_user("jane", {{"may", may}});
  const Json trust = {{"Version", "2012-10-17"},
                      {"Statement",
                       {{{"Effect", "Allow"},
                         {"Principal", {{"Service", "ecr.amazonaws.com"}}},
                         {"Action", "sts:AssumeRole"}}}}};
  const auto role = [&](const char* name, const Json& tags) {
    return Json{{"name", name}, {"trustPolicy", trust}, {"tags", tags}};
  };
  seed["accounts"]["111122223333"]["roles"] = {role("right", {{"for", "templates"}}),
                                               role("wrong", Json::object())};
  seed["accounts"]["444455556666"]["roles"] = {role("right", {{"for", "templates"}})};
  keys = {"111122223333", "test"};
  admin::apply_seed(services, seed.dump());
  const auto with = [&](const char* account, const char* name) {
    Json input = bare("team");
    input["customRoleArn"] = std::string("arn:aws:iam::") + account + ":role/" + name;
    return input;
  };
  for (const Keys& who : {keys, kSeededKeys}) {  // the root user has no way around it
    keys = who;
    EXPECT_EQ(fail("CreateRepositoryCreationTemplate", with("444455556666", "right")).first,
              "AccessDeniedException");
  }
  EXPECT_EQ(fail("CreateRepositoryCreationTemplate", with("111122223333", "wrong")).first,
            "AccessDeniedException");
  create(with("111122223333", "right"));
}

}  // namespace
}  // namespace ecr::api::test
