// UpdateImageStorageClass: into the archive, and back.
#include "api/ecr/ecr_api.h"
#include "storage/rows/events.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

class StorageClass : public ApiTest {
 protected:
  StorageClass() {
    call("CreateRepository", {{"repositoryName", "app"}});
    manifest = push_image("app", "v1", "content");
    digest = model::Digest::of(manifest).text();
  }
  static Json input(const char* storage_class, const std::string& tag = "v1") {
    return {{"repositoryName", "app"},
            {"imageId", {{"imageTag", tag}}},
            {"targetStorageClass", storage_class}};
  }
  std::string update(const char* storage_class, const std::string& tag = "v1") {
    return call("UpdateImageStorageClass", input(storage_class, tag))["imageStatus"]
        .get<std::string>();
  }
  Json detail() {
    return call("DescribeImages", {{"repositoryName", "app"},
                                   {"imageIds", {{{"imageDigest", digest}}}}})["imageDetails"][0];
  }
  int pull() { return registry("GET", "/v2/app/manifests/v1").status; }
  std::vector<Json> told() {
    events.flush();
    auto txn = store->database().begin(storage::sql::Access::kRead);
    std::vector<Json> details;
    for (const auto& row : storage::events_after(txn, storage::EventKind::kEvent, 0, 100)) {
      Json detail = Json::parse(row.body)["detail"];
      if (detail["action-type"] == "UPDATE_STORAGE_CLASS") details.push_back(std::move(detail));
    }
    return details;
  }
  std::string availability() {
    return call("BatchCheckLayerAvailability",
                {{"repositoryName", "app"},
                 {"layerDigests",
                  {model::Digest::of("content").text()}}})["layers"][0]["layerAvailability"]
        .get<std::string>();
  }

  std::string manifest;
  std::string digest;
  JobRunner runner{services, ecr::job_kinds()};
};

TEST_F(StorageClass, AnArchivedImageIsHiddenAndNotPulled) {
  clock.time += std::chrono::hours(1);
  EXPECT_EQ(call("UpdateImageStorageClass", input("ARCHIVE")),
            (Json{{"registryId", "000000000000"},
                  {"repositoryName", "app"},
                  {"imageId", {{"imageDigest", digest}, {"imageTag", "v1"}}},
                  {"imageStatus", "ARCHIVED"}}));
  EXPECT_EQ(pull(), 404);
  EXPECT_EQ(call("ListImages", {{"repositoryName", "app"}})["imageIds"], Json::array());
  EXPECT_EQ(detail()["imageStatus"], "ARCHIVED");
  EXPECT_EQ(detail()["lastArchivedAt"], base::to_epoch_seconds(clock.now()));
  EXPECT_EQ(availability(), "ARCHIVED");
  const auto sent = told();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0]["target-storage-class"], "ARCHIVE");
  EXPECT_EQ(sent[0]["image-tag"], "v1");
  EXPECT_FALSE(sent[0].contains("last-activated-at"));
}

TEST_F(StorageClass, ARestoredImageIsActivatedByAJob) {
  update("ARCHIVE");
  EXPECT_EQ(update("STANDARD"), "ACTIVATING");
  EXPECT_EQ(update("STANDARD"), "ACTIVATING");
  EXPECT_EQ(detail()["imageStatus"], "ACTIVATING");
  EXPECT_EQ(pull(), 404);
  EXPECT_EQ(fail("UpdateImageStorageClass", input("ARCHIVE")).first,
            "ImageStorageClassUpdateNotSupportedException");
  clock.time += std::chrono::minutes(20);
  runner.run_due(10);
  EXPECT_EQ(detail()["imageStatus"], "ACTIVE");
  EXPECT_EQ(detail()["lastActivatedAt"], base::to_epoch_seconds(clock.now()));
  EXPECT_EQ(pull(), 200);
  EXPECT_EQ(availability(), "AVAILABLE");
  const auto sent = told();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1]["target-storage-class"], "STANDARD");
  EXPECT_EQ(sent[1]["last-activated-at"], base::format_iso8601(clock.now()));
}

TEST_F(StorageClass, TheClassThatAnImageHasChangesNothing) {
  EXPECT_EQ(update("STANDARD"), "ACTIVE");
  EXPECT_EQ(update("ARCHIVE"), "ARCHIVED");
  EXPECT_EQ(update("ARCHIVE"), "ARCHIVED");
  EXPECT_EQ(told().size(), 1u);
}

TEST_F(StorageClass, AnImageThatGoesIsNotRestored) {
  update("ARCHIVE");
  update("STANDARD");
  call("BatchDeleteImage", {{"repositoryName", "app"}, {"imageIds", {{{"imageTag", "v1"}}}}});
  EXPECT_EQ(runner.run_due(10).outcomes.size(), 1u);
  EXPECT_EQ(told().size(), 1u);
}

TEST_F(StorageClass, APushBringsAnImageBackBeforeTheJobDoes) {
  update("ARCHIVE");
  update("STANDARD");
  push_image("app", "v1", "content");
  EXPECT_EQ(detail()["imageStatus"], "ACTIVE");
  runner.run_due(10);
  EXPECT_EQ(detail()["imageStatus"], "ACTIVE");
}

TEST_F(StorageClass, AnImageOfAnActiveIndexIsNotArchived) {
  const Json index = {
      {"schemaVersion", 2},
      {"mediaType", "application/vnd.oci.image.index.v1+json"},
      {"manifests", Json::array({{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                                  {"digest", digest},
                                  {"size", manifest.size()}}})}};
  call("PutImage",
       {{"repositoryName", "app"}, {"imageManifest", index.dump()}, {"imageTag", "index"}});
  EXPECT_EQ(fail("UpdateImageStorageClass", input("ARCHIVE")).first,
            "ImageStorageClassUpdateNotSupportedException");
  EXPECT_EQ(update("ARCHIVE", "index"), "ARCHIVED");
  EXPECT_EQ(update("ARCHIVE"), "ARCHIVED");
}

}  // namespace
}  // namespace ecr::api::test
