// Replication between the registries of one server.
#include "api/images/push/replication.h"

#include "api/ecr/ecr_api.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "storage/rows/events.h"
#include "storage/rows/images.h"
#include "tests/api/fixture.h"
#include "tests/schemas/model/names.h"

namespace ecr::api::test {
namespace {

const std::string kThere = "eu-west-1";
const std::string kOther = "111122223333";
const std::string kOwn = "000000000000";

class ReplicationTest : public ApiTest {
 protected:
  ReplicationTest() { call("CreateRepository", {{"repositoryName", "team/app"}}); }

  static Json rule(const std::string& account, const std::string& to,
                   const char* prefix = nullptr) {
    Json rule = {{"destinations", {{{"region", to}, {"registryId", account}}}}};
    if (prefix != nullptr) {
      rule["repositoryFilters"] = {{{"filter", prefix}, {"filterType", "PREFIX_MATCH"}}};
    }
    return rule;
  }
  void configure(const Json& rules) {
    call("PutReplicationConfiguration", {{"replicationConfiguration", {{"rules", rules}}}});
  }
  // Calls another registry as its own root user.
  Json at(const std::string& account, const std::string& where, const std::string& operation,
          const Json& input) {
    const auto old = std::make_pair(keys, region);
    keys = account == kOwn ? Keys{"test", "test"} : Keys{account, "test"};
    region = where;
    Json output = call(operation, input);
    std::tie(keys, region) = old;
    return output;
  }
  Json images_at(const std::string& account, const std::string& where) {
    return at(account, where, "ListImages", {{"repositoryName", "team/app"}})["imageIds"];
  }
  Json statuses(const std::string& tag) {
    return call(
        "DescribeImageReplicationStatus",
        {{"repositoryName", "team/app"}, {"imageId", {{"imageTag", tag}}}})["replicationStatuses"];
  }
  std::vector<Json> replication_events() {
    events.flush();
    auto txn = store->database().begin(storage::sql::Access::kRead);
    std::vector<Json> found;
    for (const auto& row : storage::events_after(txn, storage::EventKind::kEvent, 0, 1000)) {
      if (row.type == "ECR Replication Action") found.push_back(Json::parse(row.body));
    }
    return found;
  }
  void allow_at(const std::string& account, const Json& actions) {
    const Json document = {
        {"Version", "2012-10-17"},
        {"Statement",
         {{{"Sid", "replication"},
           {"Effect", "Allow"},
           {"Principal", {{"AWS", "arn:aws:iam::" + kOwn + ":root"}}},
           {"Action", actions},
           {"Resource", "arn:aws:ecr:" + kThere + ":" + account + ":repository/*"}}}}};
    at(account, kThere, "PutRegistryPolicy", {{"policyText", document.dump()}});
  }
  void run_jobs() {
    const auto report = runner.run_due(100);
    for (const auto& outcome : report.outcomes) EXPECT_EQ(outcome.error, "");
  }

  JobRunner runner{services, {replication::kReplication, ecr::kImageRestore}};
};

TEST_F(ReplicationTest, TheConfigurationIsWhatDescribeRegistrySays) {
  const Json rules = {rule(kOwn, kThere, "team/"), rule(kOther, "us-east-1")};
  configure(rules);
  EXPECT_EQ(call("DescribeRegistry", Json::object())["replicationConfiguration"],
            Json({{"rules", rules}}));
  configure(Json::array());
  EXPECT_EQ(call("DescribeRegistry", Json::object())["replicationConfiguration"],
            Json({{"rules", Json::array()}}));
}

TEST_F(ReplicationTest, ARegistryIsNoDestinationOfItself) {
  const auto [type, message] =
      fail("PutReplicationConfiguration",
           {{"replicationConfiguration", {{"rules", Json::array({rule(kOwn, "us-east-1")})}}}});
  EXPECT_EQ(type, "InvalidParameterException");
  EXPECT_NE(message.find("replicationConfiguration"), std::string::npos);
}

TEST_F(ReplicationTest, APushArrivesInTheOtherRegionWithItsTag) {
  configure(Json::array({rule(kOwn, kThere)}));
  const std::string manifest = push_image("team/app", "v1", "layer");
  EXPECT_EQ(statuses("v1"),
            Json::array({{{"region", kThere}, {"registryId", kOwn}, {"status", "IN_PROGRESS"}}}));
  run_jobs();
  EXPECT_EQ(statuses("v1"),
            Json::array({{{"region", kThere}, {"registryId", kOwn}, {"status", "COMPLETE"}}}));
  const std::string digest = model::Digest::of(manifest).text();
  EXPECT_EQ(images_at(kOwn, kThere), Json::array({{{"imageDigest", digest}, {"imageTag", "v1"}}}));
  const auto told = replication_events();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0]["region"], kThere);
  EXPECT_EQ(told[0]["resources"],
            Json::array({"arn:aws:ecr:" + kThere + ":" + kOwn + ":repository/team/app"}));
  EXPECT_EQ(told[0]["detail"], Json({{"result", "SUCCESS"},
                                     {"repository-name", "team/app"},
                                     {"image-digest", digest},
                                     {"source-account", kOwn},
                                     {"action-type", "REPLICATE"},
                                     {"source-region", "us-east-1"},
                                     {"image-tag", "v1"}}));
}

TEST_F(ReplicationTest, ThePutImageApiReplicatesToo) {
  const std::string manifest = push_image("team/app", "v1", "layer");
  configure(Json::array({rule(kOwn, kThere)}));
  call("PutImage",
       {{"repositoryName", "team/app"}, {"imageManifest", manifest}, {"imageTag", "v2"}});
  run_jobs();
  EXPECT_EQ(images_at(kOwn, kThere)[0]["imageTag"], "v2");
}

TEST_F(ReplicationTest, OnlyLaterPushesThatMatchAPrefixAreReplicated) {
  push_image("team/app", "before", "one");
  configure(Json::array({rule(kOwn, kThere, "other/"), rule(kOwn, kThere, "te")}));
  call("CreateRepository", {{"repositoryName", "app/team"}});
  push_image("app/team", "v1", "two");
  push_image("team/app", "after", "three");
  run_jobs();
  EXPECT_EQ(images_at(kOwn, kThere).size(), 1u);
  EXPECT_EQ(images_at(kOwn, kThere)[0]["imageTag"], "after");
  EXPECT_EQ(at(kOwn, kThere, "DescribeRepositories", Json::object())["repositories"].size(), 1u);
  EXPECT_EQ(statuses("before"), Json::array());
}

TEST_F(ReplicationTest, AReplicatedImageIsNotReplicatedAgain) {
  configure(Json::array({rule(kOwn, kThere)}));
  at(kOwn, kThere, "PutReplicationConfiguration",
     {{"replicationConfiguration", {{"rules", Json::array({rule(kOwn, "ap-south-1")})}}}});
  push_image("team/app", "v1", "layer");
  run_jobs();
  EXPECT_EQ(at(kOwn, "ap-south-1", "DescribeRepositories", Json::object())["repositories"],
            Json::array());
}

TEST_F(ReplicationTest, AnotherAccountMustAllowItInItsRegistryPolicy) {
  configure(Json::array({rule(kOther, kThere)}));
  push_image("team/app", "v1", "one");
  run_jobs();
  ASSERT_EQ(statuses("v1").size(), 1u);
  EXPECT_EQ(statuses("v1")[0]["status"], "FAILED");
  EXPECT_TRUE(statuses("v1")[0].contains("failureCode"));
  EXPECT_EQ(replication_events().back()["detail"]["result"], "FAILED");

  allow_at(kOther, "ecr:ReplicateImage");  // the repository is not there yet
  push_image("team/app", "v2", "two");
  run_jobs();
  EXPECT_EQ(statuses("v2")[0]["status"], "FAILED");

  allow_at(kOther, {"ecr:ReplicateImage", "ecr:CreateRepository"});
  push_image("team/app", "v3", "three");
  run_jobs();
  EXPECT_EQ(statuses("v3")[0]["status"], "COMPLETE");
  EXPECT_EQ(images_at(kOther, kThere)[0]["imageTag"], "v3");
}

TEST_F(ReplicationTest, AnImmutableDestinationTakesTheImageWithoutTheClashingTag) {
  configure(Json::array({rule(kOwn, kThere)}));
  push_image("team/app", "v1", "one");
  run_jobs();
  at(kOwn, kThere, "PutImageTagMutability",
     {{"repositoryName", "team/app"}, {"imageTagMutability", "IMMUTABLE"}});
  const std::string second = push_image("team/app", "v1", "two");
  run_jobs();
  EXPECT_EQ(statuses("v1")[0]["status"], "COMPLETE");
  const Json images = images_at(kOwn, kThere);
  ASSERT_EQ(images.size(), 2u);
  for (const Json& id : images) {
    EXPECT_EQ(id.contains("imageTag"), id["imageDigest"] != model::Digest::of(second).text());
  }
}

TEST_F(ReplicationTest, AnIndexBringsItsChildren) {
  const std::string child = push_image("team/app", "child", "layer");
  configure(Json::array({rule(kOwn, kThere)}));
  const Json index = {{"schemaVersion", 2},
                      {"mediaType", "application/vnd.oci.image.index.v1+json"},
                      {"manifests",
                       {{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                         {"digest", model::Digest::of(child).text()},
                         {"size", child.size()}}}}};
  call("PutImage",
       {{"repositoryName", "team/app"}, {"imageManifest", index.dump()}, {"imageTag", "all"}});
  run_jobs();
  EXPECT_EQ(statuses("all")[0]["status"], "COMPLETE");
  EXPECT_EQ(images_at(kOwn, kThere).size(), 2u);
}

// Rows as an earlier program let them be pushed: the first image is named by an index, that one by
// the next, and so on, each of them `times`.
TEST_F(ReplicationTest, IndexesThatNestTooDeepFailAndTakeNoTimeAndNoStack) {
  configure(Json::array({rule(kOwn, kThere)}));
  for (const auto& [levels, times] : {std::pair(27, 2), std::pair(8000, 1)}) {
    const std::string tag = base::format("deep{}", levels);
    model::Digest digest = model::Digest::of(push_image("team/app", tag + "-0", tag));
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    const auto repository =
        storage::find_repository(txn, {kOwn, "us-east-1"}, model::test::name_of("team/app"));
    for (int level = 1; level <= levels; ++level) {
      const Json entries(static_cast<std::size_t>(times), {{"digest", digest.text()}, {"size", 1}});
      const std::string text = Json{{"schemaVersion", 2}, {"manifests", entries}}.dump();
      storage::Image image(model::Digest::of(text));
      image.children = {digest};
      digest = image.digest;
      image.media_type = "application/vnd.oci.image.index.v1+json";
      image.pushed_at = clock.now();
      storage::insert_image(txn, repository->id, image, text);
    }
    storage::put_tag(txn, repository->id, tag, digest);
    replication::enqueue_replication(services, txn, *repository, digest, tag, clock.now());
    txn.commit();
    run_jobs();
    ASSERT_EQ(statuses(tag).size(), 1u);
    EXPECT_EQ(statuses(tag)[0]["status"], "FAILED");
    EXPECT_EQ(statuses(tag)[0]["failureCode"], "LimitExceededException");
  }
}

TEST_F(ReplicationTest, ATagThatHasMovedOnIsLeftToTheLaterPush) {
  configure(Json::array({rule(kOwn, kThere)}));
  push_image("team/app", "v1", "one");
  const std::string second = push_image("team/app", "v1", "two");
  run_jobs();
  for (const Json& id : images_at(kOwn, kThere)) {
    if (!id.contains("imageTag")) continue;
    EXPECT_EQ(id["imageDigest"], model::Digest::of(second).text());
  }
}

TEST_F(ReplicationTest, AnImageThatIsGoneBeforeItsTurnIsForgotten) {
  configure(Json::array({rule(kOwn, kThere)}));
  push_image("team/app", "v1", "one");
  call("BatchDeleteImage", {{"repositoryName", "team/app"}, {"imageIds", {{{"imageTag", "v1"}}}}});
  run_jobs();
  EXPECT_TRUE(replication_events().empty());
}

TEST_F(ReplicationTest, ARestoredImageIsReplicated) {
  push_image("team/app", "v1", "one");
  const Json image = {{"repositoryName", "team/app"}, {"imageId", {{"imageTag", "v1"}}}};
  const auto move_to = [&](const char* storage_class) {
    Json input = image;
    input["targetStorageClass"] = storage_class;
    call("UpdateImageStorageClass", input);
    run_jobs();
  };
  move_to("ARCHIVE");
  configure(Json::array({rule(kOwn, kThere)}));
  move_to("STANDARD");
  EXPECT_EQ(statuses("v1")[0]["status"], "COMPLETE");
  EXPECT_EQ(images_at(kOwn, kThere)[0]["imageTag"], "v1");
}

TEST_F(ReplicationTest, EachErrorOfTheStatusOperation) {
  const auto type = [&](const Json& input) {
    return fail("DescribeImageReplicationStatus", input).first;
  };
  EXPECT_EQ(type({{"repositoryName", "none"}, {"imageId", {{"imageTag", "v1"}}}}),
            "RepositoryNotFoundException");
  EXPECT_EQ(type({{"repositoryName", "team/app"}, {"imageId", {{"imageTag", "v1"}}}}),
            "ImageNotFoundException");
  EXPECT_EQ(type({{"repositoryName", "team/app"}, {"imageId", Json::object()}}),
            "InvalidParameterException");
}

// Another account's registry has to agree, not the repository alone.
TEST_F(ReplicationTest, ARepositoryPolicyAloneLetsNoOtherAccountReplicate) {
  at(kOther, kThere, "CreateRepository", {{"repositoryName", "team/app"}});
  const auto set_policy = [&](const char* effect) {
    const Json document = {{"Version", "2012-10-17"},
                           {"Statement",
                            {{{"Effect", effect},
                              {"Principal", {{"AWS", "arn:aws:iam::" + kOwn + ":root"}}},
                              {"Action", "ecr:ReplicateImage"}}}}};
    at(kOther, kThere, "SetRepositoryPolicy",
       {{"repositoryName", "team/app"}, {"policyText", document.dump()}});
  };
  configure(Json::array({rule(kOther, kThere)}));
  const auto status_of = [&](const char* tag) {
    push_image("team/app", tag, tag);
    run_jobs();
    return statuses(tag)[0]["status"];
  };
  set_policy("Allow");
  EXPECT_EQ(status_of("v1"), "FAILED");
  allow_at(kOther, {"ecr:ReplicateImage"});
  EXPECT_EQ(status_of("v2"), "COMPLETE");
  set_policy("Deny");
  EXPECT_EQ(status_of("v3"), "FAILED");
}

}  // namespace
}  // namespace ecr::api::test
