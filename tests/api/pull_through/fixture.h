// The core with upstream registries on a network in memory.
#pragma once

#include "api/ecr/ecr_api.h"
#include "api/pull_through/upstreams.h"
#include "tests/api/fixture.h"
#include "tests/api/pull_through/fake_transport.h"

namespace ecr::api::test {

// An image as an upstream has it.
struct UpstreamImage {
  std::string manifest;
  std::string digest;
  std::string config;
  std::string layer;
};
UpstreamImage make_upstream_image(const std::string& content);
// An OCI index of them.
UpstreamImage make_upstream_index(const std::vector<UpstreamImage>& images);

class PullThroughTest : public ApiTest {
 protected:
  static constexpr const char* kHost = "registry.example.com";
  static constexpr const char* kBase = "http://10.0.0.9:5000";

  PullThroughTest();

  // Puts it where the upstream has it: manifest by digest and, where there is one, tag; blobs.
  void publish(const std::string& repository, const std::string& tag, const UpstreamImage& image);
  static std::string manifest_url(const std::string& repository, const std::string& reference);
  static std::string blob_url(const std::string& repository, const std::string& bytes);
  // A rule for `prefix` from the mapped registry.
  void make_rule(const std::string& prefix, const std::string& upstream_prefix = "ROOT");
  HttpResponse pull(const std::string& name, const std::string& reference,
                    const std::string& method = "GET");
  HttpResponse blob(const std::string& name, const std::string& bytes,
                    const std::string& method = "GET");
  void run_jobs();
  // Details of the cache's events, oldest first.
  std::vector<Json> cache_events();
  std::optional<storage::Repository> repository_of(storage::sql::Txn& txn, const std::string& name);
  std::optional<std::string> tag_of(const std::string& name, const std::string& tag);

  FakeTransport upstream;
  pull_through::Upstreams upstreams;
  JobRunner runner;
};

// All bytes of a body, however it comes. nullopt: it ended short.
std::optional<std::string> read_all(const HttpResponse& response);

}  // namespace ecr::api::test
