// Pulls through the cache: mapping, permissions, refresh, what a failing upstream leaves behind.
#include "storage/rows/pull_through.h"

#include <thread>

#include "api/pull_through/rules.h"
#include "storage/rows/repositories.h"
#include "tests/api/pull_through/fixture.h"

namespace ecr::api::test {
namespace {

using Answer = FakeTransport::Answer;

std::string error_code(const HttpResponse& response) {
  return Json::parse(body_of(response))["errors"][0]["code"].get<std::string>();
}

// No bytes were passed off as the blob: an error, or less than was promised.
bool is_refused(const HttpResponse& response) {
  return response.status >= 400 || !read_all(response);
}

TEST_F(PullThroughTest, APullImportsTheImage) {
  make_rule("mirror");
  const UpstreamImage image = make_upstream_image("the layer");
  publish("team/app", "v1", image);
  const HttpResponse manifest = pull("mirror/team/app", "v1");
  EXPECT_EQ(manifest.status, 200) << body_of(manifest);
  EXPECT_EQ(body_of(manifest), image.manifest);
  EXPECT_EQ(header_of(manifest, "Docker-Content-Digest"), image.digest);
  // Before anything but the manifest is there.
  EXPECT_EQ(blob("mirror/team/app", image.layer, "HEAD").head_length, image.layer.size());
  EXPECT_EQ(read_all(blob("mirror/team/app", image.layer)), image.layer);
  EXPECT_EQ(read_all(blob("mirror/team/app", image.config)), image.config);
  EXPECT_EQ(pull("mirror/team/app", image.digest).status, 200);
  EXPECT_EQ(tag_of("mirror/team/app", "v1"), std::nullopt);
  run_jobs();
  EXPECT_EQ(tag_of("mirror/team/app", "v1"), image.digest);
  EXPECT_EQ(upstream.times_asked(blob_url("team/app", image.layer)), 1u);
  // From here on without the upstream.
  const std::size_t asked = upstream.asked().size();
  EXPECT_EQ(pull("mirror/team/app", "v1").status, 200);
  EXPECT_EQ(read_all(blob("mirror/team/app", image.layer)), image.layer);
  EXPECT_EQ(upstream.asked().size(), asked);
  const auto told = cache_events();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0], Json({{"rule-version", "1"},
                           {"sync-status", "SUCCESS"},
                           {"ecr-repository-prefix", "mirror"},
                           {"repository-name", "mirror/team/app"},
                           {"upstream-registry-url", kHost},
                           {"image-tag", "v1"},
                           {"image-digest", image.digest}}));
}

TEST_F(PullThroughTest, TheJobDownloadsLayersThatNoClientPulls) {
  make_rule("mirror");
  const UpstreamImage image = make_upstream_image("the layer");
  publish("app", "v1", image);
  EXPECT_EQ(pull("mirror/app", "v1", "HEAD").status, 200);
  run_jobs();
  EXPECT_EQ(tag_of("mirror/app", "v1"), image.digest);
}

TEST_F(PullThroughTest, NamesAreMapped) {
  const struct {
    const char* prefix;
    const char* upstream_prefix;
    const char* name;
    const char* asked;  // empty: no rule is for the name
  } kCases[] = {
      {"ecr-public", "ROOT", "ecr-public/my-app/i", "my-app/i"},
      {"team-a", "team-a", "team-a/my-app/i", "team-a/my-app/i"},
      {"my-app/", "upstream-app/", "my-app/i", "upstream-app/i"},
      {"my-app/inner", "ROOT", "my-app/inner/i", "i"},
      {"ROOT", "ROOT", "any/thing", "any/thing"},
  };
  for (const auto& test : kCases) make_rule(test.prefix, test.upstream_prefix);
  for (const auto& test : kCases) {
    publish(test.asked, "v1", make_upstream_image(test.asked));
    EXPECT_EQ(pull(test.name, "v1").status, 200) << test.name;
  }
  EXPECT_EQ(upstream.times_asked(manifest_url("i", "v1")), 1u);
}

TEST_F(PullThroughTest, WithoutARuleNothingIsAsked) {
  make_rule("mirror");
  EXPECT_EQ(error_code(pull("other/app", "v1")), "NAME_UNKNOWN");
  EXPECT_EQ(error_code(pull("mirror", "v1")), "NAME_UNKNOWN");
  EXPECT_EQ(error_code(pull("mirrored/app", "v1")), "NAME_UNKNOWN");
  // ECR imports by tag alone.
  EXPECT_EQ(error_code(pull("mirror/app", model::Digest::of("x").text())), "NAME_UNKNOWN");
  EXPECT_TRUE(upstream.asked().empty());
}

TEST_F(PullThroughTest, AnIndexImportsItsChildren) {
  make_rule("mirror");
  const UpstreamImage one = make_upstream_image("one");
  const UpstreamImage two = make_upstream_image("two");
  const UpstreamImage index = make_upstream_index({one, two});
  publish("app", "", one);
  publish("app", "", two);
  publish("app", "v1", index);
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
  // A client goes on with the child that it wants, before the job has it.
  EXPECT_EQ(body_of(pull("mirror/app", one.digest)), one.manifest);
  EXPECT_EQ(read_all(blob("mirror/app", one.layer)), one.layer);
  run_jobs();
  EXPECT_EQ(tag_of("mirror/app", "v1"), index.digest);
  const Json images = call("DescribeImages", {{"repositoryName", "mirror/app"}})["imageDetails"];
  EXPECT_EQ(images.size(), 3u);
  EXPECT_EQ(read_all(blob("mirror/app", two.layer)), two.layer);
  auto txn = store->database().begin(storage::sql::Access::kRead);
  EXPECT_FALSE(storage::has_imports(txn, repository_of(txn, "mirror/app")->id));
}

TEST_F(PullThroughTest, AnImageAndAnIndexOfItComeTogether) {
  make_rule("mirror");
  const UpstreamImage one = make_upstream_image("one");
  const UpstreamImage index = make_upstream_index({one});
  publish("app", "one", one);
  publish("app", "all", index);
  EXPECT_EQ(pull("mirror/app", "all").status, 200);
  EXPECT_EQ(pull("mirror/app", "one").status, 200);
  run_jobs();
  EXPECT_EQ(tag_of("mirror/app", "one"), one.digest);
  EXPECT_EQ(tag_of("mirror/app", "all"), index.digest);
  EXPECT_EQ(cache_events().size(), 2u);
}

TEST_F(PullThroughTest, AnInvalidTagIsNotAskedFor) {
  make_rule("mirror");
  for (const char* tag : {"../../../v2/other", "a b", "a\r\nHost: x", "?x", ".hidden"}) {
    const Json input = {{"repositoryName", "mirror/app"}, {"imageIds", {{{"imageTag", tag}}}}};
    EXPECT_EQ(fail("BatchGetImage", input).first, "RepositoryNotFoundException") << tag;
  }
  EXPECT_TRUE(upstream.asked().empty());
}

TEST_F(PullThroughTest, TheRepositoryIsAsItsTemplateSays) {
  make_rule("mirror");
  call("CreateRepositoryCreationTemplate", {{"prefix", "mirror"},
                                            {"appliedFor", {"PULL_THROUGH_CACHE"}},
                                            {"imageTagMutability", "IMMUTABLE"}});
  publish("app", "v1", make_upstream_image("one"));
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
  const Json found = call("DescribeRepositories", {{"repositoryNames", {"mirror/app"}}});
  EXPECT_EQ(found["repositories"][0]["imageTagMutability"], "IMMUTABLE");
}

class PullThroughPermissions : public PullThroughTest {
 protected:
  // The seeded user with these actions on everything, in its own account.
  void become(const Json& actions) {
    Json needed = actions;
    needed.push_back("ecr:GetAuthorizationToken");
    keys = {"test", "test"};
    const std::string seed = seed_user("jane", {{"p", policy("Allow", needed, "*")}}).dump();
    HttpRequest request = make_request("POST", "/_ecr-local/seed", {{"Host", "localhost"}}, seed);
    EXPECT_EQ(admin.handle(request).status, 200);
    keys = kSeededKeys;
  }
};

TEST_F(PullThroughPermissions, AreThoseOfTheImport) {
  keys = {"111122223333", "test"};
  make_rule("mirror");
  const UpstreamImage image = make_upstream_image("one");
  publish("app", "v1", image);
  publish("app", "v2", make_upstream_image("two"));
  const Json get = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"};
  Json import = get;
  import.push_back("ecr:BatchImportUpstreamImage");
  Json create = import;
  create.push_back("ecr:CreateRepository");

  become(get);
  EXPECT_EQ(pull("mirror/app", "v1").status, 403);
  become(import);
  EXPECT_EQ(pull("mirror/app", "v1").status, 403);
  EXPECT_TRUE(upstream.asked().empty()) << "permissions come first";
  become(create);
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
  run_jobs();

  // The repository is there now.
  become(get);
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
  EXPECT_EQ(pull("mirror/app", "v2").status, 403);
  become(import);
  EXPECT_EQ(pull("mirror/app", "v2").status, 200);
}

TEST_F(PullThroughPermissions, MayComeFromTheRegistrysPolicy) {
  become({"ecr:BatchGetImage"});
  keys = {"111122223333", "test"};
  make_rule("mirror");
  publish("app", "v1", make_upstream_image("one"));
  const Json document = {
      {"Version", "2012-10-17"},
      {"Statement",
       {{{"Sid", "import"},
         {"Effect", "Allow"},
         {"Principal", {{"AWS", "arn:aws:iam::111122223333:user/jane"}}},
         {"Action", {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository"}},
         {"Resource", "arn:aws:ecr:us-east-1:111122223333:repository/mirror/*"}}}}};
  call("PutRegistryPolicy", {{"policyText", document.dump()}});
  keys = kSeededKeys;
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
}

TEST_F(PullThroughPermissions, ThatAreLostWhileTheUpstreamIsAskedCount) {
  keys = {"111122223333", "test"};
  make_rule("mirror");
  publish("app", "v1", make_upstream_image("one"));
  become({"ecr:*"});
  const HttpRequest request =
      make_request("GET", "/v2/mirror/app/manifests/v1",
                   {{"Host", host}, {"Authorization", "Basic " + token()}}, "");
  HttpResponse response = registry_plane.handle(request);
  ASSERT_TRUE(response.later);
  become({"ecr:BatchGetImage"});
  response = response.later();
  EXPECT_EQ(response.status, 403);
  keys = {"111122223333", "test"};
  EXPECT_TRUE(call("DescribeRepositories", Json::object())["repositories"].empty());
}

TEST_F(PullThroughTest, ATagIsCheckedAgainAfterADay) {
  make_rule("mirror");
  const UpstreamImage one = make_upstream_image("one");
  const UpstreamImage two = make_upstream_image("two");
  const std::string url = manifest_url("app", "v1");
  publish("app", "v1", one);
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
  run_jobs();

  publish("app", "v1", two);
  clock.time += std::chrono::hours(23);
  EXPECT_EQ(body_of(pull("mirror/app", "v1")), one.manifest);
  clock.time += std::chrono::hours(1);
  EXPECT_EQ(body_of(pull("mirror/app", "v1")), two.manifest) << "at once, before it is whole";
  EXPECT_EQ(tag_of("mirror/app", "v1"), one.digest);
  run_jobs();
  EXPECT_EQ(tag_of("mirror/app", "v1"), two.digest);
  EXPECT_EQ(upstream.times_asked(url), 2u);

  // Unchanged: the time alone is noted.
  clock.time += std::chrono::hours(24);
  EXPECT_EQ(body_of(pull("mirror/app", "v1")), two.manifest);
  EXPECT_EQ(body_of(pull("mirror/app", "v1")), two.manifest);
  EXPECT_EQ(upstream.times_asked(url), 3u);

  // The upstream does not answer: the cached image is good, and the upstream is not asked for a
  // while.
  upstream.remove(url);
  clock.time += std::chrono::hours(24);
  EXPECT_EQ(body_of(pull("mirror/app", "v1")), two.manifest);
  EXPECT_EQ(body_of(pull("mirror/app", "v1")), two.manifest);
  EXPECT_EQ(upstream.times_asked(url), 4u);
  clock.time += std::chrono::minutes(6);
  pull("mirror/app", "v1");
  EXPECT_EQ(upstream.times_asked(url), 5u);
}

TEST_F(PullThroughTest, APushedImageIsNotRefreshed) {
  make_rule("mirror");
  publish("app", "v1", make_upstream_image("one"));
  pull("mirror/app", "v1");
  run_jobs();
  const std::string pushed = push_image("mirror/app", "v1", "mine");
  clock.time += std::chrono::hours(48);
  EXPECT_EQ(body_of(pull("mirror/app", "v1")), pushed);
  EXPECT_EQ(upstream.times_asked(manifest_url("app", "v1")), 1u);
}

TEST_F(PullThroughTest, FailuresAreReportedAndLeaveNothing) {
  make_rule("mirror");
  const struct {
    Answer answer;
    int status;
    const char* error;
    const char* event;
  } kCases[] = {
      {{401, {}, ""}, 502, "UNKNOWN", "UpstreamAccessDenied"},
      {{403, {}, ""}, 502, "UNKNOWN", "UpstreamAccessDenied"},
      {{404, {}, ""}, 404, "NAME_UNKNOWN", "UpstreamUnavailable"},
      {{429, {}, ""}, 502, "UNKNOWN", "UpstreamTooManyRequests"},
      {{500, {}, ""}, 502, "UNKNOWN", "UpstreamUnavailable"},
      {{200, {{"docker-content-digest", model::Digest::of("x").text()}}, "{}"},
       502,
       "UNKNOWN",
       "UpstreamUnavailable"},
      {{200, {}, "no manifest"}, 502, "UNKNOWN", "UpstreamUnavailable"},
  };
  std::size_t told = 0;
  for (const auto& test : kCases) {
    upstream.set(manifest_url("app", "v1"), test.answer);
    const HttpResponse response = pull("mirror/app", "v1");
    EXPECT_EQ(response.status, test.status) << test.answer.status;
    EXPECT_EQ(error_code(response), test.error);
    const auto all = cache_events();
    ASSERT_EQ(all.size(), ++told);
    EXPECT_EQ(all.back()["sync-status"], "FAILURE");
    EXPECT_EQ(all.back()["failure-code"], test.event);
  }
  EXPECT_TRUE(call("DescribeRepositories", Json::object())["repositories"].empty());
}

TEST_F(PullThroughTest, ALayerOfAnotherDigestIsNotKept) {
  make_rule("mirror");
  const UpstreamImage image = make_upstream_image(std::string(5000, 'a'));
  publish("app", "v1", image);
  upstream.set(blob_url("app", image.layer), {200, {}, std::string(5000, 'b')});
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
  EXPECT_TRUE(is_refused(blob("mirror/app", image.layer)));
  run_jobs();
  EXPECT_EQ(tag_of("mirror/app", "v1"), std::nullopt);
  EXPECT_EQ(blob("mirror/app", image.layer).status, 404);
  EXPECT_EQ(cache_events().back()["sync-status"], "FAILURE");
  EXPECT_FALSE(store->blobs().open(model::Digest::of(std::string(5000, 'b'))));
  EXPECT_FALSE(store->blobs().open(model::Digest::of(image.layer)));
  store->blobs().list([](const auto&, std::uint64_t) {},
                      [](const std::string& id) { ADD_FAILURE() << "upload left: " << id; });
  // The next pull begins anew.
  publish("app", "v1", image);
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
  run_jobs();
  EXPECT_EQ(tag_of("mirror/app", "v1"), image.digest);
}

TEST_F(PullThroughTest, ALayerOfAnotherSizeIsRefused) {
  make_rule("mirror");
  const UpstreamImage image = make_upstream_image("the layer");
  publish("app", "v1", image);
  for (const Answer& answer :
       {Answer{200, {{"content-length", "100000"}}, "x"}, Answer{200, {}, "short"},
        Answer{200, {}, std::string(99999, 'x')}, Answer{404, {}, ""}}) {
    upstream.set(blob_url("app", image.layer), answer);
    EXPECT_EQ(pull("mirror/app", "v1").status, 200);
    EXPECT_TRUE(is_refused(blob("mirror/app", image.layer)));
  }
}

TEST_F(PullThroughTest, AnUpstreamThatGoesAwayIsTriedAgain) {
  make_rule("mirror");
  const UpstreamImage image = make_upstream_image(std::string(5000, 'a'));
  publish("app", "v1", image);
  upstream.set(blob_url("app", image.layer), {200, {}, image.layer, 2000});
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
  EXPECT_TRUE(is_refused(blob("mirror/app", image.layer)));
  run_jobs();
  EXPECT_TRUE(cache_events().empty()) << "it is tried again later";
  publish("app", "v1", image);
  EXPECT_EQ(read_all(blob("mirror/app", image.layer)), image.layer);
  clock.time += std::chrono::seconds(1);
  run_jobs();
  EXPECT_EQ(tag_of("mirror/app", "v1"), image.digest);

  // And given up when it does not come back.
  const UpstreamImage other = make_upstream_image(std::string(5000, 'b'));
  publish("app", "v2", other);
  upstream.set(blob_url("app", other.layer), {429, {}, ""});
  EXPECT_EQ(pull("mirror/app", "v2").status, 200);
  EXPECT_EQ(blob("mirror/app", other.layer).status, 502);
  for (int i = 0; i < 4; ++i) {
    run_jobs();
    clock.time += std::chrono::seconds(20);
  }
  EXPECT_EQ(cache_events().back()["failure-code"], "UpstreamTooManyRequests");
  EXPECT_EQ(tag_of("mirror/app", "v2"), std::nullopt);
}

TEST_F(PullThroughTest, AClientFollowsALayerThatGrows) {
  make_rule("mirror");
  const UpstreamImage image = make_upstream_image(std::string(5000, 'a'));
  publish("app", "v1", image);
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
  // Two at once: it is fetched once.
  std::optional<std::string> other;
  std::thread second([&] { other = read_all(blob("mirror/app", image.layer)); });
  EXPECT_EQ(read_all(blob("mirror/app", image.layer)), image.layer);
  second.join();
  EXPECT_EQ(other, image.layer);
  run_jobs();
  EXPECT_EQ(upstream.times_asked(blob_url("app", image.layer)), 1u);
}

TEST_F(PullThroughTest, TheCollectorLeavesAnImportAlone) {
  make_rule("mirror");
  const UpstreamImage image = make_upstream_image("the layer");
  publish("app", "v1", image);
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
  EXPECT_EQ(read_all(blob("mirror/app", image.layer)), image.layer);
  // Even of a collector without any patience the image comes out whole.
  const HttpRequest collect =
      make_request("POST", "/_ecr-local/gc?grace=0s", {{"Host", "localhost"}}, "");
  EXPECT_LT(admin.handle(collect).status, 300);
  run_jobs();
  EXPECT_EQ(tag_of("mirror/app", "v1"), image.digest);
  EXPECT_EQ(read_all(blob("mirror/app", image.layer)), image.layer);
}

TEST_F(PullThroughTest, TheApiPullsThroughToo) {
  make_rule("mirror");
  const UpstreamImage image = make_upstream_image("the layer");
  publish("app", "v1", image);
  const Json input = {{"repositoryName", "mirror/app"},
                      {"imageIds", {{{"imageTag", "v1"}}, {{"imageTag", "none"}}}}};
  upstream.set(manifest_url("app", "none"), {404, {}, ""});
  const Json output = call("BatchGetImage", input);
  ASSERT_EQ(output["images"].size(), 1u);
  EXPECT_EQ(output["images"][0]["imageManifest"], image.manifest);
  ASSERT_EQ(output["failures"].size(), 1u);
  EXPECT_EQ(output["failures"][0]["failureCode"], "ImageNotFound");
  const Json layer = {{"repositoryName", "mirror/app"},
                      {"layerDigest", model::Digest::of(image.layer).text()}};
  EXPECT_TRUE(call("GetDownloadUrlForLayer", layer).contains("downloadUrl"));

  upstream.set(manifest_url("app", "v3"), {429, {}, ""});
  const Json third = {{"repositoryName", "mirror/app"}, {"imageIds", {{{"imageTag", "v3"}}}}};
  EXPECT_EQ(fail("BatchGetImage", third).first, "UnableToGetUpstreamImageException");
  const UpstreamImage fourth = make_upstream_image("fourth");
  publish("app", "v4", fourth);
  upstream.set(blob_url("app", fourth.layer), {500, {}, ""});
  EXPECT_EQ(pull("mirror/app", "v4").status, 200);
  EXPECT_EQ(
      fail("GetDownloadUrlForLayer", {{"repositoryName", "mirror/app"},
                                      {"layerDigest", model::Digest::of(fourth.layer).text()}})
          .first,
      "UnableToGetUpstreamLayerException");
}

// A pull of a blob or of a child looks for rows: it must not read the manifests of all imports.
TEST_F(PullThroughTest, WhatImportsNameIsFoundWithoutTheirManifests) {
  make_rule("mirror");
  call("CreateRepository", {{"repositoryName", "mirror/app"}});
  const UpstreamImage image = make_upstream_image("the layer");
  publish("app", "", image);
  const auto origin = pull_through::write_origin({"mirror", kHost, "app", ""});
  auto txn = store->database().begin(storage::sql::Access::kWrite);
  const auto repository = repository_of(txn, "mirror/app");
  storage::Import import{repository->id, model::Digest::of("index"), "", origin,
                         false,          "no manifest at all"};
  import.blobs = {{ model::Digest::of(image.layer), 9 }};
  import.children = {*model::Digest::parse(image.digest)};
  storage::put_import(txn, import);
  txn.commit();
  EXPECT_EQ(blob("mirror/app", image.layer, "HEAD").head_length, 9u);
  EXPECT_EQ(read_all(blob("mirror/app", image.layer)), image.layer);
  EXPECT_EQ(body_of(pull("mirror/app", image.digest)), image.manifest);
}

TEST_F(PullThroughTest, AnIndexWithoutEndIsRefusedAndLeavesNothing) {
  make_rule("mirror");
  // Each index names the one before twice.
  UpstreamImage index = make_upstream_image("the layer");
  publish("app", "", index);
  for (int level = 0; level < 20; ++level) {
    index = make_upstream_index({index, index});
    publish("app", level == 19 ? "v1" : "", index);
  }
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
  run_jobs();
  EXPECT_EQ(tag_of("mirror/app", "v1"), std::nullopt);
  auto txn = store->database().begin(storage::sql::Access::kRead);
  const auto repository = repository_of(txn, "mirror/app");
  EXPECT_FALSE(storage::has_imports(txn, repository->id));
  EXPECT_EQ(cache_events().back()["sync-status"], "FAILURE");
}

TEST_F(PullThroughTest, AnUpstreamsManifestThatABrowserWouldRunIsRefused) {
  make_rule("mirror");
  const std::string page = R"({"mediaType":"text/html","x":"<script>"})";
  upstream.set(
      manifest_url("app", "v1"),
      {200,
       {{"content-type", "text/html"}, {"docker-content-digest", model::Digest::of(page).text()}},
       page});
  EXPECT_EQ(pull("mirror/app", "v1").status, 502);
}

TEST_F(PullThroughTest, AnotherRepositorysBlobsAreNotGivenAway) {
  make_rule("mirror");
  call("CreateRepository", {{"repositoryName", "private"}});
  push_blob("private", "secret bytes");
  // An upstream that names what it does not have.
  UpstreamImage image = make_upstream_image("secret bytes");
  publish("app", "v1", image);
  upstream.remove(blob_url("app", image.layer));
  EXPECT_EQ(pull("mirror/app", "v1").status, 200);
  EXPECT_EQ(blob("mirror/app", image.layer).status, 502);
}

}  // namespace
}  // namespace ecr::api::test
