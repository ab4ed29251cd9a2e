#include "tests/api/pull_through/fixture.h"

#include <thread>
#include <unistd.h>

#include "storage/rows/events.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"
#include "tests/schemas/model/names.h"

namespace ecr::api::test {
namespace {

constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kIndexType = "application/vnd.oci.image.index.v1+json";

pull_through::Upstreams::Options options() {
  pull_through::Upstreams::Options options;
  options.urls["registry.example.com"] = *base::parse_url("http://10.0.0.9:5000/");
  options.secrets = pull_through::Secrets::parse(R"({
    "ecr-pullthroughcache/hub": {"username": "jane", "accessToken": "s3cret"},
    "ecr-pullthroughcache/locked": null,
    "ecr-pullthroughcache/empty": {}})");
  return options;
}

Json descriptor(const char* type, const std::string& bytes) {
  return {{"mediaType", type}, {"digest", model::Digest::of(bytes).text()}, {"size", bytes.size()}};
}

}  // namespace

UpstreamImage make_upstream_image(const std::string& content) {
  UpstreamImage image;
  image.config = R"({"config":")" + content.substr(0, 20) + R"("})";
  image.layer = content;
  image.manifest =
      Json{{"schemaVersion", 2},
           {"mediaType", kManifestType},
           {"config", descriptor("application/vnd.oci.image.config.v1+json", image.config)},
           {"layers", {descriptor("application/vnd.oci.image.layer.v1.tar+gzip", image.layer)}}}
          .dump();
  image.digest = model::Digest::of(image.manifest).text();
  return image;
}

UpstreamImage make_upstream_index(const std::vector<UpstreamImage>& images) {
  Json manifests = Json::array();
  for (const auto& image : images) manifests.push_back(descriptor(kManifestType, image.manifest));
  UpstreamImage index;
  index.manifest =
      Json{{"schemaVersion", 2}, {"mediaType", kIndexType}, {"manifests", manifests}}.dump();
  index.digest = model::Digest::of(index.manifest).text();
  return index;
}

PullThroughTest::PullThroughTest()
    : upstreams(upstream, options(), clock), runner(services, ecr::job_kinds()) {
  services.upstreams = &upstreams;
}

std::string PullThroughTest::manifest_url(const std::string& repository,
                                          const std::string& reference) {
  return std::string(kBase) + "/v2/" + repository + "/manifests/" + reference;
}

std::string PullThroughTest::blob_url(const std::string& repository, const std::string& bytes) {
  return std::string(kBase) + "/v2/" + repository + "/blobs/" + model::Digest::of(bytes).text();
}

void PullThroughTest::publish(const std::string& repository, const std::string& tag,
                              const UpstreamImage& image) {
  const std::string type = image.config.empty() ? kIndexType : kManifestType;
  const FakeTransport::Answer answer{
      200, {{"content-type", type}, {"docker-content-digest", image.digest}}, image.manifest};
  upstream.set(manifest_url(repository, image.digest), answer);
  if (!tag.empty()) upstream.set(manifest_url(repository, tag), answer);
  if (image.config.empty()) return;
  for (const std::string& bytes : {image.config, image.layer}) {
    upstream.set(blob_url(repository, bytes),
                 {200, {{"content-length", std::to_string(bytes.size())}}, bytes});
  }
}

void PullThroughTest::make_rule(const std::string& prefix, const std::string& upstream_prefix) {
  call("CreatePullThroughCacheRule", {{"ecrRepositoryPrefix", prefix},
                                      {"upstreamRegistryUrl", kHost},
                                      {"upstreamRepositoryPrefix", upstream_prefix}});
}

HttpResponse PullThroughTest::pull(const std::string& name, const std::string& reference,
                                   const std::string& method) {
  return registry(method, "/v2/" + name + "/manifests/" + reference);
}

HttpResponse PullThroughTest::blob(const std::string& name, const std::string& bytes,
                                   const std::string& method) {
  return registry(method, "/v2/" + name + "/blobs/" + model::Digest::of(bytes).text());
}

void PullThroughTest::run_jobs() {
  for (const auto& outcome : runner.run_due(1000).outcomes) EXPECT_EQ(outcome.error, "");
}

std::vector<Json> PullThroughTest::cache_events() {
  events.flush();
  auto txn = store->database().begin(storage::sql::Access::kRead);
  std::vector<Json> found;
  for (const auto& row : storage::events_after(txn, storage::EventKind::kEvent, 0, 1000)) {
    if (row.type == "ECR Pull Through Cache Action") {
      found.push_back(Json::parse(row.body)["detail"]);
    }
  }
  return found;
}

std::optional<storage::Repository> PullThroughTest::repository_of(storage::sql::Txn& txn,
                                                                  const std::string& name) {
  return storage::find_repository(txn, {"000000000000", region}, model::test::name_of(name));
}

std::optional<std::string> PullThroughTest::tag_of(const std::string& name,
                                                   const std::string& tag) {
  auto txn = store->database().begin(storage::sql::Access::kRead);
  const auto repository = repository_of(txn, name);
  const auto digest = repository ? storage::find_tag(txn, repository->id, tag) : std::nullopt;
  return digest ? std::optional(digest->text()) : std::nullopt;
}

namespace {

std::string read_slice(const FileSlice& slice) {
  std::string bytes(slice.length, '\0');
  const auto got =
      ::pread(slice.file->fd(), bytes.data(), bytes.size(), static_cast<off_t>(slice.offset));
  EXPECT_EQ(got, static_cast<ssize_t>(bytes.size()));
  return bytes;
}

}  // namespace

std::optional<std::string> read_all(const HttpResponse& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
  if (const auto* slice = std::get_if<FileSlice>(&response.body)) return read_slice(*slice);
  const auto& pieces = std::get<std::shared_ptr<PieceSource>>(response.body);
  std::string all;
  try {
    while (const auto piece = pieces->next()) {
      if (const auto* slice = std::get_if<FileSlice>(&*piece)) {
        all += read_slice(*slice);
      } else {
        std::this_thread::yield();  // nothing yet
      }
    }
  } catch (const pull_through::UpstreamError&) {
    EXPECT_LT(all.size(), pieces->length());
    return std::nullopt;
  }
  EXPECT_EQ(all.size(), pieces->length());
  return all;
}

}  // namespace ecr::api::test
