// Conditional requests for manifests and blobs (RFC 9110, section 13).
#include "api/registry/conditions.h"

#include "api/core/wire/error.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kManifest = "application/vnd.oci.image.manifest.v1+json";

const model::Digest& the_digest() {
  static const auto digest = model::Digest::of("content");
  return digest;
}

// With that digest wherever a header has "sha256:a".
HttpRequest with(std::vector<std::pair<std::string, std::string>> headers) {
  constexpr std::string_view kShort = "sha256:a";
  for (auto& [name, value] : headers) {
    const auto at = value.find(kShort);
    if (at != std::string::npos) value.replace(at, kShort.size(), the_digest().text());
  }
  return make_request("GET", "/", headers, "");
}

bool fails(const HttpRequest& request, const std::optional<model::Digest>& digest) {
  try {
    registry::require_conditions(request, digest);
    return false;
  } catch (const ApiError& error) {
    return error.code() == ErrorCode::kPreconditionFailed;
  }
}

TEST(RegistryConditions, IfNoneMatchIsAListOfEntityTags) {
  const std::pair<const char*, bool> kCases[] = {
      {"\"sha256:a\"", true},
      {"W/\"sha256:a\"", true},
      {"*", true},
      {"\"x\", \"sha256:a\"", true},
      {"\"x\",W/\"sha256:a\" , \"y\"", true},
      {"\"x,y\", \"sha256:a\"", true},
      {"sha256:a", true},
      {"\"sha256:b\"", false},
      {"\"sha256:\"", false},
      {"\"sha256:aa\"", false},
      {"", false},
      {",,", false},
  };
  for (const auto& [list, known] : kCases) {
    EXPECT_EQ(
        registry::answer_conditions(with({{"If-None-Match", list}}), the_digest()).has_value(),
        known)
        << list;
  }
  const auto twice = with({{"if-none-match", "\"x\""}, {"If-None-Match", "\"sha256:a\""}});
  EXPECT_TRUE(registry::answer_conditions(twice, the_digest()).has_value());
}

TEST(RegistryConditions, IfMatchComparesStrongly) {
  for (const char* met : {"\"sha256:a\"", "*", "\"x\", \"sha256:a\""}) {
    EXPECT_FALSE(fails(with({{"If-Match", met}}), the_digest())) << met;
  }
  for (const char* failed : {"W/\"sha256:a\"", "\"x\"", ""}) {
    EXPECT_TRUE(fails(with({{"If-Match", failed}}), the_digest())) << failed;
  }
  // There is nothing yet.
  EXPECT_TRUE(fails(with({{"If-Match", "*"}}), std::nullopt));
  EXPECT_FALSE(fails(with({{"If-None-Match", "*"}}), std::nullopt));
  EXPECT_TRUE(fails(with({{"If-None-Match", "*"}}), the_digest()));
  EXPECT_FALSE(fails(with({}), the_digest()));
}

TEST(RegistryConditions, IfRangeIsOneStrongEntityTag) {
  EXPECT_TRUE(registry::range_counts(with({}), the_digest()));
  EXPECT_TRUE(registry::range_counts(with({{"If-Range", "\"sha256:a\""}}), the_digest()));
  for (const char* other : {"W/\"sha256:a\"", "\"sha256:b\"", "Sat, 29 Oct 1994 19:43:31 GMT"}) {
    EXPECT_FALSE(registry::range_counts(with({{"If-Range", other}}), the_digest())) << other;
  }
}

class RegistryConditionsTest : public ApiTest {
 protected:
  RegistryConditionsTest() { call("CreateRepository", {{"repositoryName", "app"}}); }
  static std::string digest_of(const std::string& text) { return model::Digest::of(text).text(); }
  static std::string tag_of(const std::string& digest) { return '"' + digest + '"'; }
};

TEST_F(RegistryConditionsTest, WhatTheClientHasIsNotSentAgain) {
  const std::string manifest = push_image("app", "1", "content");
  const std::string blob = push_blob("app", "0123456789");
  const std::pair<std::string, std::string> kThings[] = {
      {"/v2/app/manifests/1", digest_of(manifest)},
      {"/v2/app/manifests/" + digest_of(manifest), digest_of(manifest)},
      {"/v2/app/blobs/" + blob, blob}};
  for (const auto& [path, digest] : kThings) {
    for (const char* method : {"GET", "HEAD"}) {
      const std::string etag = header_of(registry(method, path), "ETag");
      EXPECT_EQ(etag, tag_of(digest));
      const auto same = registry(method, path, "", {{"If-None-Match", etag}});
      EXPECT_EQ(same.status, 304) << method << ' ' << path;
      EXPECT_EQ(header_of(same, "ETag"), etag);
      EXPECT_EQ(header_of(same, "Content-Type"), "");
      EXPECT_EQ(body_of(same), "");
      EXPECT_EQ(registry(method, path, "", {{"If-None-Match", "\"other\""}}).status, 200);
      EXPECT_EQ(registry(method, path, "", {{"If-Match", etag}}).status, 200);
      const auto failed = registry(method, path, "", {{"If-Match", "\"other\""}});
      EXPECT_EQ(failed.status, 412) << method << ' ' << path;
    }
  }
  // What is missing is missing, whatever the conditions are.
  for (const char* name : {"If-Match", "If-None-Match"}) {
    EXPECT_EQ(registry("GET", "/v2/app/manifests/2", "", {{name, "*"}}).status, 404);
    EXPECT_EQ(registry("GET", "/v2/app/blobs/" + digest_of("no"), "", {{name, "*"}}).status, 404);
  }
}

TEST_F(RegistryConditionsTest, ARangeOfAnotherBlobIsTheWholeBlob) {
  const std::string blob = push_blob("app", "0123456789");
  const std::string at = "/v2/app/blobs/" + blob;
  EXPECT_EQ(registry("GET", at, "", {{"Range", "bytes=2-4"}, {"If-Range", tag_of(blob)}}).status,
            206);
  const auto whole = registry("GET", at, "", {{"Range", "bytes=2-4"}, {"If-Range", "\"other\""}});
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(std::get<FileSlice>(whole.body).length, 10u);
  EXPECT_EQ(registry("GET", at, "", {{"Range", "bytes=99-"}, {"If-Range", "\"other\""}}).status,
            200);
  // The condition comes before the range.
  EXPECT_EQ(
      registry("GET", at, "", {{"Range", "bytes=99-"}, {"If-None-Match", tag_of(blob)}}).status,
      304);
}

TEST_F(RegistryConditionsTest, APushWithAConditionIsAllOrNothing) {
  const std::string first = push_image("app", "1", "first");
  const std::string second = push_image("app", "other", "second");
  const auto put = [&](const std::string& reference, const std::string& manifest,
                       const std::string& name, const std::string& value) {
    return registry("PUT", "/v2/app/manifests/" + reference, manifest,
                    {{"Content-Type", kManifest}, {name, value}})
        .status;
  };
  EXPECT_EQ(put("1", second, "If-None-Match", "*"), 412);
  EXPECT_EQ(put("1", second, "If-Match", tag_of(digest_of(second))), 412);
  EXPECT_EQ(put("new", second, "If-Match", "*"), 412);
  EXPECT_EQ(header_of(registry("HEAD", "/v2/app/manifests/1"), "ETag"), tag_of(digest_of(first)));
  EXPECT_EQ(registry("HEAD", "/v2/app/manifests/new").status, 404);
  EXPECT_EQ(put("1", second, "If-Match", tag_of(digest_of(first))), 201);
  EXPECT_EQ(put("new", first, "If-None-Match", "*"), 201);
  EXPECT_EQ(header_of(registry("HEAD", "/v2/app/manifests/1"), "ETag"), tag_of(digest_of(second)));
}

TEST_F(RegistryConditionsTest, ADeletionWithAConditionToo) {
  const std::string manifest = push_image("app", "1", "content");
  const std::string blob = push_blob("app", "loose");
  for (const std::string& path : {std::string("/v2/app/manifests/1"), "/v2/app/blobs/" + blob}) {
    EXPECT_EQ(registry("DELETE", path, "", {{"If-Match", "\"other\""}}).status, 412);
    const std::string etag = header_of(registry("HEAD", path), "ETag");
    EXPECT_EQ(registry("DELETE", path, "", {{"If-Match", etag}}).status, 202);
  }
}

}  // namespace
}  // namespace ecr::api::test
