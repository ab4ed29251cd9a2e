// GET /_ecr-local/repositories, .../images, .../image and POST .../delete-tags.
#include "schemas/base/text.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kInventoryApp = "arn:aws:ecr:us-east-1:000000000000:repository/team/app";

class RepositoriesTest : public ApiTest {
 protected:
  RepositoriesTest() {
    for (const char* name : {"team/app", "team/tool", "zoo"}) {
      call("CreateRepository", {{"repositoryName", name}});
    }
  }
  HttpResponse ask(const std::string& method, const std::string& path, const Json& body = {}) {
    return admin.handle(make_request(method, "/_ecr-local/repositories" + path, {{"Host", host}},
                                     body.is_null() ? "" : body.dump()));
  }
  Json answer(const std::string& method, const std::string& path, const Json& body = {}) {
    const HttpResponse response = ask(method, path, body);
    EXPECT_EQ(response.status, 200) << body_of(response);
    return response.status == 200 ? Json::parse(body_of(response)) : Json();
  }
  std::string refusal(const std::string& method, const std::string& path, const Json& body = {}) {
    const HttpResponse response = ask(method, path, body);
    EXPECT_EQ(response.status, 400) << body_of(response);
    return Json::parse(body_of(response)).value("message", "");
  }
  std::vector<std::string> listed(const std::string& query) {
    std::vector<std::string> found;
    const Json json = answer("GET", query);
    for (const Json& one : json["repositories"]) found.push_back(one["name"].get<std::string>());
    return found;
  }
  // Pushes an image with that config under a tag; its digest.
  std::string push(const std::string& tag, const Json& config, const Json& more = Json::object()) {
    const std::string text = config.is_string() ? config.get<std::string>() : config.dump();
    Json manifest = {{"schemaVersion", 2},
                     {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                     {"config",
                      {{"mediaType", "application/vnd.oci.image.config.v1+json"},
                       {"digest", push_blob("team/app", text)},
                       {"size", text.size()}}},
                     {"layers",
                      {{{"mediaType", "application/vnd.oci.image.layer.v1.tar+gzip"},
                        {"digest", push_blob("team/app", "layer of " + tag)},
                        {"size", 9 + tag.size()}}}}};
    manifest.update(more);
    const auto response = registry("PUT", "/v2/team/app/manifests/" + tag, manifest.dump(),
                                   {{"Content-Type", manifest["mediaType"].get<std::string>()}});
    EXPECT_EQ(response.status, 201) << body_of(response);
    return header_of(response, "Docker-Content-Digest");
  }
  std::string image_path(const std::string& digest) {
    return base::format("/image?arn={}&digest={}", kInventoryApp, digest);
  }
};

using Found = std::vector<std::string>;

TEST_F(RepositoriesTest, RepositoriesAreListedWithWhatIsInThem) {
  push_image("team/app", "v1", "one");
  push_image("team/app", "v2", "two");
  const Json json = answer("GET", "");
  ASSERT_EQ(json["repositories"].size(), 3u);
  EXPECT_TRUE(json["next"].is_null());
  const Json& app = json["repositories"][0];
  EXPECT_EQ(app["name"], "team/app");
  EXPECT_EQ(app["arn"], kInventoryApp);
  EXPECT_EQ(app["account"], "000000000000");
  EXPECT_EQ(app["region"], "us-east-1");
  EXPECT_EQ(app["images"], 2);
  EXPECT_EQ(app["tags"], 2);
  EXPECT_GT(app["size"], 0);
  EXPECT_EQ(app["mutability"], "MUTABLE");
  EXPECT_EQ(app["uri"], "localhost:4599/team/app");
  EXPECT_EQ(app["createdAt"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(json["repositories"][1]["images"], 0);
}

TEST_F(RepositoriesTest, RepositoriesArePagedAndFiltered) {
  const Json first = answer("GET", "?limit=2");
  EXPECT_EQ(first["repositories"].size(), 2u);
  EXPECT_EQ(listed("?limit=2&after=" + first["next"].get<std::string>()), (Found{"zoo"}));
  EXPECT_EQ(listed("?prefix=team/"), (Found{"team/app", "team/tool"}));
  EXPECT_EQ(listed("?search=oo"), (Found{"team/tool", "zoo"}));
  EXPECT_EQ(listed("?search=%25"), Found());  // no wildcard
  EXPECT_EQ(listed("?prefix=team/&search=app"), (Found{"team/app"}));
  EXPECT_EQ(listed("?account=111122223333"), Found());
  EXPECT_EQ(refusal("GET", "?after=x"), "after: must be the next of the page before");
  EXPECT_EQ(refusal("GET", "?limit=0"), "limit: must be a number from 1 to 1000");
}

TEST_F(RepositoriesTest, ImagesAreListedWithTagsAndPlatforms) {
  const std::string digest =
      push("v1", {{"os", "linux"}, {"architecture", "arm64"}, {"variant", "v8"}});
  call("PutImage", {{"repositoryName", "team/app"},
                    {"imageManifest", body_of(registry("GET", "/v2/team/app/manifests/v1"))},
                    {"imageTag", "latest"}});
  const Json json = answer("GET", base::format("/images?arn={}", kInventoryApp));
  ASSERT_EQ(json["images"].size(), 1u);
  const Json& image = json["images"][0];
  EXPECT_EQ(image["digest"], digest);
  EXPECT_EQ(image["tags"], Json({"latest", "v1"}));
  EXPECT_EQ(image["platforms"],
            Json::array({{{"os", "linux"}, {"architecture", "arm64"}, {"variant", "v8"}}}));
  EXPECT_EQ(image["archived"], false);
  EXPECT_EQ(image["signed"], false);
  EXPECT_EQ(image["mediaType"], "application/vnd.oci.image.manifest.v1+json");
  EXPECT_EQ(image["artifactType"], "application/vnd.oci.image.config.v1+json");
  EXPECT_FALSE(image["pushedAt"].is_null());
}

TEST_F(RepositoriesTest, ImagesArePaged) {
  for (const char* tag : {"a", "b", "c"}) push(tag, {{"os", tag}});
  const std::string path = base::format("/images?arn={}&limit=2", kInventoryApp);
  const Json first = answer("GET", path);
  EXPECT_EQ(first["images"].size(), 2u);
  const Json second = answer("GET", path + "&after=" + first["next"].get<std::string>());
  EXPECT_EQ(second["images"].size(), 1u);
  EXPECT_TRUE(second["next"].is_null());
}

TEST_F(RepositoriesTest, AnImageHasItsLayersWithTheirCommands) {
  const std::string digest = push("v1", {{"os", "linux"},
                                         {"history",
                                          {{{"created_by", "FROM scratch"}, {"empty_layer", true}},
                                           {{"created_by", "COPY <script>alert(1)</script> /"}}}}});
  const Json image = answer("GET", image_path(digest));
  EXPECT_EQ(image["digest"], digest);
  EXPECT_EQ(image["config"]["os"], "linux");
  ASSERT_EQ(image["layers"].size(), 1u);
  EXPECT_EQ(image["layers"][0]["createdBy"], "COPY <script>alert(1)</script> /");
  EXPECT_EQ(Json::parse(image["manifest"].get<std::string>())["layers"].size(), 1u);
  EXPECT_EQ(image["referrers"], Json::array());
  EXPECT_TRUE(image["scan"].is_null());
  EXPECT_EQ(image["replication"], Json::array());
  EXPECT_TRUE(image["lifecycle"].is_null());
  EXPECT_TRUE(image["policy"].is_null());
  // It was no pull.
  EXPECT_TRUE(answer("GET", image_path(digest))["lastPulledAt"].is_null());
}

// What is in a manifest or a config was written by whoever pushed it.
TEST_F(RepositoriesTest, StrangeConfigsAreNoError) {
  for (const Json& config :
       {Json("no json"), Json(Json::array()), Json({{"history", 7}, {"os", Json::array()}}),
        Json({{"history", {7, Json::array(), {{"created_by", 7}, {"empty_layer", "x"}}}}})}) {
    const std::string digest = push("odd", config);
    const Json image = answer("GET", image_path(digest));
    EXPECT_EQ(image["layers"].size(), 1u);
  }
}

TEST_F(RepositoriesTest, ASignatureIsAReferrerAndMarksItsImage) {
  const std::string digest = push("v1", {{"os", "linux"}});
  push("signature", {{"os", "none"}},
       {{"artifactType", "application/vnd.cncf.notary.signature"},
        {"annotations", {{"who", "jane"}}},
        {"subject",
         {{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
          {"digest", digest},
          {"size", 1}}}});
  const Json image = answer("GET", image_path(digest));
  EXPECT_EQ(image["signed"], true);
  ASSERT_EQ(image["referrers"].size(), 1u);
  EXPECT_EQ(image["referrers"][0]["signature"], true);
  EXPECT_EQ(image["referrers"][0]["annotations"], Json({{"who", "jane"}}));
}

TEST_F(RepositoriesTest, AnImageSaysWhatTheLifecyclePolicyDoesToIt) {
  const std::string old_digest = push("old", {{"os", "a"}});
  api_clock.restore({.frozen_at = api_clock.now() + std::chrono::hours(1)});
  const std::string new_digest = push("new", {{"os", "b"}});
  const Json rules = {
      {"rules",
       {{{"rulePriority", 4},
         {"selection",
          {{"tagStatus", "any"}, {"countType", "imageCountMoreThan"}, {"countNumber", 1}}},
         {"action", {{"type", "expire"}}}}}}};
  call("PutLifecyclePolicy",
       {{"repositoryName", "team/app"}, {"lifecyclePolicyText", rules.dump()}});
  Json lifecycle = answer("GET", image_path(old_digest))["lifecycle"];
  EXPECT_EQ(lifecycle["rule"], 4);
  EXPECT_EQ(lifecycle["action"], "EXPIRE");
  lifecycle = answer("GET", image_path(new_digest))["lifecycle"];
  EXPECT_EQ(lifecycle["action"], "NONE");
}

TEST_F(RepositoriesTest, TagsAreDeletedTogether) {
  for (const char* tag : {"a", "b", "c"}) push(tag, {{"os", tag}});
  const Json json =
      answer("POST", "/delete-tags", {{"arn", kInventoryApp}, {"tags", {"a", "c", "missing"}}});
  ASSERT_EQ(json["deleted"].size(), 2u);
  EXPECT_EQ(json["deleted"][0]["tag"], "a");
  EXPECT_EQ(json["deleted"][0]["digest"].get<std::string>().substr(0, 7), "sha256:");
  ASSERT_EQ(json["failures"].size(), 1u);
  EXPECT_EQ(json["failures"][0], Json({{"tag", "missing"},
                                       {"code", "ImageNotFound"},
                                       {"reason", "Requested image not found"}}));
  EXPECT_EQ(answer("GET", "?search=team/app")["repositories"][0]["tags"], 1);
}

TEST_F(RepositoriesTest, WhatCannotBeUsedIsNamed) {
  EXPECT_EQ(refusal("GET", "/images"), "arn: is missing: the ARN of a repository");
  EXPECT_EQ(refusal("GET", "/images?arn=x"), "arn: is not the ARN of a repository");
  EXPECT_EQ(refusal("GET", "/images?arn=arn:aws:ecr:us-east-1:000000000000:repository/no"),
            "arn: there is no repository with this ARN");
  EXPECT_EQ(refusal("GET", base::format("/image?arn={}", kInventoryApp)), "digest: is missing");
  EXPECT_EQ(refusal("GET", base::format("/image?arn={}&digest=x", kInventoryApp)),
            "digest: is not a digest");
  EXPECT_EQ(ask("GET", image_path("sha256:" + std::string(64, '0'))).status, 404);
  const auto deleting = [&](const Json& tags) {
    return refusal("POST", "/delete-tags", {{"arn", kInventoryApp}, {"tags", tags}});
  };
  EXPECT_EQ(deleting(Json::array()), "tags: must not be empty");
  EXPECT_EQ(deleting({"-"}), "tags: has one that is not a tag: -");
  EXPECT_EQ(deleting(Json(std::vector<std::string>(101, "a"))),
            "tags: must have at most 100 elements");
  EXPECT_EQ(refusal("POST", "/delete-tags", {{"tags", {"a"}}}), "arn: is missing");
}

}  // namespace
}  // namespace ecr::api::test
