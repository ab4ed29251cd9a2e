// Blobs on their way from an upstream into a repository: each is fetched once, however many clients
// ask for it, into an upload that readers may follow while it grows. It becomes a blob when all of
// it is there and is what its digest says; else nothing of it is kept.
//
// One download a repository and digest: another repository's must not give away that this server
// can have the blob. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "api/pull_through/rules.h"
#include "api/pull_through/task_pool.h"
#include "api/pull_through/transport.h"
#include "schemas/model/digest.h"

namespace ecr::api::pull_through {

struct DownloadRequest {
  std::int64_t repository = 0;
  model::Digest digest;
  std::uint64_t size = 0;  // as the manifest says: nothing of another size is taken
  Origin origin;
};

class Download {
 public:
  explicit Download(DownloadRequest request) : request_(std::move(request)) {}

  const DownloadRequest& request() const { return request_; }
  // Waits until the upstream has begun to send it, or it is over. Throws UpstreamError where it
  // failed.
  void wait_begun();
  // Waits until it is a blob of the repository. Throws UpstreamError where it failed.
  void wait_stored();

  // For the thread that fetches it.
  void begin(storage::BlobFile file);
  void advance(std::uint64_t received);
  void end(std::optional<UpstreamError> failure);

  struct Progress {
    std::shared_ptr<storage::BlobFile> file;  // null: not begun
    std::uint64_t readable = 0;               // bytes that may be passed on
    bool stored = false;
    std::optional<UpstreamError> failure = {};
  };
  Progress progress() const;

 private:
  const DownloadRequest request_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Under mutex_.
  std::shared_ptr<storage::BlobFile> file_;
  std::uint64_t received_ = 0;
  bool over_ = false;
  std::optional<UpstreamError> failure_;
};

// The bytes as they come. The last byte is held back until the digest is known to be right: the
// client of a download that fails gets less than Content-Length promised, and so does not believe
// what it has.
std::shared_ptr<PieceSource> stream_download(std::shared_ptr<Download> download);

class Downloads {
 public:
  using OnSize = std::function<void(std::optional<std::uint64_t>)>;
  // Fetches the bytes; throws UpstreamError.
  using Fetch =
      std::function<void(const DownloadRequest&, const OnSize&, const Transport::OnBody&)>;

  explicit Downloads(Fetch fetch) : fetch_(std::move(fetch)) {}

  // Begun, or joined where it is under way. `services` outlives stop().
  std::shared_ptr<Download> start(const Services& services, const DownloadRequest& request);
  void stop() { pool_.stop(); }

 private:
  void perform(const Services& services, const std::string& upload, Download& download);
  std::optional<UpstreamError> fetch(const Services& services, const std::string& upload,
                                     Download& download);

  using Key = std::pair<std::int64_t, model::Digest>;
  const Fetch fetch_;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<Download>> running_;  // under mutex_
  TaskPool pool_{kMost};
  static constexpr std::size_t kMost = 32;
};

}  // namespace ecr::api::pull_through
