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
#include <utility>

#include "schemas/model/digest.h"
#include "storage/os/posix.h"

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
  // The bytes for another thread, which reads while they grow. The appending thread tells it how
  // far it may read, size(). The file stays readable when the upload ends.
  virtual BlobFile open_reader() = 0;
};

// An open blob: owns the descriptor. REQUIRES: size bytes from offset 0 are the blob.
class BlobFile {
 public:
  BlobFile(Fd file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  int fd() const { return file_.get(); }
  std::uint64_t size() const { return size_; }

 private:
  Fd file_;
  std::uint64_t size_;
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Opens the upload, creating it where it is new. `algorithm` is hashed along the way; after a
  // restart the file is read once for that. REQUIRES: id is a UUID; at most one writer an
  // id at a time.
  virtual std::unique_ptr<UploadWriter> open_upload(const std::string& id,
                                                    model::DigestAlgorithm algorithm) = 0;

  // Makes the upload's bytes the blob `digest`, durably (data and directory are synced before it
  // returns). Keeps the upload: the caller discards it once the row is committed. Nothing happens
  // where the blob is there already. REQUIRES: writer.digest() == digest.
  virtual void commit(const std::string& id, UploadWriter& writer, const model::Digest& digest) = 0;

  // Forgets an upload; fine where there is none.
  virtual void discard_upload(const std::string& id) = 0;

  // nullopt: the blob is not there.
  virtual std::optional<BlobFile> open(const model::Digest& digest) = 0;

  // Removes a blob; fine where there is none. REQUIRES: durably no row names it, and the caller
  // keeps every other writer of the database out (Txn::commit_then).
  virtual void remove(const model::Digest& digest) = 0;

  // Calls back with every blob (digest, size) and every upload (id), in no order; for the sweep.
  virtual void list(const std::function<void(const model::Digest&, std::uint64_t)>& on_blob,
                    const std::function<void(const std::string&)>& on_upload) = 0;
};

}  // namespace ecr::storage
