// The parts of the OCI distribution specification beyond push and pull: mounts, referrers, deletes,
// listings, tags by parameter.
#include <set>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kOci = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kOciIndex = "application/vnd.oci.image.index.v1+json";

std::string digest_of(std::string_view text) { return model::Digest::of(text).text(); }

class RegistryOciTest : public ApiTest {
 protected:
  RegistryOciTest() {
    create("app");
    create("other");
  }

  void create(const std::string& name, const Json& more = Json::object()) {
    Json input = {{"repositoryName", name}};
    input.update(more);
    call("CreateRepository", input);
  }
  Json errors(const HttpResponse& response) { return Json::parse(body_of(response))["errors"]; }
  // An artifact without layers that refers to `subject`; its digest.
  std::string push_referrer(const std::string& subject, const std::string& type,
                            const std::string& note) {
    const Json manifest = {{"schemaVersion", 2},
                           {"mediaType", kOci},
                           {"artifactType", type},
                           {"config",
                            {{"mediaType", "application/vnd.oci.empty.v1+json"},
                             {"digest", push_blob("app", "{}")},
                             {"size", 2}}},
                           {"layers", Json::array()},
                           {"subject", {{"mediaType", kOci}, {"digest", subject}, {"size", 7}}},
                           {"annotations", {{"note", note}}}};
    const std::string text = manifest.dump();
    const auto response =
        registry("PUT", "/v2/app/manifests/" + digest_of(text), text, {{"Content-Type", kOci}});
    EXPECT_EQ(response.status, 201) << body_of(response);
    EXPECT_EQ(header_of(response, "OCI-Subject"), subject);
    return digest_of(text);
  }
  Json referrers(const std::string& subject, const std::string& query = {}) {
    const auto response = registry("GET", "/v2/app/referrers/" + subject + query);
    EXPECT_EQ(response.status, 200) << body_of(response);
    EXPECT_EQ(header_of(response, "Content-Type"), kOciIndex);
    return Json::parse(body_of(response))["manifests"];
  }
  // Seeds user jane of the default account and makes her the caller.
  void become_jane(const Json& document) {
    Json seed = seed_user("jane", {{"given", document}});
    seed["accounts"]["000000000000"] = seed["accounts"]["111122223333"];
    seed["accounts"].erase("111122223333");
    admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, seed.dump()));
    keys = kSeededKeys;
  }
  HttpResponse mount(const std::string& to, const std::string& digest, const std::string& from) {
    return registry("POST",
                    base::format("/v2/{}/blobs/uploads/?mount={}&from={}", to, digest, from));
  }
};

TEST_F(RegistryOciTest, AMountedBlobIsThereWithoutBeingSent) {
  const std::string digest = push_blob("app", "shared");
  const auto response = mount("other", digest, "app");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(header_of(response, "Location"), "/v2/other/blobs/" + digest);
  EXPECT_EQ(header_of(response, "Docker-Content-Digest"), digest);
  EXPECT_EQ(registry("GET", "/v2/other/blobs/" + digest).status, 200);
  // Nothing ties it to the source.
  call("DeleteRepository", {{"repositoryName", "app"}, {"force", true}});
  store->remove_orphan_blobs();
  EXPECT_EQ(registry("GET", "/v2/other/blobs/" + digest).status, 200);
}

TEST_F(RegistryOciTest, TheAccountSettingSwitchesMountsOffAndOn) {
  const std::string digest = push_blob("app", "shared");
  call("PutAccountSetting", {{"name", "BLOB_MOUNTING"}, {"value", "DISABLED"}});
  EXPECT_EQ(mount("other", digest, "app").status, 202);
  settings.strict_ecr = true;
  EXPECT_EQ(mount("other", digest, "app").status, 202);
  call("PutAccountSetting", {{"name", "BLOB_MOUNTING"}, {"value", "ENABLED"}});
  push_image("app", "v1", "shared");  // which has the blob as a layer
  EXPECT_EQ(mount("other", digest, "app").status, 201);
}

TEST_F(RegistryOciTest, AMountThatCannotBeIsAnOrdinaryUpload) {
  create("kms",
         {{"encryptionConfiguration",
           {{"encryptionType", "KMS"}, {"kmsKey", "arn:aws:kms:us-east-1:000000000000:key/1"}}}});
  const std::string digest = push_blob("app", "shared");
  const std::string secret = push_blob("kms", "secret");
  const std::pair<std::string, std::string> kCases[] = {{digest_of("never pushed"), "app"},
                                                        {digest, "none"},
                                                        {digest, "No Name"},
                                                        {digest, "kms"},
                                                        {secret, "kms"}};
  for (const auto& [blob, from] : kCases) {
    const auto response = mount("other", blob, base::percent_encode(from));
    EXPECT_EQ(response.status, 202) << from;
    EXPECT_TRUE(header_of(response, "Location").starts_with("/v2/other/blobs/uploads/"));
    EXPECT_EQ(registry("HEAD", "/v2/other/blobs/" + blob).status, 404) << from;
  }
  EXPECT_EQ(registry("POST", "/v2/other/blobs/uploads/?mount=" + digest).status, 202);
  EXPECT_EQ(mount("other", "sha256:nothing", "app").status, 400);
  EXPECT_EQ(mount("other", "sha256:nothing", "No").status, 400) << "the digest comes first";
  EXPECT_EQ(mount("none", digest, "app").status, 404);
}

TEST_F(RegistryOciTest, AMountNeedsToReadTheSource) {
  const std::string digest = push_blob("app", "secret");
  Json document = policy("Allow", "ecr:*", "arn:aws:ecr:us-east-1:000000000000:repository/other");
  document["Statement"].push_back(
      {{"Effect", "Allow"}, {"Action", "ecr:GetAuthorizationToken"}, {"Resource", "*"}});
  become_jane(document);
  const auto refused = mount("other", digest, "app");
  const auto missing = mount("other", digest, "none");
  EXPECT_EQ(refused.status, 202);
  EXPECT_EQ(missing.status, 202);
  EXPECT_EQ(body_of(refused), body_of(missing));
  EXPECT_EQ(registry("HEAD", "/v2/other/blobs/" + digest).status, 404);
  document["Statement"].push_back(
      {{"Effect", "Allow"},
       {"Action", "ecr:GetDownloadUrlForLayer"},
       {"Resource", "arn:aws:ecr:us-east-1:000000000000:repository/app"}});
  become_jane(document);
  EXPECT_EQ(mount("other", digest, "app").status, 201);
}

TEST_F(RegistryOciTest, ReferrersOfASubjectThatNeedNotExist) {
  const std::string subject = digest_of("not there yet");
  EXPECT_EQ(referrers(subject), Json::array());
  const std::string sbom = push_referrer(subject, "example/sbom", "one");
  const std::string signature = push_referrer(subject, "example/signature", "two");
  push_referrer(digest_of("another"), "example/sbom", "three");
  const Json all = referrers(subject);
  ASSERT_EQ(all.size(), 2u);
  const Json& first = all[all[0]["digest"] == sbom ? 0 : 1];
  EXPECT_EQ(first["artifactType"], "example/sbom");
  EXPECT_EQ(first["mediaType"], kOci);
  EXPECT_EQ(first["annotations"], Json({{"note", "one"}}));
  const auto stored = registry("GET", "/v2/app/manifests/" + sbom);
  EXPECT_EQ(first["size"], body_of(stored).size());

  const auto filtered =
      registry("GET", "/v2/app/referrers/" + subject + "?artifactType=example%2Fsignature");
  EXPECT_EQ(header_of(filtered, "OCI-Filters-Applied"), "artifactType");
  const Json found = Json::parse(body_of(filtered))["manifests"];
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]["digest"], signature);

  EXPECT_EQ(registry("GET", "/v2/app/referrers/sha256:nothing").status, 400);
  EXPECT_EQ(registry("GET", "/v2/none/referrers/" + subject).status, 404);
  EXPECT_EQ(registry("DELETE", "/v2/app/manifests/" + sbom).status, 202);
  EXPECT_EQ(referrers(subject).size(), 1u);
}

TEST_F(RegistryOciTest, ReferrersInPages) {
  const std::string subject = digest_of("subject");
  std::set<std::string> expected;
  for (int i = 0; i < 5; ++i) {
    expected.insert(push_referrer(subject, "example/a", std::to_string(i)));
  }
  std::set<std::string> seen;
  std::string next = "/v2/app/referrers/" + subject + "?artifactType=example%2Fa&n=2";
  while (!next.empty()) {
    const auto response = registry("GET", next);
    const Json page = Json::parse(body_of(response));
    for (const Json& one : page["manifests"]) {
      EXPECT_TRUE(seen.insert(one["digest"].get<std::string>()).second);
    }
    const std::string link = header_of(response, "Link");
    next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
  }
  EXPECT_EQ(seen, expected);
}

// A page is no larger than a manifest may be.
TEST_F(RegistryOciTest, ReferrersOfManyBytesTakeMorePages) {
  const std::string subject = digest_of("subject");
  for (char c : {'a', 'b', 'c'}) push_referrer(subject, "example/a", std::string(2u << 20, c));
  const auto response = registry("GET", "/v2/app/referrers/" + subject);
  EXPECT_LT(body_of(response).size(), 4u << 20);
  EXPECT_EQ(Json::parse(body_of(response))["manifests"].size(), 1u);
  EXPECT_NE(header_of(response, "Link"), "");
}

TEST_F(RegistryOciTest, AnIndexWithoutAnArtifactTypeHasNone) {
  const std::string subject = digest_of("subject");
  const std::string text =
      Json({{"schemaVersion", 2},
            {"mediaType", kOciIndex},
            {"manifests", Json::array()},
            {"subject", {{"mediaType", kOci}, {"digest", subject}, {"size", 7}}}})
          .dump();
  registry("PUT", "/v2/app/manifests/index", text, {{"Content-Type", kOciIndex}});
  const Json found = referrers(subject);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_FALSE(found[0].contains("artifactType"));
  EXPECT_EQ(found[0]["mediaType"], kOciIndex);
}

TEST_F(RegistryOciTest, ATagIsDeletedAlone) {
  const std::string digest = digest_of(push_image("app", "1", "content"));
  EXPECT_EQ(registry("DELETE", "/v2/app/manifests/1").status, 202);
  EXPECT_EQ(registry("GET", "/v2/app/manifests/1").status, 404);
  EXPECT_EQ(registry("GET", "/v2/app/manifests/" + digest).status, 200);
  EXPECT_EQ(registry("DELETE", "/v2/app/manifests/1").status, 404);
}

TEST_F(RegistryOciTest, AnImageIsDeletedWithItsTags) {
  const std::string digest = digest_of(push_image("app", "1", "content"));
  push_image("app", "2", "content");
  EXPECT_EQ(registry("DELETE", "/v2/app/manifests/" + digest).status, 202);
  for (const std::string& reference : {std::string("1"), std::string("2"), digest}) {
    EXPECT_EQ(registry("GET", "/v2/app/manifests/" + reference).status, 404) << reference;
  }
  EXPECT_EQ(errors(registry("DELETE", "/v2/app/manifests/" + digest))[0]["code"],
            "MANIFEST_UNKNOWN");
  EXPECT_EQ(registry("DELETE", "/v2/none/manifests/" + digest).status, 404);
}

TEST_F(RegistryOciTest, AChildGoesAfterItsIndex) {
  const std::string manifest = push_image("app", "1", "content");
  const Json index = {
      {"schemaVersion", 2},
      {"mediaType", kOciIndex},
      {"manifests",
       {{{"mediaType", kOci}, {"digest", digest_of(manifest)}, {"size", manifest.size()}}}}};
  ASSERT_EQ(
      registry("PUT", "/v2/app/manifests/i", index.dump(), {{"Content-Type", kOciIndex}}).status,
      201);
  const auto refused = registry("DELETE", "/v2/app/manifests/" + digest_of(manifest));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(errors(refused)[0]["code"], "UNSUPPORTED");
  EXPECT_EQ(registry("DELETE", "/v2/app/manifests/" + digest_of(index.dump())).status, 202);
  EXPECT_EQ(registry("DELETE", "/v2/app/manifests/" + digest_of(manifest)).status, 202);
}

TEST_F(RegistryOciTest, ABlobIsDeletedWhereNoImageHasIt) {
  const std::string digest = push_blob("app", "alone");
  push_blob("other", "alone");
  EXPECT_EQ(registry("DELETE", "/v2/app/blobs/" + digest).status, 202);
  EXPECT_EQ(registry("HEAD", "/v2/app/blobs/" + digest).status, 404);
  EXPECT_EQ(registry("DELETE", "/v2/app/blobs/" + digest).status, 404);
  EXPECT_EQ(registry("HEAD", "/v2/other/blobs/" + digest).status, 200);
  const std::string manifest = push_image("app", "1", "content");
  EXPECT_EQ(registry("DELETE", "/v2/app/blobs/" + digest_of("content")).status, 405);
  EXPECT_EQ(registry("GET", "/v2/app/blobs/" + digest_of("content")).status, 200);
  registry("DELETE", "/v2/app/manifests/" + digest_of(manifest));
  EXPECT_EQ(registry("DELETE", "/v2/app/blobs/" + digest_of("content")).status, 202);
}

TEST_F(RegistryOciTest, RepositoriesInPages) {
  create("a/b");
  EXPECT_EQ(Json::parse(body_of(registry("GET", "/v2/_catalog")))["repositories"],
            Json({"a/b", "app", "other"}));
  const auto page = registry("GET", "/v2/_catalog?n=1&last=a/b");
  EXPECT_EQ(Json::parse(body_of(page))["repositories"], Json({"app"}));
  EXPECT_EQ(header_of(page, "Link"), "</v2/_catalog?last=app&n=1>; rel=\"next\"");
  for (const char* n : {"-1", "abc", "", "1x", "-0"}) {
    EXPECT_EQ(registry("GET", std::string("/v2/_catalog?n=") + n).status, 400) << n;
    EXPECT_EQ(registry("GET", std::string("/v2/app/tags/list?n=") + n).status, 400) << n;
  }
  EXPECT_EQ(registry("GET", "/v2/_catalog?n=9223372036854775808").status, 200);
  EXPECT_EQ(registry("GET", "/v2/_catalog?n=1&n=2").status, 400);
}

TEST_F(RegistryOciTest, TagsAsParametersOfAPushByDigest) {
  const std::string manifest = push_image("app", "1", "content");
  const std::string at = "/v2/app/manifests/" + digest_of(manifest);
  const auto response =
      registry("PUT", at + "?tag=2&tag=latest", manifest, {{"Content-Type", kOci}});
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(header_of(response, "OCI-Tag"), "2, latest");
  EXPECT_EQ(Json::parse(body_of(registry("GET", "/v2/app/tags/list")))["tags"],
            Json({"1", "2", "latest"}));
  EXPECT_EQ(registry("PUT", at + "?tag=3&tag=-x", manifest, {{"Content-Type", kOci}}).status, 400);
  EXPECT_EQ(registry("GET", "/v2/app/manifests/3").status, 404);
}

TEST_F(RegistryOciTest, Sha512IsHashedAlongTheWay) {
  const std::string digest = model::Digest::of("bytes", model::DigestAlgorithm::kSha512).text();
  auto response = registry("POST", "/v2/app/blobs/uploads/?digest-algorithm=sha512");
  EXPECT_EQ(response.status, 202);
  const std::string at = header_of(response, "Location");
  EXPECT_TRUE(at.ends_with("?digest-algorithm=sha512"));
  response = registry("PATCH", at, "bytes");
  EXPECT_EQ(header_of(response, "Location"), at);
  EXPECT_EQ(registry("PUT", at + "&digest=" + digest).status, 201);
  EXPECT_EQ(registry("POST", "/v2/app/blobs/uploads/?digest-algorithm=md5").status, 400);
}

TEST_F(RegistryOciTest, AMethodThatIsNoneSaysWhichAre) {
  const auto response = registry("PUT", "/v2/_catalog");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(header_of(response, "Allow"), "GET, HEAD");
}

// The action of each route, by what a caller who may do everything else is refused.
TEST_F(RegistryOciTest, EveryRouteAsksForItsActions) {
  const std::string blob = push_blob("app", "blob");
  const std::string text = push_image("app", "1", "content");
  const std::string upload = header_of(registry("POST", "/v2/app/blobs/uploads/"), "Location");
  const struct {
    const char* method;
    std::string target;
    std::vector<const char*> actions;
  } kRoutes[] = {
      {"GET", "/v2/app/manifests/1", {"BatchGetImage"}},
      {"HEAD", "/v2/app/manifests/1", {"BatchGetImage"}},
      {"PUT", "/v2/app/manifests/1", {"PutImage"}},
      {"DELETE", "/v2/app/manifests/1", {"BatchDeleteImage"}},
      {"HEAD", "/v2/app/blobs/" + blob, {"BatchCheckLayerAvailability"}},
      {"GET", "/v2/app/blobs/" + blob, {"GetDownloadUrlForLayer"}},
      {"DELETE", "/v2/app/blobs/" + blob, {"BatchDeleteImage"}},
      {"POST", "/v2/app/blobs/uploads/", {"InitiateLayerUpload"}},
      {"POST",
       "/v2/app/blobs/uploads/?digest=" + blob,
       {"InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"}},
      {"POST", "/v2/app/blobs/uploads/?mount=" + blob + "&from=other", {"InitiateLayerUpload"}},
      {"GET", upload, {"UploadLayerPart"}},
      {"PATCH", upload, {"UploadLayerPart"}},
      {"PUT", upload + "?digest=" + blob, {"CompleteLayerUpload"}},
      {"DELETE", upload, {"UploadLayerPart"}},
      {"GET", "/v2/app/tags/list", {"ListImages"}},
      {"GET", "/v2/app/referrers/" + blob, {"BatchGetImage"}},
      {"GET", "/v2/_catalog", {"DescribeRepositories"}},
  };
  for (const auto& [method, target, actions] : kRoutes) {
    for (const std::string action : actions) {
      Json document = policy("Allow", "ecr:*", "*");
      document["Statement"].push_back(
          {{"Effect", "Deny"}, {"Action", "ecr:" + action}, {"Resource", "*"}});
      become_jane(document);
      const auto response = registry(method, target, "");
      EXPECT_EQ(response.status, 403) << method << target << action;
      if (std::string_view(method) == "HEAD") continue;
      const auto message = errors(response)[0]["message"].get<std::string>();
      EXPECT_NE(message.find("perform: ecr:" + action + " on resource"), std::string::npos)
          << method << ' ' << target << ": " << message;
    }
  }
}

}  // namespace
}  // namespace ecr::api::test
