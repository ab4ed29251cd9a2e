#include "api/registry/range.h"
#include "api/registry/route_table.h"
#include "schemas/base/encoding.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using registry::RangeKind;
using registry::RouteKind;

Json first_error(const HttpResponse& response) {
  return Json::parse(body_of(response))["errors"][0];
}

TEST(RegistryRoute, EveryPathOfTheSpecification) {
  const struct {
    const char* path;
    RouteKind kind;
    const char* name;
    const char* reference;
  } kCases[] = {
      {"/v2", RouteKind::kBase, "", ""},
      {"/v2/", RouteKind::kBase, "", ""},
      {"/v2/_catalog", RouteKind::kCatalog, "", ""},
      {"/v2/a/manifests/latest", RouteKind::kManifest, "a", "latest"},
      {"/v2/a/b/manifests/sha256%3Aab", RouteKind::kManifest, "a/b", "sha256:ab"},
      {"/v2/a/blobs/sha256:ab", RouteKind::kBlob, "a", "sha256:ab"},
      {"/v2/a/blobs/uploads/", RouteKind::kUploads, "a", ""},
      {"/v2/a/blobs/uploads", RouteKind::kUploads, "a", "uploads"},
      {"/v2/a/blobs/uploads/x-y", RouteKind::kUpload, "a", "x-y"},
      {"/v2/a/tags/list", RouteKind::kTags, "a", ""},
      {"/v2/a/referrers/sha256:ab", RouteKind::kReferrers, "a", "sha256:ab"},
      {"/v2/a/manifests/b/manifests/c", RouteKind::kManifest, "a/manifests/b", "c"},
  };
  for (const auto& [path, kind, name, reference] : kCases) {
    const auto route = registry::parse_route(path);
    ASSERT_TRUE(route.has_value()) << path;
    EXPECT_EQ(route->kind, kind) << path;
    EXPECT_EQ(route->name_text(), name) << path;
    EXPECT_EQ(route->reference, reference) << path;
  }
  for (const char* path : {"/", "/v1/", "/v2/a", "/v2/a/tags", "/v2/a/tags/other",
                           "/v2/a/manifests", "/v2/%zz/manifests/a", "/v2/a%00/manifests/b"}) {
    EXPECT_FALSE(registry::parse_route(path).has_value()) << path;
  }
}

TEST(RegistryRoute, ANameIsParsedAndWhatIsNoneIsKeptAsItCame) {
  const auto good = registry::parse_route("/v2/team/app/manifests/v1");
  EXPECT_EQ(good->name, model::RepositoryName::parse("team/app"));
  for (const char* path : {"/v2/a/tags/list", "/v2/App/blobs/x", "/v2/a//b/manifests/v1"}) {
    EXPECT_FALSE(registry::parse_route(path)->name) << path;
  }
  EXPECT_EQ(registry::parse_route("/v2/App/blobs/x")->name_text(), "App");
  const auto catalog = registry::parse_route("/v2/_catalog");
  EXPECT_FALSE(catalog->name);
  EXPECT_EQ(catalog->name_text(), "");
}

TEST(RegistryRange, OfDownloads) {
  const struct {
    const char* header;
    std::uint64_t size;
    RangeKind kind;
    std::uint64_t first;
    std::uint64_t length;
  } kCases[] = {
      {"bytes=0-0", 10, RangeKind::kPart, 0, 1},
      {"bytes=2-5", 10, RangeKind::kPart, 2, 4},
      {"Bytes=2-", 10, RangeKind::kPart, 2, 8},
      {"bytes=-3", 10, RangeKind::kPart, 7, 3},
      {"bytes=-30", 10, RangeKind::kPart, 0, 10},
      {"bytes=5-99", 10, RangeKind::kPart, 5, 5},
      {"bytes=10-", 10, RangeKind::kUnsatisfiable, 0, 0},
      {"bytes=-0", 10, RangeKind::kUnsatisfiable, 0, 0},
      {"bytes=0-0", 0, RangeKind::kUnsatisfiable, 0, 0},
      {"bytes=5-2", 10, RangeKind::kUnsatisfiable, 0, 0},
      {"bytes=500-0", 1000, RangeKind::kUnsatisfiable, 0, 0},
      {"bytes=0-1,3-4", 10, RangeKind::kWhole, 0, 0},
      {"items=0-1", 10, RangeKind::kWhole, 0, 0},
      {"bytes=a-b", 10, RangeKind::kWhole, 0, 0},
      {"bytes=18446744073709551616-", 10, RangeKind::kWhole, 0, 0},
      {"", 10, RangeKind::kWhole, 0, 0},
  };
  for (const auto& [header, size, kind, first, length] : kCases) {
    const auto answer = registry::parse_range(header, size);
    EXPECT_EQ(answer.kind, kind) << header;
    if (kind != RangeKind::kPart) continue;
    EXPECT_EQ(answer.range.first, first) << header;
    EXPECT_EQ(answer.range.length, length) << header;
  }
}

TEST(RegistryRange, OfChunks) {
  EXPECT_EQ(registry::parse_chunk_range("0-9")->length, 10u);
  EXPECT_EQ(registry::parse_chunk_range("bytes 5-9/20")->first, 5u);
  EXPECT_EQ(registry::parse_chunk_range("9-0")->length, 0u);
  for (const char* bad : {"", "-", "a-b", "5", "0-18446744073709551615"}) {
    EXPECT_FALSE(registry::parse_chunk_range(bad).has_value()) << bad;
  }
}

class RegistryTest : public ApiTest {
 protected:
  RegistryTest() { call("CreateRepository", {{"repositoryName", "app"}}); }

  HttpResponse anonymous(const std::string& method, const std::string& target,
                         std::vector<std::pair<std::string, std::string>> headers = {}) {
    headers.emplace_back("Host", host);
    const HttpRequest request = make_request(method, target, headers, "");
    const registry::RouteRow* const row = registry::find_row(request);
    if (row == nullptr || row->open == nullptr) return registry_plane.handle(request);
    return std::move(std::get<HttpResponse>(registry_plane.open(request)));
  }
  std::string begin_upload() {
    const auto response = registry("POST", "/v2/app/blobs/uploads/");
    EXPECT_EQ(response.status, 202);
    return header_of(response, "Location");
  }
};

TEST_F(RegistryTest, WithoutCredentialsEveryRouteIsChallenged) {
  for (const char* method : {"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"}) {
    for (const char* path :
         {"/v2/", "/v2/app/manifests/1", "/v2/app/blobs/sha256:ab", "/v2/app/blobs/uploads/",
          "/v2/app/blobs/uploads/x", "/v2/app/tags/list", "/v2/_catalog"}) {
      for (const std::string& credentials :
           {std::string(), "Basic " + base::base64_encode("AWS:forged"),
            "Basic " + base::base64_encode("jane:secret"), std::string("Basic !"),
            std::string("Bearer x")}) {
        std::vector<std::pair<std::string, std::string>> headers;
        if (!credentials.empty()) headers.emplace_back("Authorization", credentials);
        const auto response = anonymous(method, path, headers);
        EXPECT_EQ(response.status, 401) << method << path << credentials;
        EXPECT_EQ(header_of(response, "Www-Authenticate"),
                  "Basic realm=\"http://localhost:4599/\",service=\"ecr.amazonaws.com\"");
      }
    }
  }
}

TEST_F(RegistryTest, TheBodyOfTheChallengeIsEcrs) {
  const auto response = anonymous("GET", "/v2/");
  EXPECT_EQ(body_of(response), "Not Authorized\n");
  EXPECT_EQ(header_of(response, "Docker-Distribution-Api-Version"), "registry/2.0");
}

TEST_F(RegistryTest, AnExpiredTokenIsDeniedWithoutAChallenge) {
  const std::string old = "Basic " + token();
  clock.time += std::chrono::hours(13);
  const auto response = anonymous("GET", "/v2/", {{"Authorization", old}});
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(
      first_error(response),
      Json({{"code", "DENIED"},
            {"message", "Your authorization token has expired. Reauthenticate and try again."}}));
}

TEST_F(RegistryTest, ATokenIsForItsRegion) {
  const std::string mine = "Basic " + token();
  host = "000000000000.dkr.ecr.eu-west-1.localhost:4599";
  EXPECT_EQ(anonymous("GET", "/v2/", {{"Authorization", mine}}).status, 400);
  host = "000000000000.dkr.ecr.us-east-1.localhost:4599";
  EXPECT_EQ(anonymous("GET", "/v2/", {{"Authorization", mine}}).status, 200);
}

TEST_F(RegistryTest, TheHostNamesTheRegistry) {
  push_image("app", "1", "content");
  host = "123456789012.dkr.ecr.us-east-1.localhost:4599";
  const auto response = registry("GET", "/v2/app/manifests/1");
  EXPECT_EQ(response.status, 403);  // another account's registry; nothing there allows the caller
  EXPECT_NE(body_of(response).find("arn:aws:ecr:us-east-1:123456789012:repository/app"),
            std::string::npos);
}

TEST_F(RegistryTest, ABlobInChunks) {
  const std::string at = begin_upload();
  auto response = registry("PATCH", at, "hello ", {{"Content-Range", "0-5"}});
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(header_of(response, "Range"), "0-5");
  response = registry("PATCH", at, "again", {{"Content-Range", "0-4"}});
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(header_of(response, "Range"), "0-5");
  EXPECT_EQ(header_of(response, "Location"), at);
  EXPECT_EQ(first_error(response)["code"], "BLOB_UPLOAD_INVALID");
  response = registry("GET", at);
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(header_of(response, "Range"), "0-5");
  const std::string digest = model::Digest::of("hello world").text();
  response = registry("PUT", at + "?digest=" + base::percent_encode(digest), "world");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(header_of(response, "Location"), "/v2/app/blobs/" + digest);
  response = registry("HEAD", "/v2/app/blobs/" + digest);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.head_length, 11u);
  EXPECT_EQ(registry("PUT", at + "?digest=" + digest).status, 404);  // the upload is over
}

TEST_F(RegistryTest, Sha512BlobsToo) {
  const std::string digest = model::Digest::of("bytes", model::DigestAlgorithm::kSha512).text();
  const std::string at = begin_upload();
  registry("PATCH", at, "bytes");
  EXPECT_EQ(registry("PUT", at + "?digest=" + digest).status, 201);
  EXPECT_EQ(registry("GET", "/v2/app/blobs/" + digest).status, 200);
}

TEST_F(RegistryTest, AWrongDigestLeavesNothing) {
  const std::string wrong = model::Digest::of("other").text();
  const std::string at = begin_upload();
  registry("PATCH", at, "bytes");
  const auto response = registry("PUT", at + "?digest=" + wrong);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(first_error(response)["code"], "DIGEST_INVALID");
  EXPECT_EQ(registry("GET", at).status, 404);
  EXPECT_EQ(registry("HEAD", "/v2/app/blobs/" + wrong).status, 404);
  EXPECT_EQ(registry("HEAD", "/v2/app/blobs/" + model::Digest::of("bytes").text()).status, 404);
}

TEST_F(RegistryTest, DigestsThatAreNoneAreRefused) {
  const std::string at = begin_upload();
  for (const char* digest : {"", "md5:00", "sha256:xyz", "sha256:../../etc/passwd"}) {
    EXPECT_EQ(registry("PUT", at + "?digest=" + base::percent_encode(digest)).status, 400)
        << digest;
  }
  EXPECT_EQ(registry("PUT", at).status, 400);
  EXPECT_EQ(registry("GET", at).status, 204);  // the upload is as it was
}

TEST_F(RegistryTest, AnUploadIsItsPrincipalsAndItsRepositorys) {
  call("CreateRepository", {{"repositoryName", "other"}});
  const std::string at = begin_upload();
  const std::string id = at.substr(at.rfind('/') + 1);
  EXPECT_EQ(registry("PATCH", "/v2/other/blobs/uploads/" + id, "x").status, 404);
  const Json everything = policy("Allow", "ecr:*", "*");
  Json seed = seed_user("jane", {{"all", everything}});
  seed["accounts"]["000000000000"] = seed["accounts"]["111122223333"];
  seed["accounts"].erase("111122223333");
  admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, seed.dump()));
  keys = kSeededKeys;
  for (const char* method : {"PATCH", "GET", "DELETE"}) {
    EXPECT_EQ(registry(method, at).status, 404) << method;
  }
  keys = {"test", "test"};
  EXPECT_EQ(registry("DELETE", at).status, 204);
  EXPECT_EQ(registry("GET", at).status, 404);
}

TEST_F(RegistryTest, UploadIdsAreNoPaths) {
  for (const char* id : {"..", "x", "..%2f..%2fkey", "00000000-0000-0000-0000-000000000000"}) {
    EXPECT_EQ(registry("PATCH", std::string("/v2/app/blobs/uploads/") + id, "x").status / 100, 4)
        << id;
  }
}

TEST_F(RegistryTest, ABlobOfAnotherRepositoryIsUnknown) {
  call("CreateRepository", {{"repositoryName", "other"}});
  const std::string digest = push_blob("app", "secret bytes");
  for (const char* method : {"GET", "HEAD"}) {
    EXPECT_EQ(registry(method, "/v2/other/blobs/" + digest).status, 404);
  }
  call("DeleteRepository", {{"repositoryName", "app"}, {"force", true}});
  push_blob("other", "secret bytes");
  call("CreateRepository", {{"repositoryName", "app"}});
  EXPECT_EQ(registry("GET", "/v2/app/blobs/" + digest).status, 404);
}

TEST_F(RegistryTest, RangesOfABlob) {
  const std::string at = "/v2/app/blobs/" + push_blob("app", "0123456789");
  auto response = registry("GET", at, "", {{"Range", "bytes=2-4"}});
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(header_of(response, "Content-Range"), "bytes 2-4/10");
  const auto& slice = std::get<FileSlice>(response.body);
  EXPECT_EQ(slice.offset, 2u);
  EXPECT_EQ(slice.length, 3u);
  response = registry("GET", at, "", {{"Range", "bytes=10-"}});
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(header_of(response, "Content-Range"), "bytes */10");
  EXPECT_EQ(first_error(response)["code"], "SIZE_INVALID");
  response = registry("GET", at, "", {{"Range", "bytes=500-0"}});
  EXPECT_EQ(response.status, 416);
}

TEST_F(RegistryTest, AChunkThatEndsBeforeItBeginsIsOutOfOrder) {
  const std::string at = begin_upload();
  const auto response = registry("PATCH", at, "bytes", {{"Content-Range", "500-0"}});
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(first_error(response)["code"], "BLOB_UPLOAD_INVALID");
  EXPECT_EQ(header_of(response, "Location"), at);
}

TEST_F(RegistryTest, APushByTagTakesNoOtherTags) {
  const std::string manifest = push_image("app", "1", "content");
  const std::string type = "application/vnd.oci.image.manifest.v1+json";
  const std::string digest = model::Digest::of(manifest).text();
  for (const char* query : {"?tag=2", "?tag=1", "?tag="}) {
    const auto response = registry("PUT", std::string("/v2/app/manifests/1") + query, manifest,
                                   {{"Content-Type", type}});
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_EQ(first_error(response)["code"], "TAG_INVALID");
  }
  EXPECT_EQ(registry("GET", "/v2/app/manifests/2").status, 404);
  EXPECT_EQ(
      registry("PUT", "/v2/app/manifests/" + digest + "?tag=2", manifest, {{"Content-Type", type}})
          .status,
      201);
}

TEST_F(RegistryTest, ManifestsByTagAndDigest) {
  const std::string manifest = push_image("app", "1", "content");
  const std::string digest = model::Digest::of(manifest).text();
  for (const std::string& reference : {std::string("1"), digest}) {
    const auto response = registry("GET", "/v2/app/manifests/" + reference);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(body_of(response), manifest);
    EXPECT_EQ(header_of(response, "Docker-Content-Digest"), digest);
    EXPECT_EQ(header_of(response, "Content-Type"), "application/vnd.oci.image.manifest.v1+json");
    const auto head = registry("HEAD", "/v2/app/manifests/" + reference);
    EXPECT_EQ(head.head_length, manifest.size());
    EXPECT_EQ(body_of(head), "");
  }
}

TEST_F(RegistryTest, MissingThingsHaveTheSpecificationsErrorCodes) {
  const struct {
    const char* method;
    const char* path;
    int status;
    const char* code;
    const char* message;
  } kCases[] = {
      {"GET", "/v2/app/manifests/none", 404, "MANIFEST_UNKNOWN", "Requested image not found"},
      {"GET", "/v2/none/manifests/1", 404, "NAME_UNKNOWN",
       "The repository with name 'none' does not exist in the registry with id '000000000000'"},
      {"GET", "/v2/No/manifests/1", 400, "NAME_INVALID", "The repository name is not valid"},
      {"GET", "/v2/app/manifests/a+b", 404, "MANIFEST_UNKNOWN", "Requested image not found"},
      {"DELETE", "/v2/app/manifests/.a", 404, "MANIFEST_UNKNOWN", "Requested image not found"},
      {"PUT", "/v2/app/manifests/a+b", 400, "TAG_INVALID", "The tag is not valid"},
      {"GET", "/v2/app/manifests/sha256:1", 400, "DIGEST_INVALID", "The digest is not valid"},
      {"POST", "/v2/none/blobs/uploads/", 404, "NAME_UNKNOWN",
       "The repository with name 'none' does not exist in the registry with id '000000000000'"},
      {"GET", "/v2/app/tags/list?n=-1", 400, "UNSUPPORTED", "The parameter n must be a number"},
      {"PUT", "/v2/app/tags/list", 405, "UNSUPPORTED", "The operation is unsupported"},
  };
  for (const auto& [method, path, status, code, message] : kCases) {
    const auto response = registry(method, path);
    EXPECT_EQ(response.status, status) << path;
    EXPECT_EQ(first_error(response), Json({{"code", code}, {"message", message}})) << path;
  }
}

TEST_F(RegistryTest, ManifestsThatAreNone) {
  const std::string oci = "application/vnd.oci.image.manifest.v1+json";
  const Json descriptor = {
      {"mediaType", "a/b"}, {"digest", model::Digest::of("x").text()}, {"size", 1}};
  Json negative = descriptor;
  negative["size"] = -1;
  Json huge = descriptor;
  huge["size"] = 18446744073709551615u;
  const std::pair<std::string, std::string> kCases[] = {
      {"", oci},
      {"[]", oci},
      {"{\"a\":", oci},
      {R"({"schemaVersion":2,"schemaVersion":2})", oci},
      {Json({{"mediaType", "x/y"}, {"config", descriptor}}).dump(), oci},
      {Json({{"layers", Json::array()}, {"manifests", Json::array()}}).dump(), ""},
      {Json({{"config", negative}}).dump(), oci},
      {Json({{"config", huge}}).dump(), oci},
      {Json({{"config", {{"digest", "nothing"}, {"size", 1}}}}).dump(), oci},
      {Json({{"layers", Json::array()}}).dump(), oci},
      {Json({{"schemaVersion", 2}, {"config", descriptor}}).dump(), oci},
      {Json({{"schemaVersion", 1}, {"config", descriptor}, {"layers", Json::array()}}).dump(), oci},
      {Json({{"config", descriptor}, {"layers", Json::array()}}).dump(), oci},
      {Json({{"schemaVersion", 2}}).dump(), "application/vnd.oci.image.index.v1+json"},
      {Json({{"schemaVersion", 2}, {"manifests", Json::array()}}).dump(), ""},
      {"\xEF\xBB\xBF" + Json({{"schemaVersion", 2}, {"manifests", Json::array()}}).dump(),
       "application/vnd.oci.image.index.v1+json"},
      {std::string(200, '[') + std::string(200, ']'), oci},
  };
  for (const auto& [text, type] : kCases) {
    const auto response = registry("PUT", "/v2/app/manifests/1", text, {{"Content-Type", type}});
    EXPECT_EQ(response.status, 400) << text;
    EXPECT_EQ(first_error(response)["code"], "MANIFEST_INVALID") << text;
  }
  const auto unknown = registry(
      "PUT", "/v2/app/manifests/1",
      Json({{"schemaVersion", 2}, {"config", descriptor}, {"layers", Json::array()}}).dump(),
      {{"Content-Type", oci}});
  EXPECT_EQ(first_error(unknown),
            Json({{"code", "BLOB_UPLOAD_UNKNOWN"},
                  {"message", "Layers with digests '[" + model::Digest::of("x").text() +
                                  "]' required for pushing image into repository with name 'app' "
                                  "in the registry with id '000000000000' do not exist"}}));
}

TEST_F(RegistryTest, PushingTheSameAgainIsFine) {
  call("CreateRepository", {{"repositoryName", "fixed"}, {"imageTagMutability", "IMMUTABLE"}});
  push_image("fixed", "1", "content");
  push_image("fixed", "1", "content");
}

TEST_F(RegistryTest, TagsInPages) {
  for (const char* tag : {"c", "a", "b"}) push_image("app", tag, "content");
  EXPECT_EQ(Json::parse(body_of(registry("GET", "/v2/app/tags/list"))),
            Json({{"name", "app"}, {"tags", {"a", "b", "c"}}}));
  const auto page = registry("GET", "/v2/app/tags/list?n=2");
  EXPECT_EQ(Json::parse(body_of(page))["tags"], Json({"a", "b"}));
  EXPECT_EQ(header_of(page, "Link"), "</v2/app/tags/list?last=b&n=2>; rel=\"next\"");
  const auto rest = registry("GET", "/v2/app/tags/list?n=2&last=b");
  EXPECT_EQ(Json::parse(body_of(rest))["tags"], Json({"c"}));
  EXPECT_EQ(header_of(rest, "Link"), "");
  EXPECT_TRUE(Json::parse(body_of(registry("GET", "/v2/app/tags/list?n=0")))["tags"].empty());
  EXPECT_EQ(
      Json::parse(body_of(registry("GET", "/v2/app/tags/list?n=9999999999999999999999")))["tags"]
          .size(),
      3u);
}

TEST_F(RegistryTest, AnUploadIsNotThatOfTheNextUserOfTheName) {
  Json seed = seed_user("jane", {{"all", policy("Allow", "ecr:*", "*")}});
  seed["accounts"]["000000000000"] = seed["accounts"]["111122223333"];
  seed["accounts"].erase("111122223333");
  const auto make_jane = [&] {
    admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, seed.dump()));
  };
  make_jane();
  keys = kSeededKeys;
  const std::string at = begin_upload();
  const std::string id =
      call("InitiateLayerUpload", {{"repositoryName", "app"}})["uploadId"].get<std::string>();
  EXPECT_EQ(registry("GET", at).status, 204);
  {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    txn.exec("DELETE FROM entities WHERE name = ?", "jane");
    txn.commit();
  }
  make_jane();
  EXPECT_EQ(registry("GET", at).status, 404);
  EXPECT_EQ(registry("PATCH", at, "x").status, 404);
  EXPECT_EQ(fail("UploadLayerPart", {{"repositoryName", "app"},
                                     {"uploadId", id},
                                     {"partFirstByte", 0},
                                     {"partLastByte", 0},
                                     {"layerPartBlob", "eA=="}})
                .first,
            "UploadNotFoundException");
}

}  // namespace
}  // namespace ecr::api::test
