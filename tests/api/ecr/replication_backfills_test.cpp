// Replication backfill: the four operations, and what their job makes of it.
#include "storage/rows/replication_backfills.h"

#include <set>

#include "api/images/push/replication.h"
#include "api/images/push/replication_backfill.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "storage/rows/events.h"
#include "storage/rows/repositories.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

const std::string kBackfillRegion = "eu-west-1";
const std::string kForeign = "111122223333";
const std::string kHome = "000000000000";

class ReplicationBackfillTest : public ApiTest {
 protected:
  ReplicationBackfillTest() { call("CreateRepository", {{"repositoryName", "team/app"}}); }

  static Json to(const std::string& account = kHome, const std::string& where = kBackfillRegion) {
    return {{"region", where}, {"registryId", account}};
  }
  void configure(const Json& destinations, const char* prefix = nullptr) {
    Json rule = {{"destinations", destinations}};
    if (prefix != nullptr) {
      rule["repositoryFilters"] = {{{"filter", prefix}, {"filterType", "PREFIX_MATCH"}}};
    }
    call("PutReplicationConfiguration",
         {{"replicationConfiguration", {{"rules", Json::array({rule})}}}});
  }
  std::string start(const Json& destination = to()) {
    const Json output = call("StartReplicationBackfill", {{"destination", destination}});
    EXPECT_EQ(output["status"], "PREPARING");
    EXPECT_EQ(output["destination"], destination);
    EXPECT_EQ(output["registryId"], kHome);
    return output["replicationBackfillId"].get<std::string>();
  }
  Json stop(const std::string& id) {
    return call("StopReplicationBackfill", {{"replicationBackfillId", id}});
  }
  Json describe(const std::string& id, const char* filter = nullptr) {
    Json input = {{"replicationBackfillId", id}, {"maxResults", 1000}};
    if (filter != nullptr) input["resultStatusFilter"] = filter;
    return call("DescribeReplicationBackfillResults", input);
  }
  static Json progress(int total, int completed, int failed = 0, Json codes = Json::array()) {
    return {{"totalReplicationCount", total},
            {"completedReplicationCount", completed},
            {"failedReplicationCount", failed},
            {"failureCodes", std::move(codes)}};
  }
  void run_jobs() {
    const auto report = runner.run_due(100);
    EXPECT_TRUE(report.complete);
    for (const auto& outcome : report.outcomes) EXPECT_EQ(outcome.error, "");
  }
  void push_many(int count) {
    for (int i = 0; i < count; ++i) {
      push_image("team/app", base::format("v{}", i), base::format("layer {}", i));
    }
  }
  // "digest tag" of each image of the repository in the other Region.
  std::set<std::string> copies(const std::string& name = "team/app") {
    region = kBackfillRegion;
    std::set<std::string> found;
    const HttpResponse answer =
        send("ListImages", Json{{"repositoryName", name}, {"maxResults", 1000}});
    region = "us-east-1";
    if (answer.status != 200) return found;
    const Json output = Json::parse(body_of(answer));
    for (const Json& id : output.at("imageIds")) {
      found.insert(id["imageDigest"].get<std::string>() + " " + id.value("imageTag", ""));
    }
    return found;
  }
  int replication_events() {
    events.flush();
    auto txn = store->database().begin(storage::sql::Access::kRead);
    int found = 0;
    for (const auto& row : storage::events_after(txn, storage::EventKind::kEvent, 0, 1000)) {
      found += row.type == "ECR Replication Action" ? 1 : 0;
    }
    return found;
  }

  JobRunner runner{services, {replication::kReplication, replication::kReplicationBackfill}};
};

TEST_F(ReplicationBackfillTest, ABackfillCopiesWhatWasThereBefore) {
  // The tag moves on, and leaves an image without tags.
  const std::string untagged = model::Digest::of(push_image("team/app", "v1", "three")).text();
  const std::string first = model::Digest::of(push_image("team/app", "v1", "one")).text();
  const std::string manifest = push_image("team/app", "v2", "two");
  const std::string second = model::Digest::of(manifest).text();
  call("PutImage",
       {{"repositoryName", "team/app"}, {"imageManifest", manifest}, {"imageTag", "also"}});
  call("CreateRepository", {{"repositoryName", "other/app"}});
  push_image("other/app", "v1", "four");
  configure(Json::array({to()}), "team/");
  run_jobs();
  EXPECT_TRUE(copies().empty());

  const std::string id = start();
  EXPECT_EQ(describe(id)["status"], "PREPARING");
  ASSERT_TRUE(runner.run_next());
  const Json prepared = describe(id);
  EXPECT_EQ(prepared["status"], "IN_PROGRESS");
  EXPECT_EQ(prepared["progress"], progress(4, 0));
  EXPECT_EQ(prepared["results"], Json::array());
  EXPECT_FALSE(prepared.contains("endedAt"));
  run_jobs();

  const Json done = describe(id);
  EXPECT_EQ(done["status"], "COMPLETE");
  EXPECT_EQ(done["progress"], progress(4, 4));
  EXPECT_TRUE(done.contains("endedAt"));
  EXPECT_FALSE(done.contains("failureCode"));
  std::set<std::string> results;
  for (const Json& result : done["results"]) {
    EXPECT_EQ(result["status"], "COMPLETE");
    EXPECT_EQ(result["repositoryName"], "team/app");
    EXPECT_FALSE(result.contains("subImageFailureCodes"));
    results.insert(result["imageId"]["imageDigest"].get<std::string>() + " " +
                   result["imageId"].value("imageTag", ""));
  }
  const std::set<std::string> all = {first + " v1", second + " v2", second + " also",
                                     untagged + " "};
  EXPECT_EQ(results, all);
  EXPECT_EQ(copies(), all);
  EXPECT_TRUE(copies("other/app").empty());
  EXPECT_EQ(replication_events(), 4);
  EXPECT_EQ(
      call("DescribeImageReplicationStatus",
           {{"repositoryName", "team/app"},
            {"imageId", {{"imageTag", "v1"}}}})["replicationStatuses"],
      Json::array({{{"region", kBackfillRegion}, {"registryId", kHome}, {"status", "COMPLETE"}}}));
  const Json listed = call("ListReplicationBackfills", Json::object())["backfills"];
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0]["replicationBackfillId"], id);
  EXPECT_EQ(listed[0]["progress"], done["progress"]);
}

TEST_F(ReplicationBackfillTest, ARegistryWithoutImagesIsCompleteAtOnce) {
  configure(Json::array({to()}));
  const std::string id = start();
  run_jobs();
  EXPECT_EQ(describe(id)["status"], "COMPLETE");
  EXPECT_EQ(describe(id)["progress"], progress(0, 0));
}

TEST_F(ReplicationBackfillTest, ArchivedImagesAreLeftOut) {
  push_image("team/app", "v1", "one");
  push_image("team/app", "v2", "two");
  call("UpdateImageStorageClass", {{"repositoryName", "team/app"},
                                   {"imageId", {{"imageTag", "v1"}}},
                                   {"targetStorageClass", "ARCHIVE"}});
  configure(Json::array({to()}));
  const std::string id = start();
  run_jobs();
  const Json results = describe(id)["results"];
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0]["imageId"]["imageTag"], "v2");
}

TEST_F(ReplicationBackfillTest, OneWaitsForTheOtherOfItsRegion) {
  configure(Json::array({to(), to(kForeign), to(kHome, "eu-west-2")}));
  start();
  EXPECT_EQ(fail("StartReplicationBackfill", {{"destination", to(kForeign)}}).first,
            "ReplicationBackfillInProgressException");
  start(to(kHome, "eu-west-2"));
  run_jobs();
  start(to(kForeign));
  const Json listed = call("ListReplicationBackfills", Json::object())["backfills"];
  ASSERT_EQ(listed.size(), 3u);  // the newest first
  EXPECT_EQ(listed[0]["destination"], to(kForeign));
}

struct BadBackfill {
  const char* operation;
  Json input;
  const char* type;
};

TEST_F(ReplicationBackfillTest, BadInput) {
  configure(Json::array({to()}), "team/");
  const std::string id = start();
  const std::vector<BadBackfill> cases = {
      {"StartReplicationBackfill", Json::object(), "InvalidParameterException"},
      {"StartReplicationBackfill", {{"destination", Json::object()}}, "InvalidParameterException"},
      {"StartReplicationBackfill",
       {{"destination", {{"region", kBackfillRegion}}}},
       "InvalidParameterException"},
      {"StartReplicationBackfill", {{"destination", to("1")}}, "InvalidParameterException"},
      {"StartReplicationBackfill", {{"destination", to(kHome, "E")}}, "InvalidParameterException"},
      // not in the configuration: the Region, the account, the registry itself
      {"StartReplicationBackfill",
       {{"destination", to(kHome, "eu-west-2")}},
       "InvalidParameterException"},
      {"StartReplicationBackfill", {{"destination", to(kForeign)}}, "InvalidParameterException"},
      {"StartReplicationBackfill",
       {{"destination", to(kHome, "us-east-1")}},
       "InvalidParameterException"},
      {"StartReplicationBackfill", {{"destination", "eu-west-1"}}, "SerializationException"},
      {"StartReplicationBackfill",
       {{"destination", to()}},
       "ReplicationBackfillInProgressException"},
      {"StopReplicationBackfill", Json::object(), "InvalidParameterException"},
      {"StopReplicationBackfill",
       {{"replicationBackfillId", ""}},
       "ReplicationBackfillNotFoundException"},
      {"StopReplicationBackfill",
       {{"replicationBackfillId", id + "x"}},
       "ReplicationBackfillNotFoundException"},
      {"ListReplicationBackfills", {{"maxResults", 0}}, "InvalidParameterException"},
      {"ListReplicationBackfills", {{"maxResults", 51}}, "InvalidParameterException"},
      {"ListReplicationBackfills", {{"nextToken", "x"}}, "InvalidParameterException"},
      {"DescribeReplicationBackfillResults", Json::object(), "InvalidParameterException"},
      {"DescribeReplicationBackfillResults",
       {{"replicationBackfillId", std::string(100'000, 'x')}},
       "ReplicationBackfillNotFoundException"},
      {"DescribeReplicationBackfillResults",
       {{"replicationBackfillId", id}, {"resultStatusFilter", "STOPPED"}},
       "InvalidParameterException"},
      {"DescribeReplicationBackfillResults",
       {{"replicationBackfillId", id}, {"maxResults", 1001}},
       "InvalidParameterException"},
      {"DescribeReplicationBackfillResults",
       {{"replicationBackfillId", id}, {"nextToken", "x"}},
       "InvalidParameterException"},
  };
  for (const BadBackfill& bad : cases) {
    EXPECT_EQ(fail(bad.operation, bad.input).first, bad.type)
        << bad.operation << bad.input.dump().substr(0, 200);
  }
}

TEST_F(ReplicationBackfillTest, AnotherRegistryDoesNotSeeIt) {
  configure(Json::array({to()}));
  const std::string id = start();
  const auto expect_unknown = [&] {
    EXPECT_EQ(call("ListReplicationBackfills", Json::object())["backfills"], Json::array());
    for (const char* operation :
         {"StopReplicationBackfill", "DescribeReplicationBackfillResults"}) {
      EXPECT_EQ(fail(operation, {{"replicationBackfillId", id}}).first,
                "ReplicationBackfillNotFoundException");
    }
  };
  region = "eu-west-2";
  expect_unknown();
  region = "us-east-1";
  keys = {kForeign, "test"};
  expect_unknown();
  EXPECT_EQ(
      fail("StopReplicationBackfill", {{"replicationBackfillId", id}, {"registryId", kHome}}).first,
      "AccessDeniedException");
}

TEST_F(ReplicationBackfillTest, StoppedBeforeItBegan) {
  push_image("team/app", "v1", "one");
  configure(Json::array({to()}));
  const std::string id = start();
  const Json stopped = stop(id);
  EXPECT_EQ(stopped["status"], "STOPPING");
  EXPECT_EQ(stopped["replicationBackfillId"], id);
  const Json again = {{"replicationBackfillId", id}};
  EXPECT_EQ(fail("StopReplicationBackfill", again).first,
            "ReplicationBackfillInvalidStatusException");
  run_jobs();
  const Json end = describe(id);
  EXPECT_EQ(end["status"], "STOPPED");
  EXPECT_TRUE(end.contains("endedAt"));
  EXPECT_EQ(end["results"], Json::array());
  EXPECT_TRUE(copies().empty());
  EXPECT_EQ(fail("StopReplicationBackfill", again).first,
            "ReplicationBackfillInvalidStatusException");
}

// A step copies fifty images.
TEST_F(ReplicationBackfillTest, StoppedBetweenStepsItKeepsWhatIsDone) {
  push_many(120);
  configure(Json::array({to()}));
  const std::string id = start();
  for (int steps = 0; steps < 2; ++steps) ASSERT_TRUE(runner.run_next());
  EXPECT_EQ(describe(id)["progress"], progress(120, 50));
  stop(id);
  run_jobs();
  const Json end = describe(id);
  EXPECT_EQ(end["status"], "STOPPED");
  EXPECT_EQ(end["progress"], progress(120, 50));
  EXPECT_EQ(end["results"].size(), 50u);
  EXPECT_FALSE(end.contains("nextToken"));
  EXPECT_EQ(copies().size(), 50u);
  start();  // a new one finds those fifty there
  run_jobs();
  EXPECT_EQ(copies().size(), 120u);
}

TEST_F(ReplicationBackfillTest, MoreImagesThanOneStepLists) {
  const std::string manifest = push_image("team/app", "v", "one");
  for (int i = 0; i < 600; ++i) {
    call("PutImage", {{"repositoryName", "team/app"},
                      {"imageManifest", manifest},
                      {"imageTag", base::format("t{}", i)}});
  }
  configure(Json::array({to()}));
  const std::string id = start();
  ASSERT_TRUE(runner.run_next());
  EXPECT_EQ(describe(id)["status"], "PREPARING");
  EXPECT_EQ(describe(id)["progress"], progress(500, 0));
  run_jobs();
  EXPECT_EQ(describe(id)["progress"], progress(601, 601));
  EXPECT_EQ(copies().size(), 601u);
}

TEST_F(ReplicationBackfillTest, FailsWhereHalfOfAHundredFail) {
  push_many(120);
  configure(Json::array({to(kForeign)}));
  const std::string id = start(to(kForeign));
  run_jobs();
  const Json end = describe(id);
  EXPECT_EQ(end["status"], "FAILED");
  EXPECT_FALSE(end["failureCode"].get<std::string>().empty());
  EXPECT_EQ(end["progress"], progress(120, 0, 100, Json::array({"AccessDeniedException"})));
  ASSERT_EQ(end["results"].size(), 100u);
  EXPECT_EQ(end["results"][0]["status"], "FAILED");
  EXPECT_EQ(end["results"][0]["failureCode"], "AccessDeniedException");
  EXPECT_EQ(describe(id, "FAILED")["results"].size(), 100u);
  EXPECT_EQ(describe(id, "COMPLETE")["results"], Json::array());
}

TEST_F(ReplicationBackfillTest, FewerFailuresAreInItsResults) {
  const std::string child = push_image("team/app", "v1", "one");
  const Json index = {{"schemaVersion", 2},
                      {"mediaType", "application/vnd.oci.image.index.v1+json"},
                      {"manifests",
                       {{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                         {"digest", model::Digest::of(child).text()},
                         {"size", child.size()}}}}};
  call("PutImage",
       {{"repositoryName", "team/app"}, {"imageManifest", index.dump()}, {"imageTag", "all"}});
  configure(Json::array({to(kForeign)}));
  const std::string id = start(to(kForeign));
  run_jobs();
  const Json end = describe(id);
  EXPECT_EQ(end["status"], "COMPLETE");
  EXPECT_FALSE(end.contains("failureCode"));
  EXPECT_EQ(end["progress"], progress(2, 0, 2, Json::array({"AccessDeniedException"})));
  ASSERT_EQ(end["results"].size(), 2u);
  for (const Json& result : end["results"]) {
    // Only an index says which of the images that it names failed.
    EXPECT_EQ(result.contains("subImageFailureCodes"), result["imageId"]["imageTag"] == "all");
    if (result.contains("subImageFailureCodes")) {
      EXPECT_EQ(result["subImageFailureCodes"], Json::array({"AccessDeniedException"}));
    }
  }
}

TEST_F(ReplicationBackfillTest, AnIndexArrivesWithItsImages) {
  const std::string child = push_image("team/app", "all", "one");
  const Json index = {{"schemaVersion", 2},
                      {"mediaType", "application/vnd.oci.image.index.v1+json"},
                      {"manifests",
                       {{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                         {"digest", model::Digest::of(child).text()},
                         {"size", child.size()}}}}};
  call("PutImage",
       {{"repositoryName", "team/app"}, {"imageManifest", index.dump()}, {"imageTag", "all"}});
  configure(Json::array({to()}));
  const std::string id = start();
  run_jobs();
  EXPECT_EQ(describe(id)["progress"], progress(2, 2));
  EXPECT_EQ(copies().size(), 2u);
}

TEST_F(ReplicationBackfillTest, WhatIsDeletedMeanwhileFails) {
  push_image("team/app", "v1", "one");
  push_image("team/app", "v2", "two");
  call("CreateRepository", {{"repositoryName", "team/gone"}});
  push_image("team/gone", "v1", "three");
  configure(Json::array({to()}));
  const std::string id = start();
  ASSERT_TRUE(runner.run_next());
  call("BatchDeleteImage", {{"repositoryName", "team/app"}, {"imageIds", {{{"imageTag", "v1"}}}}});
  call("DeleteRepository", {{"repositoryName", "team/gone"}, {"force", true}});
  run_jobs();
  const Json end = describe(id);
  EXPECT_EQ(end["status"], "COMPLETE");
  EXPECT_EQ(end["progress"]["completedReplicationCount"], 1);
  std::set<std::string> failures;
  for (const Json& result : end["results"]) {
    if (result["status"] == "COMPLETE") continue;
    failures.insert(result["repositoryName"].get<std::string>() + " " +
                    result["failureCode"].get<std::string>());
  }
  EXPECT_EQ(failures, (std::set<std::string>{"team/app ImageNotFoundException",
                                             "team/gone RepositoryNotFoundException"}));
  EXPECT_EQ(replication_events(), 1);
}

TEST_F(ReplicationBackfillTest, WhatTheConfigurationNoLongerNamesStaysWhereItIs) {
  push_image("team/app", "v1", "one");
  configure(Json::array({to()}));
  const std::string id = start();
  ASSERT_TRUE(runner.run_next());
  configure(Json::array({to()}), "other/");
  run_jobs();
  EXPECT_EQ(describe(id)["progress"],
            progress(1, 0, 1, Json::array({"InvalidParameterException"})));
  EXPECT_TRUE(copies().empty());
}

TEST_F(ReplicationBackfillTest, IsForgottenNinetyDaysAfterItsEnd) {
  push_image("team/app", "v1", "one");
  configure(Json::array({to(), to(kHome, "eu-west-2")}));
  const std::string id = start();
  run_jobs();
  const std::string running = start(to(kHome, "eu-west-2"));
  clock.time += std::chrono::hours(24 * 90) - std::chrono::milliseconds(1);
  EXPECT_EQ(describe(id)["results"].size(), 1u);
  clock.time += std::chrono::milliseconds(1);
  EXPECT_EQ(fail("DescribeReplicationBackfillResults", {{"replicationBackfillId", id}}).first,
            "ReplicationBackfillNotFoundException");
  EXPECT_EQ(describe(running)["status"], "PREPARING");
  EXPECT_EQ(call("ListReplicationBackfills", Json::object())["backfills"].size(), 1u);

  JobRunner all(services, {replication::kReplication, replication::kReplicationBackfill,
                           replication::kExpiredBackfills});
  all.make_due(replication::kExpiredBackfills.kind);
  EXPECT_TRUE(all.run_due(100).complete);
  auto txn = store->database().begin(storage::sql::Access::kRead);
  EXPECT_FALSE(storage::find_replication_backfill(txn, id));
  EXPECT_TRUE(storage::find_replication_backfill(txn, running));
}

}  // namespace
}  // namespace ecr::api::test
