// The upstream registries as this program is configured to reach them: where each is, with what
// credentials; and what is under way from them. Thread-safe; what asks an upstream blocks and
// throws UpstreamError.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "api/pull_through/downloads.h"
#include "api/pull_through/registry_client.h"
#include "api/pull_through/rules.h"
#include "api/pull_through/secrets.h"
#include "api/pull_through/task_pool.h"
#include "api/pull_through/transport.h"

namespace ecr::api::pull_through {

class Upstreams {
 public:
  struct Options {
    // By host: where its images are really fetched from. Its own host and port may then be
    // private, and the host is one that rules may name. Targets end with a slash.
    std::map<std::string, Url> urls = {};
    Secrets secrets = {};
  };
  Upstreams(Transport& transport, Options options, const base::Clock& machine_clock);
  ~Upstreams();

  bool is_mapped(const std::string& host) const { return options_.urls.contains(host); }
  Secrets::Found find_secret(const std::string& arn) const { return options_.secrets.by_arn(arn); }

  void ping(const Origin& origin);
  UpstreamManifest manifest(const Origin& origin, const std::string& reference);

  // Begun, or joined where it is under way.
  std::shared_ptr<Download> download(const Services& services, const DownloadOrder& order) {
    return downloads_.start(services, order);
  }

  struct Brought {
    std::optional<UpstreamError> failure = {};
  };
  // Gets everything that an import needs (imports.h), on another thread: begun, or joined where it
  // is under way. The result is given out once; nullopt: there is none within `patience`.
  std::optional<Brought> bring(const Services& services, std::int64_t repository,
                               const std::string& digest, std::chrono::milliseconds patience);

  // Waits for what is under way, which the transport must have been told to end; nothing is begun
  // any more. Before the services go that were given to download() and bring().
  void stop();

 private:
  struct Task;
  using Key = std::pair<std::int64_t, std::string>;

  Upstream resolve(const Origin& origin) const;

  const Options options_;
  RegistryClient client_;
  Downloads downloads_;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<Task>> tasks_;  // under mutex_
  TaskPool pool_{kMostImports};
  static constexpr std::size_t kMostImports = 16;
};

}  // namespace ecr::api::pull_through
