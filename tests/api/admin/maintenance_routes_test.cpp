// Garbage collection as clients and operators see it, and a disk that fails.
#include <set>

#include <gmock/gmock.h>

#include "api/core/background/jobs.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using std::chrono::hours;

class GarbageTest : public ApiTest {
 protected:
  GarbageTest() { call("CreateRepository", {{"repositoryName", "app"}}); }

  std::string begin_upload() {
    const auto response = registry("POST", "/v2/app/blobs/uploads/");
    EXPECT_EQ(response.status, 202);
    return header_of(response, "Location");
  }
  HttpResponse admin_request(const std::string& method, const std::string& target) {
    return admin.handle(make_request(method, target, {{"Host", host}}, ""));
  }
  Json gc(const std::string& query = "") {
    const auto response = admin_request("POST", "/_ecr-local/gc" + query);
    EXPECT_EQ(response.status, 200) << body_of(response);
    return Json::parse(body_of(response));
  }
  int head(const std::string& digest) { return registry("HEAD", "/v2/app/blobs/" + digest).status; }
  std::set<std::string> upload_files() {
    std::set<std::string> files;
    store->blobs().list([](const auto&, std::uint64_t) {},
                        [&](const std::string& id) { files.insert(id); });
    return files;
  }
};

TEST_F(GarbageTest, TheJobRemovesOldUploadsAndBlobs) {
  const std::string old = begin_upload();
  EXPECT_EQ(registry("PATCH", old, "partly").status, 202);
  const std::string blob = push_blob("app", "never named");
  push_image("app", "v1", "named");
  clock.time += hours(23);
  const std::string young = begin_upload();
  EXPECT_EQ(registry("PATCH", young, "partly").status, 202);
  clock.time += hours(2);
  JobRunner tidy(services, {garbage_collection(settings)});
  tidy.make_due("");
  const auto report = tidy.run_due(10);
  ASSERT_EQ(report.outcomes.size(), 1u);
  EXPECT_EQ(report.outcomes[0].error, "");
  EXPECT_EQ(registry("GET", old).status, 404);
  EXPECT_EQ(registry("GET", young).status, 204);
  EXPECT_EQ(upload_files().size(), 1u);
  EXPECT_EQ(head(blob), 404);
  EXPECT_EQ(registry("GET", "/v2/app/manifests/v1").status, 200);
}

TEST_F(GarbageTest, AnActiveUploadIsKept) {
  const std::string location = begin_upload();
  for (int i = 0; i < 4; ++i) {
    clock.time += hours(20);
    EXPECT_EQ(registry("PATCH", location, "more").status, 202);
    EXPECT_EQ(gc().at("uploads"), 0);
  }
  clock.time += hours(20);
  EXPECT_EQ(registry("GET", location).status, 204);
  clock.time += hours(20);
  EXPECT_EQ(gc().at("uploads"), 0);
  clock.time += hours(5);
  EXPECT_EQ(gc().at("uploads"), 1);
  EXPECT_EQ(registry("PATCH", location, "more").status, 404);
  EXPECT_TRUE(upload_files().empty());
}

TEST_F(GarbageTest, ARequestReportsWhatItRemoved) {
  push_blob("app", "12345");
  begin_upload();
  EXPECT_EQ(gc(), (Json{{"uploads", 0}, {"unnamedBlobs", 0}, {"blobs", 0}, {"bytes", 0}}));
  EXPECT_EQ(gc("?grace=1h"), gc());
  clock.time += hours(2);
  EXPECT_EQ(gc("?grace=1h"),
            (Json{{"uploads", 1}, {"unnamedBlobs", 1}, {"blobs", 1}, {"bytes", 5}}));
  const std::string blob = push_blob("app", "a moment ago");
  EXPECT_EQ(gc("?grace=0s").at("blobs"), 1);
  EXPECT_EQ(head(blob), 404);
}

TEST_F(GarbageTest, ARequestNeedsAValidGraceAndTheRightToAdminister) {
  for (const char* query : {"?grace=soon", "?grace=-1h", "?grace=", "?other=1"}) {
    EXPECT_EQ(admin_request("POST", std::string("/_ecr-local/gc") + query).status, 400) << query;
  }
  EXPECT_EQ(admin_request("GET", "/_ecr-local/gc").status, 405);
  settings.admin_token = "secret";
  EXPECT_EQ(admin_request("POST", "/_ecr-local/gc").status, 403);
}

TEST_F(GarbageTest, ABlobThatAClientWasToldOfIsKeptUntilItsManifestComes) {
  const std::string by_head = push_blob("app", "by HEAD");
  const std::string by_api = push_blob("app", "by the API");
  const std::string unasked = push_blob("app", "unasked");
  clock.time += hours(23);
  EXPECT_EQ(head(by_head), 200);
  const auto layers = call("BatchCheckLayerAvailability",
                           {{"repositoryName", "app"}, {"layerDigests", Json::array({by_api})}});
  EXPECT_EQ(layers["layers"][0]["layerAvailability"], "AVAILABLE");
  clock.time += hours(11);
  EXPECT_EQ(gc().at("blobs"), 1);
  EXPECT_EQ(head(unasked), 404);
  EXPECT_EQ(head(by_head), 200);
  EXPECT_EQ(head(by_api), 200);
}

TEST_F(GarbageTest, BlobsOfADeletedImageStayForTheGrace) {
  const Json manifest = Json::parse(push_image("app", "v1", "content"));
  const std::string layer = manifest["layers"][0]["digest"].get<std::string>();
  clock.time += hours(100);
  call("BatchDeleteImage",
       {{"repositoryName", "app"}, {"imageIds", Json::array({{{"imageTag", "v1"}}})}});
  clock.time += hours(23);
  EXPECT_EQ(gc().at("blobs"), 0);
  EXPECT_EQ(registry("GET", "/v2/app/blobs/" + layer).status, 200);
  clock.time += hours(2);
  EXPECT_GE(gc().at("blobs").get<int>(), 1);
  EXPECT_EQ(head(layer), 404);
}

TEST_F(GarbageTest, AfterAFailedSyncNothingIsAcknowledgedAndReadsGoOn) {
  push_image("app", "v1", "content");
  const std::string upload = begin_upload();
  clock.time += hours(1);
  store->sync_failures().record("syncing blobs: Input/output error");

  EXPECT_EQ(registry("POST", "/v2/app/blobs/uploads/").status, 503);
  EXPECT_EQ(registry("PUT", "/v2/app/manifests/v2", "{}").status, 503);
  EXPECT_EQ(registry("DELETE", "/v2/app/manifests/v1").status, 503);
  EXPECT_EQ(send("CreateRepository", Json{{"repositoryName", "new"}}).status, 503);
  EXPECT_EQ(admin_request("POST", "/_ecr-local/gc?grace=0s").status, 503);
  EXPECT_THROW(registry("PATCH", upload, "bytes"), std::exception) << "the server answers 503";

  EXPECT_EQ(registry("GET", "/v2/app/manifests/v1").status, 200);
  EXPECT_EQ(registry("GET", "/v2/app/tags/list").status, 200);
  EXPECT_EQ(send("DescribeRepositories", Json::object()).status, 200);

  const auto health = admin_request("GET", "/_ecr-local/health");
  EXPECT_EQ(health.status, 503);
  const Json json = Json::parse(body_of(health));
  EXPECT_EQ(json["status"], "read-only");
  EXPECT_EQ(json["subsystems"]["storage"], "read-only");
  EXPECT_THAT(json["reason"].get<std::string>(), ::testing::HasSubstr("syncing blobs"));
}

}  // namespace
}  // namespace ecr::api::test
