#include "api/pull_through/downloads.h"

#include <algorithm>
#include <stdexcept>

#include "api/pull_through/image_import.h"
#include "storage/os/error.h"
#include "storage/rows/blobs.h"

namespace ecr::api::pull_through {
namespace {

// The largest piece of the file that is sent at once: between two pieces the stream sees a failure.
constexpr std::uint64_t kMaxPiece = 1u << 20;

UpstreamError wrong(const char* what) {
  return {UpstreamFailure::kInvalid,
          std::string("The upstream registry's layer is not what its ") + what + " says"};
}

class DownloadStream : public PieceSource {
 public:
  explicit DownloadStream(std::shared_ptr<Download> download) : download_(std::move(download)) {}

  std::uint64_t length() const override { return download_->request().size; }

  std::optional<Piece> next() override {
    const Download::Progress progress = download_->progress();
    if (progress.failure) throw *progress.failure;
    // An empty piece means "nothing yet": the connection asks again soon, and waits for no thread.
    if (at_ == length() && progress.stored) return std::nullopt;
    if (at_ >= progress.readable) {
      // Stored by another download, and gone again: the connection ends, the client tries anew.
      if (progress.stored) throw wrong("size");
      return Piece(std::string());
    }
    const std::uint64_t size = std::min(progress.readable - at_, kMaxPiece);
    FileSlice slice{progress.file, at_, size};
    at_ += size;
    return Piece(std::move(slice));
  }

 private:
  const std::shared_ptr<Download> download_;
  std::uint64_t at_ = 0;
};

bool is_stored(const Services& services, const DownloadRequest& request) {
  auto txn = services.store.database().begin(storage::sql::Access::kRead);
  return storage::find_blob(txn, request.repository, request.digest).has_value();
}

}  // namespace

std::shared_ptr<PieceSource> stream_download(std::shared_ptr<Download> download) {
  return std::make_shared<DownloadStream>(std::move(download));
}

void Download::wait_begun() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return file_ != nullptr || over_; });
  if (failure_) throw *failure_;
}

void Download::wait_stored() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return over_; });
  if (failure_) throw *failure_;
}

void Download::begin(storage::BlobFile file) {
  const std::lock_guard lock(mutex_);
  file_ = std::make_shared<storage::BlobFile>(std::move(file));
  changed_.notify_all();
}

void Download::advance(std::uint64_t received) {
  const std::lock_guard lock(mutex_);
  received_ = received;
}

void Download::end(std::optional<UpstreamError> failure) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(failure);
  over_ = true;
  changed_.notify_all();
}

Download::Progress Download::progress() const {
  const std::lock_guard lock(mutex_);
  Progress progress{file_, 0, over_ && !failure_, failure_};
  // The last byte is held back until the digest is known to be right (header).
  const std::uint64_t held_back = progress.stored ? 0 : 1;
  progress.readable = std::min(received_, request_.size - std::min(request_.size, held_back));
  return progress;
}

std::shared_ptr<Download> Downloads::start(const Services& services,
                                           const DownloadRequest& request) {
  std::shared_ptr<Download> download;
  {
    const std::lock_guard lock(mutex_);
    const Key key{request.repository, request.digest};
    if (const auto running = running_.find(key); running != running_.end()) return running->second;
    download = std::make_shared<Download>(request);
    // A download that has just ended left the map after its blob was stored, so one look at the
    // store under the lock is enough: no blob is downloaded twice.
    if (is_stored(services, request)) {
      download->end(std::nullopt);
      return download;
    }
    running_[key] = download;
  }
  const std::string upload = base::make_uuid(services.random);
  pool_.run([this, services, upload, download] { perform(services, upload, *download); });
  return download;
}

// The entry goes before end(): a request that comes later finds the blob in the store, or begins a
// new download after a failure.
void Downloads::perform(const Services& services, const std::string& upload, Download& download) {
  const auto failure = fetch(services, upload, download);
  {
    const std::lock_guard lock(mutex_);
    running_.erase({download.request().repository, download.request().digest});
  }
  download.end(failure);
}

std::optional<UpstreamError> Downloads::fetch(const Services& services, const std::string& upload,
                                              Download& download) {
  const DownloadRequest& request = download.request();
  // No row names the upload: after a crash the sweep at the next start removes it, and while the
  // lease is held nothing else does.
  std::optional<storage::UploadSessions::Lease> lease;
  std::optional<UpstreamError> failure;
  try {
    const model::Digest& digest = request.digest;
    auto acquired = services.store.uploads().acquire(upload, digest.algorithm());
    lease.emplace(std::move(*acquired));  // never busy: the name is new
    storage::UploadWriter& writer = lease->writer();
    const auto check_size = [&](std::optional<std::uint64_t> size) {
      if (size && *size != request.size) throw wrong("size");
      download.begin(writer.open_reader());
    };
    fetch_(request, check_size, [&](std::string_view bytes) {
      if (writer.size() + bytes.size() > request.size) throw wrong("size");
      writer.append(bytes);
      download.advance(writer.size());
    });
    // The blob becomes visible only when size and digest are right and some import still wants it.
    if (writer.size() != request.size) throw wrong("size");
    if (writer.digest(digest.algorithm()) != digest) throw wrong("digest");
    storage::commit_upload(services.store, upload, writer, digest, request.repository,
                           services.clock.now(), [&](storage::sql::Txn& txn) {
                             if (wanted_blob(txn, request.repository, request.digest)) return;
                             throw UpstreamError(UpstreamFailure::kNotFound,
                                                 "The image is not wanted any more");
                           });
  } catch (const UpstreamError& error) {
    failure = error;
  } catch (const std::exception& error) {
    // A full disk, say: the client is told that the layer could not be had, not that it is wrong.
    failure = UpstreamError(UpstreamFailure::kUnavailable,
                            std::string("The layer cannot be kept: ") + error.what());
  }
  try {
    if (lease) lease->finish();
  } catch (const storage::StorageError&) {
    services.store.request_sweep();  // its bytes stay behind
  }
  return failure;
}

}  // namespace ecr::api::pull_through
