#include <set>

#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using Error = std::pair<std::string, std::string>;

class EcrImages : public ApiTest {
 protected:
  EcrImages() { call("CreateRepository", {{"repositoryName", "app"}}); }

  Json image_ids(const char* status = "ANY") {
    return call("ListImages",
                {{"repositoryName", "app"}, {"filter", {{"tagStatus", status}}}})["imageIds"];
  }
  // An index of one child that is in the repository.
  std::string push_index(const std::string& tag, const std::string& child) {
    const Json index = {{"schemaVersion", 2},
                        {"mediaType", "application/vnd.oci.image.index.v1+json"},
                        {"manifests",
                         {{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                           {"digest", model::Digest::of(child).text()},
                           {"size", child.size()}}}}};
    const std::string text = index.dump();
    const auto response = registry("PUT", "/v2/app/manifests/" + tag, text,
                                   {{"Content-Type", "application/vnd.oci.image.index.v1+json"}});
    EXPECT_EQ(response.status, 201) << body_of(response);
    return text;
  }
};

TEST_F(EcrImages, AnImageThatDockerPushedIsDescribed) {
  const std::string manifest = push_image("app", "1", "content");
  const Json details = call("DescribeImages", {{"repositoryName", "app"}})["imageDetails"];
  ASSERT_EQ(details.size(), 1u);
  EXPECT_EQ(details[0]["imageDigest"], model::Digest::of(manifest).text());
  EXPECT_EQ(details[0]["imageTags"], Json({"1"}));
  EXPECT_EQ(details[0]["imageManifestMediaType"], "application/vnd.oci.image.manifest.v1+json");
  EXPECT_EQ(details[0]["artifactMediaType"], "application/vnd.oci.image.config.v1+json");
  EXPECT_EQ(details[0]["imageSizeInBytes"], 20 + 7);
  EXPECT_EQ(details[0]["imagePushedAt"], 1'700'000'000.123);
  EXPECT_FALSE(details[0].contains("lastRecordedPullTime"));
}

TEST_F(EcrImages, APullIsRecorded) {
  push_image("app", "1", "content");
  clock.time += std::chrono::hours(1);
  EXPECT_EQ(registry("GET", "/v2/app/manifests/1").status, 200);
  const Json details = call("DescribeImages", {{"repositoryName", "app"}})["imageDetails"];
  EXPECT_EQ(details[0]["lastRecordedPullTime"], 1'700'003'600.123);
}

TEST_F(EcrImages, PutImageRetagsAndSaysWhatExists) {
  const std::string manifest = push_image("app", "1", "content");
  const std::string digest = model::Digest::of(manifest).text();
  EXPECT_EQ(
      fail("PutImage", {{"repositoryName", "app"}, {"imageManifest", manifest}, {"imageTag", "1"}}),
      Error("ImageAlreadyExistsException",
            "Image with digest '" + digest +
                "' and tag '1' already exists in the repository with name 'app' in registry "
                "with id '000000000000'"));
  const Json image =
      call("PutImage",
           {{"repositoryName", "app"}, {"imageManifest", manifest}, {"imageTag", "2"}})["image"];
  EXPECT_EQ(image["imageId"], Json({{"imageDigest", digest}, {"imageTag", "2"}}));
  EXPECT_EQ(image["imageManifest"], manifest);
  EXPECT_EQ(image_ids().size(), 2u);
}

TEST_F(EcrImages, PutImageNamesTheLayersThatAreMissing) {
  call("CreateRepository", {{"repositoryName", "other"}});
  const std::string manifest = push_image("other", "1", "content");
  // The same bytes in another repository do not count.
  const auto [type, message] =
      fail("PutImage", {{"repositoryName", "app"}, {"imageManifest", manifest}});
  EXPECT_EQ(type, "LayersNotFoundException");
  EXPECT_NE(message.find(model::Digest::of("content").text()), std::string::npos);
  EXPECT_TRUE(image_ids().empty());
}

TEST_F(EcrImages, PutImageChecksTheDigestItIsGiven) {
  const std::string manifest = push_image("app", "1", "content");
  EXPECT_EQ(fail("PutImage", {{"repositoryName", "app"},
                              {"imageManifest", manifest},
                              {"imageTag", "2"},
                              {"imageDigest", model::Digest::of("other").text()}})
                .first,
            "ImageDigestDoesNotMatchException");
}

TEST_F(EcrImages, AMovedTagLeavesTheOldImageUntagged) {
  const std::string first = push_image("app", "1", "one");
  push_image("app", "1", "two");
  const Json expected = {{{"imageDigest", model::Digest::of(first).text()}}};
  EXPECT_EQ(image_ids("UNTAGGED"), expected);
  EXPECT_EQ(image_ids("TAGGED").size(), 1u);
}

TEST_F(EcrImages, ImmutableTagsStayOnBothPlanes) {
  call("CreateRepository", {{"repositoryName", "fixed"}, {"imageTagMutability", "IMMUTABLE"}});
  push_image("fixed", "1", "one");
  const std::string other = push_image("fixed", "2", "two");
  const std::string message =
      "The image tag '1' already exists in the 'fixed' repository and cannot be overwritten "
      "because the tag is immutable.";
  EXPECT_EQ(
      fail("PutImage", {{"repositoryName", "fixed"}, {"imageManifest", other}, {"imageTag", "1"}}),
      Error("ImageTagAlreadyExistsException", message));
  const auto pushed = registry("PUT", "/v2/fixed/manifests/1", other);
  EXPECT_EQ(pushed.status, 400);
  EXPECT_EQ(Json::parse(body_of(pushed))["errors"][0],
            Json({{"code", "TAG_INVALID"}, {"message", message}}));
}

TEST_F(EcrImages, ExclusionFiltersTurnMutabilityAround) {
  call("CreateRepository", {{"repositoryName", "mixed"},
                            {"imageTagMutability", "IMMUTABLE_WITH_EXCLUSION"},
                            {"imageTagMutabilityExclusionFilters",
                             {{{"filterType", "WILDCARD"}, {"filter", "dev*"}}}}});
  push_image("mixed", "dev-1", "one");
  push_image("mixed", "v1", "one");
  const std::string other = push_image("mixed", "dev-1", "two");
  EXPECT_EQ(registry("PUT", "/v2/mixed/manifests/v1", other).status, 400);
}

TEST_F(EcrImages, BatchGetImageAnswersEachIdByItself) {
  const std::string manifest = push_image("app", "1", "content");
  const std::string digest = model::Digest::of(manifest).text();
  const Json output = call("BatchGetImage", {{"repositoryName", "app"},
                                             {"imageIds",
                                              {{{"imageTag", "1"}},
                                               {{"imageTag", "gone"}},
                                               Json::object(),
                                               {{"imageDigest", "md5:00"}}}}});
  ASSERT_EQ(output["images"].size(), 1u);
  EXPECT_EQ(output["images"][0]["imageManifest"], manifest);
  EXPECT_EQ(output["images"][0]["imageId"], Json({{"imageDigest", digest}, {"imageTag", "1"}}));
  const Json expected = {
      {{"imageId", {{"imageTag", "gone"}}},
       {"failureCode", "ImageNotFound"},
       {"failureReason", "Requested image not found"}},
      {{"imageId", Json::object()},
       {"failureCode", "MissingDigestAndTag"},
       {"failureReason", "Invalid request parameters: both tag and digest cannot be null"}},
      {{"imageId", {{"imageDigest", "md5:00"}}},
       {"failureCode", "InvalidImageDigest"},
       {"failureReason",
        "Invalid request parameters: image digest should satisfy the regex "
        "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"}}};
  EXPECT_EQ(output["failures"], expected);
}

TEST_F(EcrImages, DescribeImagesNamesTheFirstThatIsMissing) {
  EXPECT_EQ(
      fail("DescribeImages", {{"repositoryName", "app"}, {"imageIds", {{{"imageTag", "t"}}}}}),
      Error("ImageNotFoundException",
            "The image with imageId {imageDigest:'null', imageTag:'t'} does not exist "
            "within the repository with name 'app' in the registry with id '000000000000'"));
}

TEST_F(EcrImages, DeleteByTagTakesTheTagAndTheImageWithItsLast) {
  const std::string manifest = push_image("app", "1", "content");
  push_image("app", "2", "content");
  const Json one = {{"repositoryName", "app"}, {"imageIds", {{{"imageTag", "1"}}}}};
  call("BatchDeleteImage", one);
  EXPECT_EQ(image_ids().size(), 1u);
  EXPECT_EQ(call("BatchDeleteImage", one)["failures"].size(), 1u);
  call("BatchDeleteImage", {{"repositoryName", "app"}, {"imageIds", {{{"imageTag", "2"}}}}});
  EXPECT_TRUE(image_ids().empty());
}

TEST_F(EcrImages, DeleteByDigestTakesEveryTag) {
  const std::string digest = model::Digest::of(push_image("app", "1", "content")).text();
  push_image("app", "2", "content");
  const Json output = call("BatchDeleteImage",
                           {{"repositoryName", "app"}, {"imageIds", {{{"imageDigest", digest}}}}});
  const Json expected = {{{"imageDigest", digest}, {"imageTag", "1"}},
                         {{"imageDigest", digest}, {"imageTag", "2"}}};
  EXPECT_EQ(output["imageIds"], expected);
  EXPECT_TRUE(image_ids().empty());
}

TEST_F(EcrImages, AChildStaysAsLongAsItsIndex) {
  const std::string child = push_image("app", "child", "content");
  const std::string digest = model::Digest::of(child).text();
  const std::string index = model::Digest::of(push_index("multi", child)).text();
  const Json request = {{"repositoryName", "app"}, {"imageIds", {{{"imageDigest", digest}}}}};
  const Json refused = call("BatchDeleteImage", request)["failures"];
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0]["failureCode"], "ImageReferencedByManifestList");
  EXPECT_EQ(refused[0]["failureReason"],
            "Requested image referenced by manifest list: [" + index + "]");
  call("BatchDeleteImage", {{"repositoryName", "app"}, {"imageIds", {{{"imageTag", "multi"}}}}});
  EXPECT_TRUE(call("BatchDeleteImage", request)["failures"].empty());
}

TEST_F(EcrImages, AnIndexNeedsItsChildrenAndIsAsLargeAsTheLargest) {
  const std::string child = push_image("app", "child", "content");
  push_index("multi", child);
  const Json details =
      call("DescribeImages", {{"repositoryName", "app"}, {"imageIds", {{{"imageTag", "multi"}}}}});
  EXPECT_EQ(details["imageDetails"][0]["imageSizeInBytes"], 27);
  call("CreateRepository", {{"repositoryName", "empty"}});
  const std::string index = body_of(registry("GET", "/v2/app/manifests/multi"));
  EXPECT_EQ(fail("PutImage", {{"repositoryName", "empty"}, {"imageManifest", index}}).first,
            "ReferencedImagesNotFoundException");
}

TEST_F(EcrImages, PagesOfImagesMakeUpTheWhole) {
  for (int i = 0; i < 12; ++i) push_image("app", "t" + std::to_string(i), std::to_string(i));
  for (const char* operation : {"ListImages", "DescribeImages"}) {
    const std::string member = operation == std::string("ListImages") ? "imageIds" : "imageDetails";
    for (const int size : {1, 5, 12}) {
      std::set<std::string> seen;
      Json input = {{"repositoryName", "app"}, {"maxResults", size}};
      for (;;) {
        const Json page = call(operation, input);
        for (const Json& item : page[member]) {
          EXPECT_TRUE(seen.insert(item["imageDigest"].get<std::string>()).second);
        }
        if (!page.contains("nextToken")) break;
        input["nextToken"] = page["nextToken"];
      }
      EXPECT_EQ(seen.size(), 12u) << operation << size;
    }
  }
}

}  // namespace
}  // namespace ecr::api::test
