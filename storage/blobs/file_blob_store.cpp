#include "storage/blobs/file_blob_store.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "storage/os/error.h"
#include "storage/os/posix.h"

namespace ecr::storage {

namespace {

using model::Digest;
using model::DigestAlgorithm;

// The last guard before the id becomes a file name. The callers have it from a row or have parsed
// it, so another text is a bug.
void require_upload_id(const std::string& id) {
  if (!is_upload_id(id)) throw StorageError(StorageError::Kind::kMisuse, "not an upload id");
}

}  // namespace

FileBlobStore::FileBlobStore(const std::string& directory, bool sync,
                             std::shared_ptr<SyncFailures> sync_failures)
    : layout_(directory, sync),
      sync_(sync),
      sync_failures_(sync_failures ? std::move(sync_failures) : std::make_shared<SyncFailures>()),
      background_sync_(sync_failures_) {}

std::unique_ptr<UploadWriter> FileBlobStore::open_upload(const std::string& id,
                                                         DigestAlgorithm algorithm) {
  require_upload_id(id);
  // No sync of the directory: where a power loss takes the name, the upload is empty, and its
  // client begins it anew.
  Fd file = open_file(layout_.uploads(), id.c_str(), O_RDWR | O_CREAT, "upload " + id);
  return std::make_unique<FileUpload>(std::move(file), id, algorithm,
                                      sync_ ? &background_sync_ : nullptr, sync_failures_);
}

// fdatasync of the data, link, fsync of the directory: in this order every blob that has a name is
// whole, also after a power loss. The upload keeps its own name until discard_upload().
void FileBlobStore::commit(const std::string& id, UploadWriter& writer, const Digest& digest) {
  auto* const upload = dynamic_cast<FileUpload*>(&writer);
  if (!upload || upload->id() != id) {
    throw StorageError(StorageError::Kind::kMisuse, "a writer of another upload");
  }
  // Bytes never get another digest's name, even where the caller has a bug (test
  // BlobStoreContract.BytesNeverGetAnotherDigestsName). Only the digest that was computed along the
  // way is compared: for the other algorithm the whole file would be read again, as the caller has
  // just done.
  if (digest.algorithm() == upload->algorithm() && upload->digest(digest.algorithm()) != digest) {
    throw StorageError(StorageError::Kind::kMisuse, "upload " + id + " is not " + digest.text());
  }
  sync_failures_->throw_if_any();
  // A second push of a layer costs no sync of its data: the blob has its own copy already (test
  // BlobStoreContract.CommitOfAKnownBlobChangesNothing).
  const bool exists = open(digest).has_value();
  // Data before name: no name ever stands for bytes that a power loss can take.
  if (!exists) make_durable(*upload);
  try {
    link_blob(*upload, digest, exists);
  } catch (const StorageError& error) {
    // The name may be there without being durable, and another sync of it would say nothing.
    if (error.kind() == StorageError::Kind::kIo) sync_failures_->record(error.what());
    throw;
  }
}

void FileBlobStore::make_durable(FileUpload& upload) {
  try {
    upload.make_durable();
  } catch (const StorageError& error) {
    // The page cache may hold bytes that the disk does not: a later writer must not resume from it.
    if (error.kind() == StorageError::Kind::kIo) sync_failures_->record(error.what());
    // The client is told of the failure and begins a new upload (test
    // FileBlobs.FailedSyncOfTheDataEndsTheUpload).
    discard_upload(upload.id());
    throw;
  }
}

// Gives the upload's file the name of its blob. `exists`: the blob has a file already, of another
// upload. That upload may not have synced the name yet, so the directory is synced here too. Should
// the file be removed now, this upload does not take the name: its data was not synced.
void FileBlobStore::link_blob(FileUpload& upload, const Digest& digest, bool exists) {
  const Fd shard = layout_.shard_of(digest);
  const std::string hex(digest.hex());
  // A hard link never replaces: of two equal uploads at once the first stays.
  if (!exists) {
    // Every thread that links has synced its own data before, so the file that is there already is
    // durable too.
    if (::linkat(layout_.uploads(), upload.id().c_str(), shard.get(), hex.c_str(), 0) == 0) {
      upload.set_shared();
    } else if (errno != EEXIST) {
      throw StorageError::from_errno(errno, "naming blob " + digest.text());
    }
  }
  if (sync_) sync_directory(shard.get(), "of blob " + digest.text());
}

// The directory is not synced after this, nor after remove(): a power loss may bring the name back,
// and then the sweep at start finds a file without a row and removes it (Store::sweep_at_start).
void FileBlobStore::discard_upload(const std::string& id) {
  require_upload_id(id);
  if (::unlinkat(layout_.uploads(), id.c_str(), 0) != 0 && errno != ENOENT) {
    throw StorageError::from_errno(errno, "removing upload " + id);
  }
}

// The size is the file's, not the row's: a blob is never changed after it got its name.
std::optional<BlobFile> FileBlobStore::open(const Digest& digest) {
  const std::string name = BlobLayout::blob_name(digest);
  Fd file =
      open_file(layout_.blobs(digest.algorithm()), name.c_str(), O_RDONLY, "blob " + digest.text());
  if (!file) return std::nullopt;
  const std::uint64_t size = file_state(file.get(), "blob " + digest.text()).size;
  return std::optional<BlobFile>(std::in_place, std::move(file), size);
}

void FileBlobStore::remove(const Digest& digest) {
  const std::string name = BlobLayout::blob_name(digest);
  if (::unlinkat(layout_.blobs(digest.algorithm()), name.c_str(), 0) != 0 && errno != ENOENT) {
    throw StorageError::from_errno(errno, "removing blob " + digest.text());
  }
}

// A blob that is added or removed meanwhile may be listed or not (readdir(3)), so the caller asks
// the database again before it removes a file.
void FileBlobStore::list(const std::function<void(const Digest&, std::uint64_t)>& on_blob,
                         const std::function<void(const std::string&)>& on_upload) {
  layout_.list_blobs(on_blob);
  layout_.list_uploads(on_upload);
}

}  // namespace ecr::storage
