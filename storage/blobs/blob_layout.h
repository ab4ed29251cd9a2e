// Where the bytes of uploads and blobs lie below the data directory, as names relative to open
// directories: no file outside them can be named. Owns the directories' descriptors. Thread-safe.
//
//   blobs/sha256/ab/ab12...   mode 0600, directories 0700
//   uploads/<uuid>
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "schemas/model/digest.h"
#include "storage/os/posix.h"

namespace ecr::storage {

// Exactly 8-4-4-4-12 hex digits in lower case: as a file name it stays in its directory.
bool is_upload_id(std::string_view text);

class BlobLayout {
 public:
  // Creates what is missing. Throws StorageError where uploads cannot become blobs: the two
  // directories are on different mounts, or the file system has no hard links. `sync`: the
  // directories are durable when this returns.
  BlobLayout(const std::string& directory, bool sync);

  int uploads() const { return uploads_.get(); }
  // The directory that blob_name is relative to.
  int blobs(model::DigestAlgorithm algorithm) const { return directory(algorithm).fd.get(); }
  // "ab/ab12..."
  static std::string blob_name(const model::Digest& digest);

  // The directory that will hold the blob, created (and its own name synced) where it is missing.
  Fd shard_of(const model::Digest& digest);

  void list_blobs(const std::function<void(const model::Digest&, std::uint64_t)>& on_blob) const;
  void list_uploads(const std::function<void(const std::string&)>& on_upload) const;

 private:
  // The directory of one algorithm's blobs.
  struct AlgorithmDirectory {
    model::DigestAlgorithm algorithm{};
    Fd fd;
    // True: the shard of that number is there and its name is durable.
    std::array<std::atomic<bool>, 256> shard_exists{};
  };
  void open_algorithm(AlgorithmDirectory& opened, model::DigestAlgorithm algorithm, int parent,
                      const char* name);
  // Throws StorageError where files of uploads/ cannot be linked into `blobs`.
  void require_links(const std::string& directory, const AlgorithmDirectory& blobs) const;
  static void list_algorithm(
      const AlgorithmDirectory& directory,
      const std::function<void(const model::Digest&, std::uint64_t)>& on_blob);
  const AlgorithmDirectory& directory(model::DigestAlgorithm algorithm) const {
    return directories_[static_cast<std::size_t>(algorithm)];
  }

  const bool sync_;
  Fd uploads_;
  std::array<AlgorithmDirectory, 2> directories_;  // by DigestAlgorithm
};

}  // namespace ecr::storage
