#include "api/admin/seed/layout_files.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <sys/stat.h>

#include "api/images/manifest.h"
#include "schemas/base/text.h"
#include "storage/os/error.h"

namespace ecr::api::admin {
namespace {

[[noreturn]] void fail_file(const std::string& path, const char* why) {
  throw std::runtime_error(path + " " + why);
}

struct stat state_of(int directory, const char* name, const std::string& path) {
  struct stat state {};
  if (::fstatat(directory, name, &state, AT_SYMLINK_NOFOLLOW) == 0) return state;
  if (errno == ENOENT || errno == ENOTDIR) fail_file(path, "cannot be read: it is not there");
  throw storage::StorageError::from_errno(errno, "looking at " + path);
}

// Asks for the kind before the file is opened, for the message; what is opened is never a link
// (open_file), and O_NONBLOCK makes the opening of a FIFO, which others may put there in between,
// return at once.
storage::Fd open_kind(int directory, const char* name, mode_t kind, int flags,
                      const std::string& path) {
  const struct stat state = state_of(directory, name, path);
  if (S_ISLNK(state.st_mode)) fail_file(path, "is a symbolic link, and a seed follows none");
  const bool right = (state.st_mode & S_IFMT) == kind;
  if (!right) fail_file(path, kind == S_IFDIR ? "is no directory" : "is no regular file");
  storage::Fd file = storage::open_file(directory, name, O_RDONLY | O_NONBLOCK | flags, path);
  if (!file) fail_file(path, "cannot be read: it is not there");
  return file;
}

storage::Fd open_folder(int directory, const char* name, const std::string& path) {
  return open_kind(directory, name, S_IFDIR, O_DIRECTORY, path);
}

// The size is that of the open file, whatever its name stands for by now.
std::uint64_t regular_size(const storage::Fd& file, const std::string& path) {
  struct stat state {};
  if (::fstat(file.get(), &state) != 0) {
    throw storage::StorageError::from_errno(errno, "looking at " + path);
  }
  if (!S_ISREG(state.st_mode)) fail_file(path, "is no regular file");
  return static_cast<std::uint64_t>(state.st_size);
}

std::string read_bounded(const storage::Fd& file, const std::string& path) {
  const std::uint64_t size = regular_size(file, path);
  if (size > kMaxManifestBytes) fail_file(path, "is larger than 4 MiB");
  std::string bytes;
  bytes.reserve(size);
  storage::read_all(
      file.get(),
      [&](std::string_view piece) {
        // It may grow while it is read.
        if (bytes.size() + piece.size() > kMaxManifestBytes)
          fail_file(path, "is larger than 4 MiB");
        bytes += piece;
      },
      path);
  return bytes;
}

}  // namespace

void SeedBudget::take(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > kMaxManifestBytes) {
    throw std::runtime_error(base::format("the manifests of a seed's images may have {} MiB in all",
                                          kMaxManifestBytes >> 20));
  }
  if (++manifests_ > kMaxManifests) {
    throw std::runtime_error(
        base::format("the images of a seed may have {} manifests in all", kMaxManifests));
  }
}

LayoutFiles::LayoutFiles(const std::string& base, const std::string& path)
    : name_((std::filesystem::path(base) / path).string()) {
  std::filesystem::path relative = std::filesystem::path(path).lexically_normal();
  std::filesystem::path at = base;
  if (relative.is_absolute()) {
    if (!relative.has_filename()) relative = relative.parent_path();
    at = relative.parent_path();
    relative = relative.filename();
  }
  if (!std::filesystem::is_directory(at)) fail_file(name_, "cannot be read: it is not there");
  directory_ = storage::open_directory(AT_FDCWD, at.c_str(), at.string());
  for (const std::filesystem::path& part : relative) {
    if (part.empty() || part == ".") continue;
    at /= part;
    directory_ = open_folder(directory_.get(), part.c_str(), at.string());
  }
}

std::string LayoutFiles::path_of(const model::Digest& digest) const {
  std::string name = digest.text();
  name[name.find(':')] = '/';
  return name_ + "/blobs/" + name;
}

std::string LayoutFiles::read_small(const std::string& name) const {
  const std::string path = name_ + "/" + name;
  return read_bounded(open_kind(directory_.get(), name.c_str(), S_IFREG, 0, path), path);
}

storage::Fd LayoutFiles::open_blob(const model::Digest& digest) const {
  const std::string text = digest.text();
  const std::size_t colon = text.find(':');
  const std::string algorithm = text.substr(0, colon);
  const std::string blobs = name_ + "/blobs";
  const storage::Fd folder = open_folder(directory_.get(), "blobs", blobs);
  const storage::Fd kind = open_folder(folder.get(), algorithm.c_str(), blobs + "/" + algorithm);
  return open_kind(kind.get(), text.c_str() + colon + 1, S_IFREG, 0, path_of(digest));
}

std::string LayoutFiles::read_small(const model::Digest& digest) const {
  return read_bounded(open_blob(digest), path_of(digest));
}

void LayoutFiles::read_blob(const model::Digest& digest,
                            const std::function<void(std::string_view)>& consume) const {
  const storage::Fd file = open_blob(digest);
  const std::string path = path_of(digest);
  std::uint64_t left = regular_size(file, path);
  storage::read_all(
      file.get(),
      [&](std::string_view piece) {
        // The read of a file that others append to would have no end.
        if (piece.size() > left) fail_file(path, "grows while it is read");
        left -= piece.size();
        consume(piece);
      },
      path);
}

}  // namespace ecr::api::admin
