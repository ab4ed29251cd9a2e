// The writers of uploads in progress, kept between the requests of one upload so that its hash goes
// on and the file is not read again. Bounded: the least recently used idle writer is closed (its
// file stays, and is hashed anew when the upload goes on). Owns the writers; borrows the BlobStore,
// which outlives it. Thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "storage/blobs/blob_store.h"

namespace ecr::storage {

class UploadSessions {
 public:
  // The exclusive use of one upload's writer; given back when destroyed.
  class Lease {
   public:
    Lease(Lease&& other) noexcept;
    ~Lease();
    UploadWriter& writer() { return *writer_; }  // REQUIRES: from acquire()
    const std::string& id() const { return id_; }
    // The upload is over (committed or cancelled): close the writer and discard its bytes.
    void finish();

   private:
    friend class UploadSessions;
    Lease(UploadSessions& owner, std::string id, std::unique_ptr<UploadWriter> writer);
    UploadSessions* owner_;
    std::string id_;
    std::unique_ptr<UploadWriter> writer_;
  };

  // Each idle writer keeps a descriptor. 256 of them stay well below 1,024, the usual limit of a
  // process.
  UploadSessions(BlobStore& blobs, std::size_t max_idle = 256);
  ~UploadSessions();

  // nullopt: another request is using the upload now. Throws StorageError.
  std::optional<Lease> acquire(const std::string& id, model::DigestAlgorithm algorithm);
  // The exclusive use of an upload that is to end, without its writer. nullopt: it is in use.
  std::optional<Lease> seize(const std::string& id);
  // Closes and discards an upload. False: it is in use.
  bool discard(const std::string& id);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecr::storage
