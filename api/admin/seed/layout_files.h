// The files of an OCI image layout, which a seed may find in a directory that others wrote (a
// checkout, a build's output): regular files alone, with no symbolic link on the way to them, sized
// before they are read. Used by one thread; blocking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "schemas/model/digest.h"
#include "storage/os/posix.h"

namespace ecr::api::admin {

// What the images of one seed may hold in memory until its transaction has ended: their manifests
// and indexes. Blobs are not held. Errors name the limit.
class SeedBudget {
 public:
  static constexpr std::size_t kMaxManifestBytes = 64u << 20;
  static constexpr std::size_t kMaxManifests = 20'000;
  // Throws std::runtime_error, with a text for the user, where the seed has no room for another
  // manifest of so many bytes.
  void take(std::size_t bytes);

 private:
  std::size_t bytes_ = 0;
  std::size_t manifests_ = 0;
};

// All functions throw std::runtime_error, with a text for the user, for a file that is missing, is
// a link or is no regular file; and StorageError where it cannot be read.
class LayoutFiles {
 public:
  // Links in `base` are followed: it is the server's operator who names it. `path` is what the
  // document says, relative to `base`, or absolute, and then links on the way to its last part are
  // followed, too.
  LayoutFiles(const std::string& base, const std::string& path);

  // For messages.
  const std::string& directory() const { return name_; }
  std::string path_of(const model::Digest& digest) const;

  // A file of the directory that is read into memory, of at most a manifest's 4 MiB.
  std::string read_small(const std::string& name) const;
  std::string read_small(const model::Digest& digest) const;
  // Calls `consume` with the bytes of a blob, in pieces.
  void read_blob(const model::Digest& digest,
                 const std::function<void(std::string_view)>& consume) const;

 private:
  storage::Fd open_blob(const model::Digest& digest) const;

  std::string name_;
  storage::Fd directory_;
};

}  // namespace ecr::api::admin
