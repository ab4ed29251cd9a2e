#include "api/pull_through/downloads.h"

#include <algorithm>
#include <stdexcept>

#include "api/pull_through/imports.h"
#include "storage/os/error.h"
#include "storage/rows/blobs.h"

namespace ecr::api::pull_through {
namespace {

// As much of the file as one piece has, so that a reader notices the end of a download soon.
constexpr std::uint64_t kMaxPiece = 1u << 20;

UpstreamError wrong(const char* what) {
  return {UpstreamFailure::kInvalid,
          std::string("The upstream registry's layer is not what its ") + what + " says"};
}

class Follower : public PieceSource {
 public:
  explicit Follower(std::shared_ptr<Download> download) : download_(std::move(download)) {}

  std::uint64_t length() const override { return download_->order().size; }

  std::optional<Piece> next() override {
    const Download::Progress progress = download_->progress();
    if (progress.failure) throw *progress.failure;
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

bool is_stored(const Services& services, const DownloadOrder& order) {
  auto txn = services.store.database().begin(storage::sql::Access::kRead);
  return storage::find_blob(txn, order.repository, order.digest).has_value();
}

}  // namespace

std::shared_ptr<PieceSource> follow(std::shared_ptr<Download> download) {
  return std::make_shared<Follower>(std::move(download));
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
  const std::uint64_t held_back = progress.stored ? 0 : 1;
  progress.readable = std::min(received_, order_.size - std::min(order_.size, held_back));
  return progress;
}

std::shared_ptr<Download> Downloads::start(const Services& services, const DownloadOrder& order) {
  std::shared_ptr<Download> download;
  {
    const std::lock_guard lock(mutex_);
    const Key key{order.repository, order.digest};
    if (const auto running = running_.find(key); running != running_.end()) return running->second;
    download = std::make_shared<Download>(order);
    // One that has just ended: it was a blob before it was no download any more.
    if (is_stored(services, order)) {
      download->end(std::nullopt);
      return download;
    }
    running_[key] = download;
  }
  const std::string upload = base::make_uuid(services.random);
  pool_.run([this, &services, upload, download] { perform(services, upload, *download); });
  return download;
}

// Whoever asks once this is over begins anew: he finds the blob, or tries again.
void Downloads::perform(const Services& services, const std::string& upload, Download& download) {
  const auto failure = fetch(services, upload, download);
  {
    const std::lock_guard lock(mutex_);
    running_.erase({download.order().repository, download.order().digest});
  }
  download.end(failure);
}

std::optional<UpstreamError> Downloads::fetch(const Services& services, const std::string& upload,
                                              Download& download) {
  const DownloadOrder& order = download.order();
  // No row names the upload: after a crash the sweep at the next start removes it, and while the
  // lease is held nothing else does.
  std::optional<storage::UploadSessions::Lease> lease;
  std::optional<UpstreamError> failure;
  try {
    const auto digest = model::Digest::parse(order.digest);
    if (!digest) throw wrong("digest");
    auto acquired = services.store.uploads().acquire(upload, digest->algorithm());
    lease.emplace(std::move(*acquired));  // nobody else knows its name
    storage::UploadWriter& writer = lease->writer();
    const auto check_size = [&](std::optional<std::uint64_t> size) {
      if (size && *size != order.size) throw wrong("size");
      download.begin(writer.open_reader());
    };
    fetch_(order, check_size, [&](std::string_view bytes) {
      if (writer.size() + bytes.size() > order.size) throw wrong("size");
      writer.append(bytes);
      download.advance(writer.size());
    });
    if (writer.size() != order.size) throw wrong("size");
    if (writer.digest(digest->algorithm()) != *digest) throw wrong("digest");
    storage::commit_upload(services.store, upload, writer, *digest, order.repository,
                           services.clock.now(), [&](storage::sql::Txn& txn) {
                             if (wanted_blob(txn, order.repository, order.digest)) return;
                             throw UpstreamError(UpstreamFailure::kNotFound,
                                                 "The image is not wanted any more");
                           });
  } catch (const UpstreamError& error) {
    failure = error;
  } catch (const std::exception& error) {
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
