// An upload as a local file: FileBlobStore's UploadWriter. Owns the descriptor. One thread at a
// time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "schemas/model/digest.h"
#include "storage/blobs/background_sync.h"
#include "storage/blobs/blob_store.h"
#include "storage/os/posix.h"
#include "storage/os/sync_failures.h"

namespace ecr::storage {

class FileUpload final : public UploadWriter {
 public:
  // Hashes the bytes that the file holds. `background_sync` syncs the file as it grows, and
  // outlives it; null: nothing is ever synced.
  FileUpload(Fd file, std::string id, model::DigestAlgorithm algorithm,
             BackgroundSync* background_sync, std::shared_ptr<const SyncFailures> sync_failures);

  void append(std::string_view bytes) override;
  std::uint64_t size() const override { return size_; }
  model::Digest digest(model::DigestAlgorithm algorithm) override;
  BlobFile open_reader() override;

  const std::string& id() const { return id_; }
  model::DigestAlgorithm algorithm() const { return hasher_.algorithm(); }

  // fdatasync. After a failure every use of the upload throws.
  void make_durable();
  // The file got a second name, as a blob: it must not change while it has two.
  void set_shared() { maybe_shared_ = true; }

 private:
  void require_usable() const;
  void start_write_back();
  void start_sync();

  Fd file_;
  const std::string id_;
  BackgroundSync* const background_sync_;
  const std::shared_ptr<const SyncFailures> sync_failures_;
  model::Hasher hasher_;
  std::uint64_t size_ = 0;
  std::uint64_t written_back_ = 0;                   // up to here the kernel was asked to write
  std::uint64_t synced_ = 0;                         // up to here a sync was begun
  std::shared_ptr<BackgroundSync::Ticket> syncing_;  // the last one that was begun
  bool maybe_shared_ = false;                        // the file may have a second name
  bool broken_ = false;                              // its bytes are not known any more
};

}  // namespace ecr::storage
