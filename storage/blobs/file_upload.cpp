#include "storage/blobs/file_upload.h"

#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "storage/os/error.h"

namespace ecr::storage {

namespace {

// So many bytes may wait in the page cache before write-back is started, so that the sync at the
// end of a large layer finds little left to do.
constexpr std::uint64_t kWriteBackWindow = 8u << 20;
// So many may then wait in the disk's cache before it is told to write them.
constexpr std::uint64_t kSyncWindow = 64u << 20;

}  // namespace

// Hash states are not stored: after a restart, or when the idle writer was closed, the file is
// read.
FileUpload::FileUpload(Fd file, std::string id, model::DigestAlgorithm algorithm,
                       BackgroundSync* background_sync,
                       std::shared_ptr<const SyncFailures> sync_failures)
    : file_(std::move(file)),
      id_(std::move(id)),
      background_sync_(background_sync),
      sync_failures_(std::move(sync_failures)),
      hasher_(algorithm) {
  const FileState state = file_state(file_.get(), "upload " + id_);
  // Two names after a crash between the commit of the blob and the end of the upload: the file is
  // the blob, and must not grow.
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

// INVARIANT of an upload that is not broken: the file begins with exactly the size_ bytes that the
// hash has seen.
void FileUpload::require_usable() const {
  if (broken_) {
    throw StorageError(StorageError::Kind::kIo, "upload " + id_ + " failed before; begin anew");
  }
}

void FileUpload::append(std::string_view bytes) {
  require_usable();
  sync_failures_->throw_if_any();
  // Only after a commit of this upload, which the caller then gave up without discarding it.
  if (maybe_shared_) {
    // The link count is read again, because the blob may have been collected since; then the file
    // is the upload's alone (test BlobStoreContract.BlobNeverChangesThroughTheUploadItCameFrom).
    maybe_shared_ = file_state(file_.get(), "upload " + id_).links > 1;
    if (maybe_shared_) {
      throw StorageError(StorageError::Kind::kMisuse,
                         "upload " + id_ + " has become a blob and cannot grow");
    }
  }
  try {
    write_all(file_.get(), bytes, size_, "upload " + id_);
  } catch (const StorageError&) {
    // UploadWriter promises all bytes or none: those that were written are taken away again (test
    // FileBlobs.FullDiskLeavesTheUploadAsItWas). Where even that fails, the file holds bytes that
    // the hash does not know, and nothing may use it.
    broken_ = ::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0;
    throw;
  }
  hasher_.update(bytes);
  size_ += bytes.size();
  start_write_back();
}

void FileUpload::start_write_back() {
  if (background_sync_ == nullptr || size_ - written_back_ < kWriteBackWindow) return;
  // Only a hint: make_durable reports what fails. sync_file_range(2) starts the writing and does
  // not wait for it. It writes no metadata and does not empty the disk's cache, so it never counts
  // as a sync.
  ::sync_file_range(file_.get(), static_cast<off_t>(written_back_),
                    static_cast<off_t>(size_ - written_back_), SYNC_FILE_RANGE_WRITE);
  written_back_ = size_;
  if (size_ - synced_ >= kSyncWindow) start_sync();
}

// One sync at a time, and none after one that failed. Where none can be begun now, a later append
// tries again.
void FileUpload::start_sync() {
  if (syncing_ && (!background_sync_->done(*syncing_) || sync_failures_->any())) return;
  auto begun = background_sync_->begin(file_.get(), "upload " + id_);
  if (!begun) return;
  syncing_ = std::move(begun);
  synced_ = size_;
}

model::Digest FileUpload::digest(model::DigestAlgorithm algorithm) {
  require_usable();
  // From a copy of the hash state, because the upload may go on (test
  // BlobStoreContract.DigestCanBeAskedInTheMiddle).
  if (algorithm == hasher_.algorithm()) return hasher_.copy().finish();
  // A client may name the layer by sha512 at the end of an upload that was hashed as sha256 (OCI
  // image-spec, "Registered algorithms"). That is rare, so it may cost a read of the file.
  model::Hasher other(algorithm);
  read_all(
      file_.get(), [&](std::string_view bytes) { other.update(bytes); }, "upload " + id_);
  return other.finish();
}

// A descriptor of its own, so that a reader can go on when the upload is closed or discarded.
BlobFile FileUpload::open_reader() {
  const int fd = ::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) {
    throw StorageError(StorageError::Kind::kIo, "upload " + id_ + " cannot be read");
  }
  return BlobFile(Fd(fd), size_);
}

void FileUpload::make_durable() {
  require_usable();
  if (background_sync_ == nullptr) return;
  try {
    // First: its failure would otherwise be lost, because the kernel reports it once.
    if (syncing_) background_sync_->wait(*syncing_);
    // The background sync covered only the bytes that were there when it began.
    sync_data(file_.get(), "upload " + id_);
  } catch (const StorageError&) {
    broken_ = true;
    throw;
  }
}

}  // namespace ecr::storage
