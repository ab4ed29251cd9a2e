// An upload as a local file: FileBlobStore's UploadWriter.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "schemas/model/digest.h"
#include "storage/blobs/blob_store.h"
#include "storage/blobs/early_sync.h"
#include "storage/os/posix.h"
#include "storage/os/sync_health.h"

namespace ecr::storage {

// One thread at a time.
class FileUpload final : public UploadWriter {
 public:
  // Hashes what the file holds. `early_sync`: what syncs the file as it grows, and outlives it;
  // null: nothing is ever synced.
  FileUpload(Fd file, std::string id, model::DigestAlgorithm algorithm, EarlySync* early_sync,
             std::shared_ptr<const SyncHealth> health);

  void append(std::string_view bytes) override;
  std::uint64_t size() const override { return size_; }
  model::Digest digest(model::DigestAlgorithm algorithm) override;
  BlobFile open_reader() override;

  const std::string& id() const { return id_; }
  model::DigestAlgorithm algorithm() const { return hasher_.algorithm(); }

  // fdatasync. After a failure every use of the upload throws.
  void make_durable();
  // The file got a second name, as a blob: it must not change while it has it.
  void set_shared() { maybe_shared_ = true; }

 private:
  void require_usable() const;
  void start_write_back();
  void start_sync();

  Fd file_;
  const std::string id_;
  EarlySync* const early_sync_;
  const std::shared_ptr<const SyncHealth> health_;
  model::Hasher hasher_;
  std::uint64_t size_ = 0;
  std::uint64_t written_back_ = 0;              // up to here the kernel was asked to write
  std::uint64_t synced_ = 0;                    // up to here a sync was begun
  std::shared_ptr<EarlySync::Ticket> syncing_;  // the last such
  bool maybe_shared_ = false;
  bool broken_ = false;
};

}  // namespace ecr::storage
