// Layers by the API: uploads in parts, availability, signed URLs.

#include "api/ecr/layer_uploads.h"
#include "api/registry/route_table.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "storage/rows/uploads.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

constexpr std::size_t kMiB = 1u << 20;

class EcrLayers : public ApiTest {
 protected:
  EcrLayers() {
    call("CreateRepository", {{"repositoryName", "app"}});
    call("CreateRepository", {{"repositoryName", "other"}});
  }
  std::string initiate(const char* repository = "app") {
    const Json output = call("InitiateLayerUpload", {{"repositoryName", repository}});
    EXPECT_EQ(output["partSize"], 10 * kMiB);
    return output["uploadId"].get<std::string>();
  }
  static Json part(const std::string& upload, std::size_t first, const std::string& bytes) {
    return {{"repositoryName", "app"},
            {"uploadId", upload},
            {"partFirstByte", first},
            {"partLastByte", first + bytes.size() - 1},
            {"layerPartBlob", base::base64_encode(bytes)}};
  }
  static Json completion(const std::string& upload, const std::string& digest) {
    return {{"repositoryName", "app"}, {"uploadId", upload}, {"layerDigests", {digest}}};
  }
  static std::string digest_of(const std::string& bytes) { return model::Digest::of(bytes).text(); }
  // A layer of one part.
  std::string upload(const std::string& bytes) {
    const std::string id = initiate();
    call("UploadLayerPart", part(id, 0, bytes));
    call("CompleteLayerUpload", completion(id, digest_of(bytes)));
    return digest_of(bytes);
  }
  Json error_of(const char* operation, const Json& input) {
    const HttpResponse response = send(operation, input);
    EXPECT_EQ(response.status, 400) << body_of(response);
    return Json::parse(body_of(response));
  }
  Json availability(const Json& digests, const char* repository = "app") {
    return call("BatchCheckLayerAvailability",
                {{"repositoryName", repository}, {"layerDigests", digests}});
  }
  // The answer to the URL without any credentials.
  HttpResponse fetch(const std::string& url, const std::string& method = "GET",
                     std::vector<std::pair<std::string, std::string>> headers = {}) {
    EXPECT_TRUE(url.starts_with("http://" + host + "/_layers/")) << url;
    headers.emplace_back("Host", host);
    return registry_plane.download(
        make_request(method, url.substr(std::string("http://" + host).size()), headers, ""));
  }
  std::string url_of(const std::string& digest) {
    const Json output =
        call("GetDownloadUrlForLayer", {{"repositoryName", "app"}, {"layerDigest", digest}});
    EXPECT_EQ(output["layerDigest"], digest);
    return output["downloadUrl"].get<std::string>();
  }
};

TEST_F(EcrLayers, ALayerIsUploadedInParts) {
  const std::string first(5 * kMiB, 'a');
  const std::string last(3, 'b');
  const std::string id = initiate();
  Json expected = {{"registryId", "000000000000"},
                   {"repositoryName", "app"},
                   {"uploadId", id},
                   {"lastByteReceived", 5 * kMiB - 1}};
  EXPECT_EQ(call("UploadLayerPart", part(id, 0, first)), expected);
  expected["lastByteReceived"] = 5 * kMiB + 2;
  EXPECT_EQ(call("UploadLayerPart", part(id, 5 * kMiB, last)), expected);
  expected.erase("lastByteReceived");
  expected["layerDigest"] = digest_of(first + last);
  EXPECT_EQ(call("CompleteLayerUpload", completion(id, digest_of(first + last))), expected);
  const Json layer = {{"layerDigest", digest_of(first + last)},
                      {"layerAvailability", "AVAILABLE"},
                      {"layerSize", 5 * kMiB + 3}};
  EXPECT_EQ(availability({digest_of(first + last)})["layers"], Json::array({layer}));
  EXPECT_EQ(fail("CompleteLayerUpload", completion(id, digest_of(first + last))).first,
            "UploadNotFoundException");
}

TEST_F(EcrLayers, APartMustFollowTheOneBefore) {
  const std::string id = initiate();
  Json error = error_of("UploadLayerPart", part(id, 1, "abc"));
  EXPECT_EQ(error["__type"], "InvalidLayerPartException");
  EXPECT_FALSE(error.contains("lastValidByteReceived")) << "there is none";
  call("UploadLayerPart", part(id, 0, "abc"));
  for (const std::size_t first : {0, 2, 4}) {
    error = error_of("UploadLayerPart", part(id, first, "abc"));
    error.erase("message");
    EXPECT_EQ(error, Json({{"__type", "InvalidLayerPartException"},
                           {"registryId", "000000000000"},
                           {"repositoryName", "app"},
                           {"uploadId", id},
                           {"lastValidByteReceived", 2}}));
  }
  call("UploadLayerPart", part(id, 3, "d"));
}

TEST_F(EcrLayers, APartMustBeAsLongAsItsRangeSays) {
  const std::string id = initiate();
  Json input = part(id, 0, "abc");
  for (const int last : {0, 1, 3}) {
    input["partLastByte"] = last;
    EXPECT_EQ(fail("UploadLayerPart", input).first, "InvalidLayerPartException");
  }
  input["partLastByte"] = 9'000'000'000'000'000'000;
  EXPECT_EQ(fail("UploadLayerPart", input).first, "InvalidLayerPartException");
  input["layerPartBlob"] = "";
  input["partLastByte"] = 0;
  EXPECT_EQ(fail("UploadLayerPart", input).first, "InvalidLayerPartException");
}

TEST_F(EcrLayers, APartMayHaveTenMebibytes) {
  const std::string id = initiate();
  EXPECT_EQ(fail("UploadLayerPart", part(id, 0, std::string(10 * kMiB + 1, 'x'))).first,
            "InvalidLayerPartException");
  call("UploadLayerPart", part(id, 0, std::string(10 * kMiB, 'x')));
}

// ECR User Guide, "Amazon ECR service quotas"; without the bytes.
TEST(EcrLayerLimits, APartIsJudgedByItsRangeAndByTheUpload) {
  using ecr::LayerIsTooLarge;
  using ecr::PartIsFine;
  using ecr::PartIsInvalid;
  constexpr std::uint64_t kAll = 52'000 * kMiB;
  const auto judge = [](std::uint64_t first, std::uint64_t last, std::uint64_t size,
                        std::uint64_t received, std::int64_t parts) {
    return ecr::judge_part({first, last, size}, received, parts);
  };
  const auto follows = [&](std::uint64_t size, std::uint64_t received, std::int64_t parts) {
    return judge(received, received + size - 1, size, received, parts);
  };
  EXPECT_TRUE(std::holds_alternative<PartIsFine>(follows(1, 0, 0)));
  EXPECT_TRUE(std::holds_alternative<PartIsFine>(follows(10 * kMiB, 0, 0)));
  EXPECT_TRUE(std::holds_alternative<PartIsInvalid>(follows(10 * kMiB + 1, 0, 0)));
  EXPECT_TRUE(std::holds_alternative<PartIsInvalid>(judge(0, 0, 0, 0, 0)));
  EXPECT_TRUE(std::holds_alternative<PartIsInvalid>(judge(1, 4, 4, 0, 0)));  // a gap
  EXPECT_TRUE(std::holds_alternative<PartIsInvalid>(judge(3, 6, 4, 4, 1)));  // an overlap
  EXPECT_TRUE(std::holds_alternative<PartIsInvalid>(judge(4, 3, 4, 4, 1)));
  EXPECT_TRUE(std::holds_alternative<PartIsInvalid>(judge(4, 8, 4, 4, 1)));
  EXPECT_TRUE(std::holds_alternative<PartIsInvalid>(judge(0, UINT64_MAX, 0, 0, 0)));
  EXPECT_TRUE(std::holds_alternative<PartIsFine>(follows(5 * kMiB, 0, 4199)));
  EXPECT_TRUE(std::holds_alternative<LayerIsTooLarge>(follows(5 * kMiB, 0, 4200)));
  EXPECT_TRUE(std::holds_alternative<PartIsFine>(follows(10 * kMiB, kAll - 10 * kMiB, 4000)));
  EXPECT_TRUE(std::holds_alternative<LayerIsTooLarge>(follows(10 * kMiB, kAll - 10 * kMiB + 1, 1)));
  EXPECT_TRUE(std::holds_alternative<LayerIsTooLarge>(follows(1, kAll, 1)));
}

TEST_F(EcrLayers, ALayerHasAtMost4200Parts) {
  const std::string id = initiate();
  {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    for (int i = 0; i < 4199; ++i) storage::add_upload_part(txn, id, false, clock.now());
    txn.commit();
  }
  call("UploadLayerPart", part(id, 0, "last one"));
  EXPECT_EQ(fail("UploadLayerPart", part(id, 8, "x")).first, "LimitExceededException");
}

TEST_F(EcrLayers, OnlyTheLastPartMayBeShort) {
  const std::string id = initiate();
  call("UploadLayerPart", part(id, 0, "abc"));
  call("UploadLayerPart", part(id, 3, "def"));
  EXPECT_EQ(fail("CompleteLayerUpload", completion(id, digest_of("abcdef"))).first,
            "LayerPartTooSmallException");
}

TEST_F(EcrLayers, AnUploadWithoutPartsIsEmpty) {
  EXPECT_EQ(fail("CompleteLayerUpload", completion(initiate(), digest_of(""))).first,
            "EmptyUploadException");
}

// What is no digest at all leaves the upload as it is, as on the registry plane.
TEST_F(EcrLayers, EveryDigestMustBeThatOfTheLayer) {
  const std::string id = initiate();
  call("UploadLayerPart", part(id, 0, "abc"));
  for (const std::string& wrong : {std::string("md5:00"), digest_of("abc").substr(0, 70)}) {
    EXPECT_EQ(fail("CompleteLayerUpload", completion(id, wrong)).first, "InvalidLayerException");
  }
  Json input = completion(id, digest_of("abc"));
  input["layerDigests"].push_back(model::Digest::of("abc", model::DigestAlgorithm::kSha512).text());
  EXPECT_EQ(call("CompleteLayerUpload", input)["layerDigest"], digest_of("abc"));
}

TEST_F(EcrLayers, AWrongDigestEndsTheUpload) {
  for (const Json& digests : {Json{digest_of("abd")}, Json{digest_of("abc"), digest_of("abd")}}) {
    const std::string id = initiate();
    call("UploadLayerPart", part(id, 0, "abc"));
    Json input = completion(id, "");
    input["layerDigests"] = digests;
    EXPECT_EQ(fail("CompleteLayerUpload", input).first, "InvalidLayerException");
    EXPECT_EQ(fail("CompleteLayerUpload", completion(id, digest_of("abc"))).first,
              "UploadNotFoundException");
  }
}

TEST_F(EcrLayers, ALayerThatIsThereIsSaidToBe) {
  upload("abc");
  const std::string id = initiate();
  call("UploadLayerPart", part(id, 0, "abc"));
  EXPECT_EQ(fail("CompleteLayerUpload", completion(id, digest_of("abc"))).first,
            "LayerAlreadyExistsException");
  EXPECT_EQ(fail("UploadLayerPart", part(id, 3, "d")).first, "UploadNotFoundException");
}

TEST_F(EcrLayers, AnUploadIsOfOneRepository) {
  const std::string id = initiate("other");
  EXPECT_EQ(fail("UploadLayerPart", part(id, 0, "abc")).first, "UploadNotFoundException");
  EXPECT_EQ(fail("CompleteLayerUpload", completion(id, digest_of("abc"))).first,
            "UploadNotFoundException");
}

TEST_F(EcrLayers, AnUploadBegunByDockerGoesOnHere) {
  const auto begun = registry("POST", "/v2/app/blobs/uploads/");
  const std::string id = header_of(begun, "Docker-Upload-UUID");
  EXPECT_EQ(registry("PATCH", header_of(begun, "Location"), "abc").status, 202);
  EXPECT_EQ(call("UploadLayerPart", part(id, 3, "def"))["lastByteReceived"], 5);
  call("CompleteLayerUpload", completion(id, digest_of("abcdef")));
  EXPECT_EQ(registry("HEAD", "/v2/app/blobs/" + digest_of("abcdef")).status, 200);
}

TEST_F(EcrLayers, AvailabilityAnswersEachDigestByItself) {
  const std::string there = upload("abc");
  const Json output = availability({there, digest_of("gone"), "", "nonsense"});
  ASSERT_EQ(output["layers"].size(), 2u);
  EXPECT_EQ(output["layers"][0]["layerAvailability"], "AVAILABLE");
  EXPECT_EQ(output["layers"][1],
            Json({{"layerDigest", digest_of("gone")}, {"layerAvailability", "UNAVAILABLE"}}));
  ASSERT_EQ(output["failures"].size(), 2u);
  EXPECT_EQ(output["failures"][0]["failureCode"], "MissingLayerDigest");
  EXPECT_EQ(output["failures"][1]["failureCode"], "InvalidLayerDigest");
  EXPECT_EQ(availability({there}, "other")["layers"][0]["layerAvailability"], "UNAVAILABLE");
}

TEST_F(EcrLayers, TheMediaTypeIsThatOfTheManifest) {
  push_image("app", "1", "content");
  EXPECT_EQ(availability({digest_of("content")})["layers"][0]["mediaType"],
            "application/vnd.oci.image.layer.v1.tar+gzip");
}

TEST_F(EcrLayers, TheUrlServesTheLayerWithoutCredentials) {
  const std::string url = url_of(upload("abcdef"));
  const HttpResponse whole = fetch(url);
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(std::get<FileSlice>(whole.body).length, 6u);
  const HttpResponse piece = fetch(url, "GET", {{"Range", "bytes=1-2"}});
  EXPECT_EQ(piece.status, 206);
  EXPECT_EQ(header_of(piece, "Content-Range"), "bytes 1-2/6");
  const HttpResponse head = fetch(url, "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.head_length, 6u);
  EXPECT_EQ(fetch(url, "GET", {{"Range", "bytes=9-"}}).status, 416);
  EXPECT_EQ(fetch(url, "PUT").status, 405);
  const HttpRequest request = make_request("HEAD", "/_layers/1/r/app/d", {}, "");
  ASSERT_NE(registry::find_row(request), nullptr);
  EXPECT_EQ(registry::find_row(request)->name, "GetLayer");
}

TEST_F(EcrLayers, TheUrlExpiresAfterAnHour) {
  const std::string url = url_of(upload("abc"));
  clock.time += std::chrono::minutes(59);
  EXPECT_EQ(fetch(url).status, 200);
  clock.time += std::chrono::minutes(1);
  const HttpResponse late = fetch(url);
  EXPECT_EQ(late.status, 403);
  EXPECT_NE(body_of(late).find("<Code>AccessDenied</Code>"), std::string::npos);
}

TEST_F(EcrLayers, AChangedUrlIsWorthNothing) {
  const std::string secret = digest_of("secret");
  push_blob("other", "secret");
  const std::string url = url_of(upload("abc"));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = url;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  EXPECT_EQ(fetch(with("expires=", "expires=9")).status, 403);
  EXPECT_EQ(fetch(with("signature=", "signature=0")).status, 403);
  EXPECT_EQ(fetch(with("/app/", "/other/")).status, 403);
  EXPECT_EQ(fetch(with(digest_of("abc"), secret)).status, 403);
  EXPECT_EQ(fetch(with("/app/", "/%61pp/")).status, 200) << "the same URL";
  EXPECT_EQ(fetch(url.substr(0, url.find('?'))).status, 403);
}

TEST_F(EcrLayers, ALayerOfAnotherRepositoryHasNoUrl) {
  const Json input = {{"repositoryName", "other"}, {"layerDigest", upload("abc")}};
  EXPECT_EQ(fail("GetDownloadUrlForLayer", input).first, "LayersNotFoundException");
  EXPECT_EQ(
      fail("GetDownloadUrlForLayer", {{"repositoryName", "app"}, {"layerDigest", "md5:00"}}).first,
      "LayersNotFoundException");
}

TEST_F(EcrLayers, TheUrlEndsWithTheRepository) {
  const std::string url = url_of(upload("abc"));
  call("DeleteRepository", {{"repositoryName", "app"}});
  EXPECT_EQ(fetch(url).status, 404);
  call("CreateRepository", {{"repositoryName", "app"}});
  EXPECT_EQ(fetch(url).status, 404);
}

}  // namespace
}  // namespace ecr::api::test
