// The BlobStore on local files (blob_layout.h says where). Thread-safe. Blocks and throws
// StorageError.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "schemas/model/digest.h"
#include "storage/blobs/background_sync.h"
#include "storage/blobs/blob_layout.h"
#include "storage/blobs/blob_store.h"
#include "storage/blobs/file_upload.h"
#include "storage/os/sync_failures.h"

namespace ecr::storage {

class FileBlobStore final : public BlobStore {
 public:
  // Creates missing directories below `directory`. `sync` false: no fsync (--in-memory). Failed
  // syncs are recorded in `sync_failures`; after one, of this store or of another user, nothing is
  // appended or committed (kReadOnly). Null: its own.
  FileBlobStore(const std::string& directory, bool sync,
                std::shared_ptr<SyncFailures> sync_failures = nullptr);

  std::unique_ptr<UploadWriter> open_upload(const std::string& id,
                                            model::DigestAlgorithm algorithm) override;
  void commit(const std::string& id, UploadWriter& writer, const model::Digest& digest) override;
  void discard_upload(const std::string& id) override;
  std::optional<BlobFile> open(const model::Digest& digest) override;
  void remove(const model::Digest& digest) override;
  void list(const std::function<void(const model::Digest&, std::uint64_t)>& on_blob,
            const std::function<void(const std::string&)>& on_upload) override;

 private:
  void make_durable(FileUpload& upload);
  void link_blob(FileUpload& upload, const model::Digest& digest, bool exists);

  BlobLayout layout_;
  const bool sync_;
  const std::shared_ptr<SyncFailures> sync_failures_;
  BackgroundSync background_sync_;
};

}  // namespace ecr::storage
