// The upstream registries as this program is configured to reach them: where each is, with which
// credentials; and the downloads from them that are under way. Owns their threads. Thread-safe; the
// functions that ask an upstream block and throw UpstreamError.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
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
  Secrets::Entry find_secret(const std::string& arn) const { return options_.secrets.by_arn(arn); }

  void ping(const Origin& origin);
  UpstreamManifest manifest(const Origin& origin, const std::string& reference);

  // Begins the download, or joins the one that is under way.
  std::shared_ptr<Download> download(const Services& services, const DownloadRequest& request) {
    return downloads_.start(services, request);
  }

  struct ImportResult {
    std::optional<UpstreamError> failure = {};
  };
  // Downloads everything that an import needs (image_import.h) on another thread: begins that, or
  // joins the one that is under way. The result is given out once; nullopt: there is none within
  // `patience`.
  std::optional<ImportResult> download_import(const Services& services, std::int64_t repository,
                                              const model::Digest& digest,
                                              std::chrono::milliseconds patience);

  // Ends every exchange that is under way, and all later ones, with an error. Does not wait.
  void end_exchanges() { ending_.request_stop(); }
  // Ends them, and waits for the threads; nothing new is begun. The destructor does so, too: what
  // Services refers to must outlive this object, and does where it is declared before it.
  void stop();

 private:
  struct ImportTask;
  using Key = std::pair<std::int64_t, model::Digest>;

  Upstream resolve(const Origin& origin) const;

  const Options options_;
  std::stop_source ending_;
  RegistryClient client_;
  Downloads downloads_;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<ImportTask>> tasks_;  // under mutex_
  TaskPool pool_{kMaxImports};
  static constexpr std::size_t kMaxImports = 16;
};

}  // namespace ecr::api::pull_through
