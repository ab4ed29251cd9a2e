// Bytes by digest. Six methods, so that another backend (S3-compatible) is one more file; every
// backend passes tests/storage/blobs/blob_store_contract.h. Thread-safe but for UploadWriter. All
// methods block and throw StorageError.
//
// On disk below the data directory:
//   blobs/sha256/ab/ab12...   a whole, verified blob; written once, never changed
//   uploads/<uuid>            the bytes of an upload so far
//
// Order that callers keep: blob file before row, row gone before file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/model/digest.h"
#include "storage/os/sync_health.h"

namespace ecr::storage {

class BlobFile;

// One upload in progress: appends and hashes as it goes. One thread at a time.
class UploadWriter {
 public:
  virtual ~UploadWriter() = default;
  // Either all bytes are appended or StorageError is thrown and size() is as before.
  virtual void append(std::string_view bytes) = 0;
  virtual std::uint64_t size() const = 0;
  // The digest of what has been appended. Free for the algorithm that is hashed along the way;
  // else the file is read once.
  virtual model::Digest digest(model::DigestAlgorithm algorithm) = 0;
  // The bytes for another thread to read while they grow: what it may read up to, size(), it is
  // told by whoever appends. The file stays readable whatever becomes of the upload.
  virtual BlobFile open_reader() = 0;
};

// An open blob: owns the descriptor. REQUIRES: size bytes from offset 0 are the blob.
class BlobFile {
 public:
  BlobFile(int fd, std::uint64_t size) : fd_(fd), size_(size) {}
  BlobFile(BlobFile&& other) noexcept : fd_(other.fd_), size_(other.size_) { other.fd_ = -1; }
  BlobFile& operator=(BlobFile&&) = delete;
  ~BlobFile();
  int fd() const { return fd_; }
  std::uint64_t size() const { return size_; }

 private:
  int fd_;
  std::uint64_t size_;
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Opens the upload, creating it where it is new; `algorithm` is what is hashed along the way.
  // After a restart what the file holds is read once. REQUIRES: id is a UUID; at most one writer an
  // id at a time.
  virtual std::unique_ptr<UploadWriter> open_upload(const std::string& id,
                                                    model::DigestAlgorithm algorithm) = 0;

  // Makes the upload's bytes the blob `digest`, durably (data and directory are synced before it
  // returns). Keeps the upload: the caller discards it once the row is committed. Nothing happens
  // where the blob is there already. REQUIRES: writer.digest() == digest.
  virtual void commit(const std::string& id, UploadWriter& writer, const model::Digest& digest) = 0;

  // Forgets an upload; fine where there is none.
  virtual void discard_upload(const std::string& id) = 0;

  // nullopt: not there.
  virtual std::optional<BlobFile> open(const model::Digest& digest) = 0;

  // Removes a blob; fine where there is none. REQUIRES: durably no row names it, and the caller
  // keeps every other writer of the database out (Txn::commit_then).
  virtual void remove(const model::Digest& digest) = 0;

  // Every blob (digest, size) and every upload (id), in no order; for sweep and check.
  virtual void list(const std::function<void(const model::Digest&, std::uint64_t)>& on_blob,
                    const std::function<void(const std::string&)>& on_upload) = 0;
};

// The one on local files. `sync` false: no fsync (--in-memory). `health` is told of failed syncs;
// after one, its own or another's, nothing is appended or committed (kReadOnly). Null: its own.
std::unique_ptr<BlobStore> make_file_blob_store(const std::string& directory, bool sync,
                                                std::shared_ptr<SyncHealth> health = nullptr);

}  // namespace ecr::storage
