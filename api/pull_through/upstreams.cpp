#include "api/pull_through/upstreams.h"

#include "api/pull_through/image_import.h"

namespace ecr::api::pull_through {

// The download of one import, and its result.
struct Upstreams::ImportTask {
  void run(const Services& services, const Key& key) {
    ImportResult outcome;
    try {
      pull_through::download_import(services, key.first, key.second);
    } catch (const UpstreamError& error) {
      outcome.failure = error;
    } catch (const std::exception& error) {
      outcome.failure = UpstreamError(UpstreamFailure::kUnavailable, error.what());
    }
    const std::lock_guard lock(mutex);
    result = std::move(outcome);
    changed.notify_all();
  }

  std::optional<ImportResult> wait(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, patience, [this] { return result.has_value(); });
    return result;
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::optional<ImportResult> result;  // under mutex
};

Upstreams::Upstreams(Transport& transport, Options options, const base::Clock& machine_clock)
    : options_(std::move(options)),
      client_(transport, machine_clock, ending_.get_token()),
      downloads_([this](const DownloadRequest& request, const Downloads::OnSize& on_size,
                        const Transport::OnBody& on_body) {
        client_.blob(resolve(request.origin), request.origin.repository, request.digest, on_size,
                     on_body);
      }) {}

Upstreams::~Upstreams() { stop(); }

void Upstreams::stop() {
  end_exchanges();
  pool_.stop();  // its tasks wait for downloads
  downloads_.stop();
}

// --upstream HOST=URL moves an upstream to where the operator says; every other host is reached as
// https://<host>.
Upstream Upstreams::resolve(const Origin& origin) const {
  Upstream upstream;
  const auto mapped = options_.urls.find(origin.host);
  if (mapped != options_.urls.end()) {
    upstream.base = mapped->second;
    upstream.mapped = true;
  } else {
    const auto url = base::parse_url("https://" + origin.host);
    if (!url) {
      throw UpstreamError(UpstreamFailure::kUnavailable, "The upstream registry has no valid name");
    }
    upstream.base = *url;
  }
  // A rule with a credentialArn needs that secret. Without one, a secret under the upstream's host
  // name is used where there is one: a registry of the operator's own, for example.
  const bool named = !origin.credential_arn.empty();
  const Secrets::Entry found = named ? options_.secrets.by_arn(origin.credential_arn)
                                     : options_.secrets.by_host(origin.host);
  if (found.state == Secrets::State::kGood) {
    upstream.secret = found.secret;
  } else if (named) {
    throw UpstreamError(UpstreamFailure::kAccessDenied,
                        "The secret of the upstream registry cannot be read");
  }
  return upstream;
}

void Upstreams::ping(const Origin& origin) { client_.ping(resolve(origin)); }

UpstreamManifest Upstreams::manifest(const Origin& origin, const std::string& reference) {
  return client_.manifest(resolve(origin), origin.repository, reference);
}

std::optional<Upstreams::ImportResult> Upstreams::download_import(
    const Services& services, std::int64_t repository, const model::Digest& digest,
    std::chrono::milliseconds patience) {
  const Key key{repository, digest};
  std::shared_ptr<ImportTask> task;
  {
    const std::lock_guard lock(mutex_);
    auto& running = tasks_[key];
    if (!running) {
      running = std::make_shared<ImportTask>();
      pool_.run([services, key, task = running] { task->run(services, key); });
    }
    task = running;
  }
  auto result = task->wait(patience);
  if (!result) return std::nullopt;
  const std::lock_guard lock(mutex_);
  // The result was given out: the next call begins a new download.
  tasks_.erase(key);
  return result;
}

}  // namespace ecr::api::pull_through
