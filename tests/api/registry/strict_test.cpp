// --strict-ecr: each difference between ECR and the specification, as ECR has it.

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kOciType = "application/vnd.oci.image.manifest.v1+json";

class RegistryStrictTest : public ApiTest {
 protected:
  RegistryStrictTest() {
    settings.strict_ecr = true;
    call("CreateRepository", {{"repositoryName", "app"}});
    call("CreateRepository", {{"repositoryName", "fixed"}, {"imageTagMutability", "IMMUTABLE"}});
  }
  Json first_error(const HttpResponse& response) {
    return Json::parse(body_of(response))["errors"][0];
  }
};

TEST_F(RegistryStrictTest, APatchIsCreated) {
  const std::string at = header_of(registry("POST", "/v2/app/blobs/uploads/"), "Location");
  EXPECT_EQ(registry("PATCH", at, "bytes").status, 201);
}

TEST_F(RegistryStrictTest, AGetOfAManifestHasNoDigest) {
  const std::string digest = model::Digest::of(push_image("app", "1", "content")).text();
  EXPECT_EQ(header_of(registry("GET", "/v2/app/manifests/1"), "Docker-Content-Digest"), "");
  EXPECT_EQ(header_of(registry("HEAD", "/v2/app/manifests/1"), "Docker-Content-Digest"), digest);
}

TEST_F(RegistryStrictTest, TagsAreTextInPagesOfAHundredWithOpaqueTokens) {
  for (int i = 0; i < 101; ++i) push_image("app", base::format("t{:03}", i), "content");
  const auto page = registry("GET", "/v2/app/tags/list");
  EXPECT_EQ(header_of(page, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(Json::parse(body_of(page))["tags"].size(), 100u);
  const std::string link = header_of(page, "Link");
  const std::string start = "<http://localhost:4599";
  ASSERT_TRUE(link.starts_with(start + "/v2/app/tags/list?last=")) << link;
  EXPECT_EQ(link.find("t099"), std::string::npos) << link;
  const std::string next = link.substr(start.size(), link.find('>') - start.size());
  EXPECT_EQ(Json::parse(body_of(registry("GET", next)))["tags"], Json({"t100"}));
  EXPECT_EQ(registry("GET", "/v2/app/tags/list?last=t099").status, 400);
  EXPECT_EQ(registry("GET", "/v2/_catalog" + next.substr(next.find('?'))).status, 400);
}

TEST_F(RegistryStrictTest, AThousandIsTheMost) {
  for (const char* path : {"/v2/app/tags/list", "/v2/_catalog"}) {
    EXPECT_EQ(registry("GET", std::string(path) + "?n=1000").status, 200);
    const auto response = registry("GET", std::string(path) + "?n=1001");
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(first_error(response),
              Json({{"code", "UNSUPPORTED"},
                    {"message",
                     "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must "
                     "have value less than or equal to 1000'"}}));
  }
}

TEST_F(RegistryStrictTest, AnImmutableTagRefusesEvenItsOwnDigest) {
  const std::string manifest = push_image("fixed", "1", "content");
  const auto response =
      registry("PUT", "/v2/fixed/manifests/1", manifest, {{"Content-Type", kOciType}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(first_error(response)["code"], "TAG_INVALID");
  push_image("app", "1", "content");
  EXPECT_EQ(registry("PUT", "/v2/app/manifests/1", manifest, {{"Content-Type", kOciType}}).status,
            201);
}

TEST_F(RegistryStrictTest, ABadManifestIsUnsupported) {
  const auto response = registry("PUT", "/v2/app/manifests/1", "{", {{"Content-Type", kOciType}});
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(first_error(response),
            Json({{"code", "UNSUPPORTED"},
                  {"message",
                   "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid "
                   "JSON syntax'"}}));
}

TEST_F(RegistryStrictTest, ATagThatIsNoneIsInvalid) {
  const auto response = registry("GET", "/v2/app/manifests/a+b");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(first_error(response)["code"], "TAG_INVALID");
}

TEST_F(RegistryStrictTest, AMediaTypeWithParametersIsUnsupported) {
  const std::string odd = "application/vnd.dev.sigstore.bundle+json;version=0.2";
  const std::string words =
      "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'";
  const Json plain = Json::parse(push_image("app", "1", "content"));
  const Json named = {{"mediaType", odd}, {"digest", plain["config"]["digest"]}, {"size", 2}};
  Json cases[4] = {plain, plain, plain, plain};
  cases[0]["artifactType"] = odd;
  cases[1]["layers"][0]["mediaType"] = odd;
  cases[2]["config"]["mediaType"] = odd;
  cases[3]["subject"] = named;
  for (const Json& manifest : cases) {
    const auto response =
        registry("PUT", "/v2/app/manifests/2", manifest.dump(), {{"Content-Type", kOciType}});
    EXPECT_EQ(response.status, 405) << manifest;
    EXPECT_EQ(first_error(response), Json({{"code", "UNSUPPORTED"}, {"message", words}}));
    EXPECT_EQ(
        fail("PutImage",
             {{"repositoryName", "app"}, {"imageManifest", manifest.dump()}, {"imageTag", "2"}}),
        std::pair(std::string("InvalidParameterException"), words));
  }
  settings.strict_ecr = false;
  for (const Json& manifest : cases) {
    EXPECT_EQ(registry("PUT", "/v2/app/manifests/2", manifest.dump(), {{"Content-Type", kOciType}})
                  .status,
              201)
        << manifest;
  }
}

TEST_F(RegistryStrictTest, ABlobThatNoImageNamesIsNotMounted) {
  call("PutAccountSetting", {{"name", "BLOB_MOUNTING"}, {"value", "ENABLED"}});
  const std::string loose = push_blob("app", "nobody names me");
  const Json manifest = Json::parse(push_image("app", "1", "content"));
  const std::string to = "/v2/fixed/blobs/uploads/?from=app&mount=";
  EXPECT_EQ(registry("POST", to + loose).status, 202);
  EXPECT_EQ(registry("POST", to + manifest["layers"][0]["digest"].get<std::string>()).status, 201);
  settings.strict_ecr = false;
  EXPECT_EQ(registry("POST", to + loose).status, 201);
}

TEST_F(RegistryStrictTest, NothingIsMounted) {
  const std::string digest = push_blob("app", "shared");
  EXPECT_EQ(registry("POST", "/v2/fixed/blobs/uploads/?from=app&mount=" + digest).status, 202);
}

// As ECR's do to S3: whoever has the URL needs no token.
TEST_F(RegistryStrictTest, AGetOfABlobIsRedirectedToASignedUrl) {
  const std::string digest = push_blob("app", "layer");
  const std::string path = "/v2/app/blobs/" + digest;
  const auto response = registry("GET", path);
  EXPECT_EQ(response.status, 307);
  const std::string url = header_of(response, "Location");
  const std::string start = "http://localhost:4599";
  ASSERT_TRUE(url.starts_with(start + "/_layers/")) << url;
  const auto layer = registry_plane.download(
      make_request("GET", url.substr(start.size()), {{"Host", host}, {"Range", "bytes=1-3"}}, ""));
  EXPECT_EQ(layer.status, 206);
  EXPECT_EQ(std::get<FileSlice>(layer.body).length, 3u);
  EXPECT_EQ(registry("HEAD", path).status, 200);
  EXPECT_EQ(registry("HEAD", path).head_length, 5u);
  const auto unknown = registry("GET", "/v2/fixed/blobs/" + digest);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(first_error(unknown)["code"], "BLOB_UNKNOWN");
}

TEST_F(RegistryStrictTest, AChunkOutOfOrderIsSaidInEcrsWords) {
  const std::string at = header_of(registry("POST", "/v2/app/blobs/uploads/"), "Location");
  registry("PATCH", at, "bytes", {{"Content-Range", "0-4"}});
  const auto response = registry("PATCH", at, "bytes", {{"Content-Range", "0-4"}});
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(first_error(response),
            Json({{"code", "BLOB_UPLOAD_INVALID"},
                  {"message", "First byte of the layer part is 0 instead of 5"}}));
}

TEST_F(RegistryStrictTest, AnImageHasAThousandTagsAndNoMore) {
  const std::string manifest = push_image("app", "t0", "content");
  const std::string digest = model::Digest::of(manifest).text();
  const auto push = [&](const std::string& reference) {
    return registry("PUT", "/v2/app/manifests/" + reference, manifest,
                    {{"Content-Type", kOciType}});
  };
  for (int first = 1; first < 1000; first += 111) {
    std::string query = "?";
    for (int i = first; i < first + 111; ++i) query += base::format("tag=t{}&", i);
    query.pop_back();
    EXPECT_EQ(push(digest + query).status, 201);
  }
  EXPECT_EQ(push("t999").status, 201);  // has it already
  const auto response = push("t1000");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(first_error(response)["code"], "DENIED");
  const auto two = push(digest + "?tag=t5&tag=t1001");
  EXPECT_EQ(two.status, 403);
}

TEST_F(RegistryStrictTest, ATagIsNoLongerThan128) {
  const std::string manifest = push_image("app", std::string(128, 'x'), "content");
  const auto response = registry("PUT", "/v2/app/manifests/" + std::string(129, 'x'), manifest,
                                 {{"Content-Type", kOciType}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(first_error(response)["code"], "TAG_INVALID");
}

TEST_F(RegistryStrictTest, AnImageGoesWithItsLastTag) {
  const std::string digest = model::Digest::of(push_image("app", "1", "content")).text();
  push_image("app", "2", "content");
  EXPECT_EQ(registry("DELETE", "/v2/app/manifests/1").status, 202);
  EXPECT_EQ(registry("GET", "/v2/app/manifests/" + digest).status, 200);
  EXPECT_EQ(registry("DELETE", "/v2/app/manifests/2").status, 202);
  EXPECT_EQ(registry("GET", "/v2/app/manifests/" + digest).status, 404);
}

}  // namespace
}  // namespace ecr::api::test
