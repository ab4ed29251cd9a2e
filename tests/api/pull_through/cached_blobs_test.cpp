// What other requests see of blobs that a cache has, or is fetching.
#include "tests/api/pull_through/fixture.h"

namespace ecr::api::test {
namespace {

// ECR mounts nothing from images of a pull-through cache.
TEST_F(PullThroughTest, NothingIsMountedFromTheCache) {
  make_rule("mirror");
  const UpstreamImage image = make_upstream_image("the layer");
  publish("app", "v1", image);
  pull("mirror/app", "v1");
  run_jobs();
  call("CreateRepository", {{"repositoryName", "app"}});
  const auto mount = [&](const std::string& from) {
    return registry("POST", "/v2/app/blobs/uploads/?mount=" +
                                model::Digest::of(image.layer).text() + "&from=" + from)
        .status;
  };
  EXPECT_EQ(mount("mirror/app"), 202);
  EXPECT_EQ(registry("HEAD", "/v2/app/blobs/" + model::Digest::of(image.layer).text()).status, 404);
  // The same layer in a repository of the registry's own.
  call("CreateRepository", {{"repositoryName", "own"}});
  push_blob("own", image.layer);
  EXPECT_EQ(mount("own"), 201);
}

// A client that has a layer already is not sent what the upstream has not sent yet.
TEST_F(PullThroughTest, ALayerOnItsWayHasItsEntityTag) {
  make_rule("mirror");
  const UpstreamImage image = make_upstream_image("the layer");
  publish("app", "v1", image);
  pull("mirror/app", "v1");
  const std::string at = "/v2/mirror/app/blobs/" + model::Digest::of(image.layer).text();
  const std::string etag = header_of(registry("HEAD", at), "ETag");
  EXPECT_EQ(etag, '"' + model::Digest::of(image.layer).text() + '"');
  EXPECT_EQ(registry("GET", at, "", {{"If-None-Match", etag}}).status, 304);
}

}  // namespace
}  // namespace ecr::api::test
