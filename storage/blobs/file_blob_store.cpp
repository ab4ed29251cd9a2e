#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "storage/blobs/blob_layout.h"
#include "storage/blobs/blob_store.h"
#include "storage/blobs/file_upload.h"
#include "storage/os/error.h"
#include "storage/os/posix.h"

namespace ecr::storage {

namespace {

using model::Digest;
using model::DigestAlgorithm;

void require_upload_id(const std::string& id) {
  if (!is_upload_id(id)) throw StorageError(StorageError::Kind::kMisuse, "not an upload id");
}

class FileBlobStore final : public BlobStore {
 public:
  FileBlobStore(const std::string& directory, bool sync, std::shared_ptr<SyncHealth> health)
      : layout_(directory, sync),
        sync_(sync),
        health_(health ? std::move(health) : std::make_shared<SyncHealth>()),
        early_sync_(health_) {}

  std::unique_ptr<UploadWriter> open_upload(const std::string& id,
                                            DigestAlgorithm algorithm) override;
  void commit(const std::string& id, UploadWriter& writer, const Digest& digest) override;
  void discard_upload(const std::string& id) override;
  std::optional<BlobFile> open(const Digest& digest) override;
  void remove(const Digest& digest) override;
  void list(const std::function<void(const Digest&, std::uint64_t)>& on_blob,
            const std::function<void(const std::string&)>& on_upload) override;

 private:
  void make_durable(FileUpload& upload);
  void give_name(FileUpload& upload, const Digest& digest, bool there);

  BlobLayout layout_;
  const bool sync_;
  const std::shared_ptr<SyncHealth> health_;
  EarlySync early_sync_;
};

std::unique_ptr<UploadWriter> FileBlobStore::open_upload(const std::string& id,
                                                         DigestAlgorithm algorithm) {
  require_upload_id(id);
  Fd file = open_file(layout_.uploads(), id.c_str(), O_RDWR | O_CREAT, "upload " + id);
  return std::make_unique<FileUpload>(std::move(file), id, algorithm,
                                      sync_ ? &early_sync_ : nullptr, health_);
}

void FileBlobStore::commit(const std::string& id, UploadWriter& writer, const Digest& digest) {
  auto* const upload = dynamic_cast<FileUpload*>(&writer);
  if (!upload || upload->id() != id) {
    throw StorageError(StorageError::Kind::kMisuse, "a writer of another upload");
  }
  // Bytes never get a name that is not theirs, whatever the caller did.
  if (digest.algorithm() == upload->algorithm() && upload->digest(digest.algorithm()) != digest) {
    throw StorageError(StorageError::Kind::kMisuse, "upload " + id + " is not " + digest.text());
  }
  health_->require();
  const bool there = open(digest).has_value();
  // Data before name: no name ever stands for bytes that a power loss can take.
  if (!there) make_durable(*upload);
  try {
    give_name(*upload, digest, there);
  } catch (const StorageError& error) {
    // The name may be there without being durable, and another sync of it would say nothing.
    if (error.kind() == StorageError::Kind::kIo) health_->fail(error.what());
    throw;
  }
}

void FileBlobStore::make_durable(FileUpload& upload) {
  try {
    upload.make_durable();
  } catch (const StorageError& error) {
    // What is in the page cache is not what is on disk: a later writer must not resume from it.
    if (error.kind() == StorageError::Kind::kIo) health_->fail(error.what());
    discard_upload(upload.id());
    throw;
  }
}

// `there`: somebody gave the name already. He may not have synced it yet, so it is synced again;
// but should it vanish now it is not given again, because this upload's data was not synced.
void FileBlobStore::give_name(FileUpload& upload, const Digest& digest, bool there) {
  const Fd shard = layout_.shard_of(digest);
  const std::string hex(digest.hex());
  // A hard link never replaces: of two equal uploads at once the first stays.
  if (!there) {
    if (::linkat(layout_.uploads(), upload.id().c_str(), shard.get(), hex.c_str(), 0) == 0) {
      upload.set_shared();
    } else if (errno != EEXIST) {
      throw StorageError::from_errno(errno, "naming blob " + digest.text());
    }
  }
  if (sync_) sync_directory(shard.get(), "of blob " + digest.text());
}

void FileBlobStore::discard_upload(const std::string& id) {
  require_upload_id(id);
  if (::unlinkat(layout_.uploads(), id.c_str(), 0) != 0 && errno != ENOENT) {
    throw StorageError::from_errno(errno, "removing upload " + id);
  }
}

std::optional<BlobFile> FileBlobStore::open(const Digest& digest) {
  const std::string name = BlobLayout::blob_name(digest);
  Fd file =
      open_file(layout_.blobs(digest.algorithm()), name.c_str(), O_RDONLY, "blob " + digest.text());
  if (!file) return std::nullopt;
  const std::uint64_t size = file_state(file.get(), "blob " + digest.text()).size;
  return std::optional<BlobFile>(std::in_place, file.release(), size);
}

void FileBlobStore::remove(const Digest& digest) {
  const std::string name = BlobLayout::blob_name(digest);
  if (::unlinkat(layout_.blobs(digest.algorithm()), name.c_str(), 0) != 0 && errno != ENOENT) {
    throw StorageError::from_errno(errno, "removing blob " + digest.text());
  }
}

void FileBlobStore::list(const std::function<void(const Digest&, std::uint64_t)>& on_blob,
                         const std::function<void(const std::string&)>& on_upload) {
  layout_.list_blobs(on_blob);
  layout_.list_uploads(on_upload);
}

}  // namespace

BlobFile::~BlobFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::unique_ptr<BlobStore> make_file_blob_store(const std::string& directory, bool sync,
                                                std::shared_ptr<SyncHealth> health) {
  return std::make_unique<FileBlobStore>(directory, sync, std::move(health));
}

}  // namespace ecr::storage
