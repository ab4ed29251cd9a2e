#include "storage/blobs/file_upload.h"

#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "storage/os/error.h"

namespace ecr::storage {

namespace {

// How much may wait in the page cache before write-back is started, so that the sync at the end of
// a large layer finds little left to do.
constexpr std::uint64_t kWriteBackWindow = 8u << 20;
// How much may then wait in the disk's cache, the same way.
constexpr std::uint64_t kSyncWindow = 64u << 20;

}  // namespace

FileUpload::FileUpload(Fd file, std::string id, model::DigestAlgorithm algorithm,
                       EarlySync* early_sync, std::shared_ptr<const SyncHealth> health)
    : file_(std::move(file)),
      id_(std::move(id)),
      early_sync_(early_sync),
      health_(std::move(health)),
      hasher_(algorithm) {
  const FileState state = file_state(file_.get(), "upload " + id_);
  maybe_shared_ = state.links > 1;
  if (state.size == 0) return;
  read_all(
      file_.get(),
      [this](std::string_view bytes) {
        hasher_.update(bytes);
        size_ += bytes.size();
      },
      "upload " + id_);
}

void FileUpload::require_usable() const {
  if (broken_) {
    throw StorageError(StorageError::Kind::kIo, "upload " + id_ + " failed before; begin anew");
  }
}

void FileUpload::append(std::string_view bytes) {
  require_usable();
  health_->require();
  // Only after a commit of this upload, which the caller then gave up without discarding it.
  if (maybe_shared_) {
    maybe_shared_ = file_state(file_.get(), "upload " + id_).links > 1;
    if (maybe_shared_) {
      throw StorageError(StorageError::Kind::kMisuse,
                         "upload " + id_ + " has become a blob and cannot grow");
    }
  }
  try {
    write_all(file_.get(), bytes, size_, "upload " + id_);
  } catch (const StorageError&) {
    broken_ = ::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0;
    throw;
  }
  hasher_.update(bytes);
  size_ += bytes.size();
  start_write_back();
}

void FileUpload::start_write_back() {
  if (early_sync_ == nullptr || size_ - written_back_ < kWriteBackWindow) return;
  // Only a hint: make_durable reports what fails.
  ::sync_file_range(file_.get(), static_cast<off_t>(written_back_),
                    static_cast<off_t>(size_ - written_back_), SYNC_FILE_RANGE_WRITE);
  written_back_ = size_;
  if (size_ - synced_ >= kSyncWindow) start_sync();
}

// One at a time, and none after one that failed.
void FileUpload::start_sync() {
  if (syncing_ && (!early_sync_->done(*syncing_) || health_->failed())) return;
  auto begun = early_sync_->begin(file_.get(), "upload " + id_);
  if (!begun) return;
  syncing_ = std::move(begun);
  synced_ = size_;
}

model::Digest FileUpload::digest(model::DigestAlgorithm algorithm) {
  require_usable();
  if (algorithm == hasher_.algorithm()) return hasher_.copy().finish();
  model::Hasher other(algorithm);
  read_all(
      file_.get(), [&](std::string_view bytes) { other.update(bytes); }, "upload " + id_);
  return other.finish();
}

BlobFile FileUpload::open_reader() {
  const int fd = ::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) {
    throw StorageError(StorageError::Kind::kIo, "upload " + id_ + " cannot be read");
  }
  return BlobFile(fd, size_);
}

void FileUpload::make_durable() {
  require_usable();
  if (early_sync_ == nullptr) return;
  try {
    if (syncing_) early_sync_->wait(*syncing_);
    sync_data(file_.get(), "upload " + id_);
  } catch (const StorageError&) {
    broken_ = true;
    throw;
  }
}

}  // namespace ecr::storage
