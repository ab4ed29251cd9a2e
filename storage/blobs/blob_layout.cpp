#include "storage/blobs/blob_layout.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <sys/stat.h>

#include "storage/os/error.h"

namespace ecr::storage {

namespace {

using model::Digest;
using model::DigestAlgorithm;

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// "00" to "ff" as a number. The digits are in lower case, as in a digest: OCI image-spec,
// "Descriptors", allows no other for sha256 and sha512.
std::optional<std::size_t> shard_number(std::string_view name) {
  if (name.size() != 2 || !is_lower_hex(name[0]) || !is_lower_hex(name[1])) return std::nullopt;
  const auto value = [](char c) {
    return static_cast<std::size_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  };
  return value(name[0]) * 16 + value(name[1]);
}

// Calls `visit(name)` for every entry but "." and "..".
template <typename Visit>
// Takes a descriptor of its own: the position in a directory belongs to the open file, so two
// listings over one descriptor would share it. The callers open "." anew for that.
void for_each_entry(Fd directory, const std::string& what, Visit visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(directory.get()), ::closedir);
  if (!stream) throw StorageError::from_errno(errno, "listing " + what);
  // closedir(3) closes the descriptor from here on.
  (void)directory.release();
  for (;;) {
    // readdir(3) returns null both at the end and after an error: only errno tells.
    errno = 0;
    const dirent* const entry = ::readdir(stream.get());
    if (!entry) {
      if (errno != 0) throw StorageError::from_errno(errno, "listing " + what);
      return;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(entry->d_name);
  }
}

}  // namespace

// An upload's id comes from a URL and becomes a file name: no other text is taken, or "../" would
// lead out of the directory (test BlobStoreContract.OnlyUuidsAreUploads).
bool is_upload_id(std::string_view text) {
  if (text.size() != 36) return false;
  // Lower case only: two spellings of one id would be two files.
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_lower_hex(text[i])) return false;
  }
  return true;
}

// All later names are relative to the descriptors that are opened here, so no name from outside can
// lead out of these directories.
BlobLayout::BlobLayout(const std::string& directory, bool sync) : sync_(sync) {
  const Fd root = open_directory(AT_FDCWD, directory.c_str(), directory);
  make_directory(root.get(), "uploads", "uploads");
  make_directory(root.get(), "blobs", "blobs");
  uploads_ = open_directory(root.get(), "uploads", "uploads");
  const Fd blobs = open_directory(root.get(), "blobs", "blobs");
  open_algorithm(directories_[0], DigestAlgorithm::kSha256, blobs.get(), "sha256");
  open_algorithm(directories_[1], DigestAlgorithm::kSha512, blobs.get(), "sha512");
  for (const AlgorithmDirectory& each : directories_) require_links(directory, each);
  // Each directory is synced after the entries in it were made.
  if (sync_) {
    sync_directory(blobs.get(), "blobs");
    sync_directory(root.get(), directory);
  }
}

// A blob gets its name by link(2) from uploads/. That fails where blobs/ or uploads/ is a mount of
// its own, even one of the same file system, and on file systems without hard links. Trying is the
// only sure way to know. Any other failure (a full disk, say) is left to the first push, which
// reports it.
void BlobLayout::require_links(const std::string& directory,
                               const AlgorithmDirectory& blobs) const {
  // No name of a blob or an upload, so that nothing lists it where a crash leaves it.
  constexpr const char* kProbe = ".link-probe";
  const int fd = ::openat(uploads_.get(), kProbe, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
                          S_IRUSR | S_IWUSR);
  if (fd < 0) return;
  const Fd file(fd);
  const bool linked = ::linkat(uploads_.get(), kProbe, blobs.fd.get(), kProbe, 0) == 0;
  const int error = linked ? 0 : errno;
  ::unlinkat(blobs.fd.get(), kProbe, 0);
  ::unlinkat(uploads_.get(), kProbe, 0);
  if (error == EXDEV) {
    throw StorageError(
        StorageError::Kind::kUnavailable,
        directory +
            ": blobs/ and uploads/ are on different mounts, and layers are linked from one "
            "to the other; mount the data directory as a whole");
  }
  if (error == EPERM || error == EOPNOTSUPP || error == ENOSYS) {
    throw StorageError(StorageError::Kind::kUnavailable,
                       directory +
                           ": the file system has no hard links, which layers need; use "
                           "another one for the data directory");
  }
}

void BlobLayout::open_algorithm(AlgorithmDirectory& opened, DigestAlgorithm algorithm, int parent,
                                const char* name) {
  make_directory(parent, name, name);
  opened.algorithm = algorithm;
  opened.fd = open_directory(parent, name, name);
  // The table of shards spares every commit a mkdir(2) and a sync of the parent.
  bool any = false;
  for_each_entry(open_directory(parent, name, name), name, [&](const char* entry) {
    if (const auto shard = shard_number(entry)) {
      opened.shard_exists[*shard].store(true);
      any = true;
    }
  });
  // A shard that an earlier process made may not have reached the disk.
  if (sync_ && any) sync_directory(opened.fd.get(), name);
}

// 256 directories keep each small. Two levels of names are enough for millions of blobs.
std::string BlobLayout::blob_name(const Digest& digest) {
  const std::string_view hex = digest.hex();
  std::string name(hex.substr(0, 2));
  name += '/';
  name += hex;
  return name;
}

// A new directory's name must be durable before a blob is linked into it, or a power loss takes
// blob and directory (test FileBlobs.CommitSyncsDataShardAndItsParent).
Fd BlobLayout::shard_of(const Digest& digest) {
  AlgorithmDirectory& parent = directories_[static_cast<std::size_t>(digest.algorithm())];
  const std::string name(digest.hex().substr(0, 2));
  auto& exists = parent.shard_exists[shard_number(name).value()];
  // The flag is set after the sync, so a thread that sees it may rely on the durable name.
  if (!exists.load()) {
    // Two threads may both come here for one shard: each syncs, so neither goes on too early.
    make_directory(parent.fd.get(), name.c_str(), name);
    if (sync_) sync_directory(parent.fd.get(), std::string(digest.algorithm_name()));
    exists.store(true);
  }
  return open_directory(parent.fd.get(), name.c_str(), name);
}

// Ignores every file that this program would not have made (test
// FileBlobs.ForeignFilesAreNotListed).
void BlobLayout::list_algorithm(const AlgorithmDirectory& parent,
                                const std::function<void(const Digest&, std::uint64_t)>& on_blob) {
  const std::string prefix = parent.algorithm == DigestAlgorithm::kSha256 ? "sha256:" : "sha512:";
  for_each_entry(open_directory(parent.fd.get(), ".", prefix), prefix, [&](const char* shard) {
    if (!shard_number(shard)) return;
    const Fd directory = open_directory(parent.fd.get(), shard, shard);
    for_each_entry(open_directory(directory.get(), ".", shard), shard, [&](const char* name) {
      const auto digest = Digest::parse(prefix + name);
      struct stat st {};
      // A file that another thread has removed since the directory was read is left out too.
      if (!digest || ::fstatat(directory.get(), name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
      if (S_ISREG(st.st_mode)) on_blob(*digest, static_cast<std::uint64_t>(st.st_size));
    });
  });
}

void BlobLayout::list_blobs(
    const std::function<void(const Digest&, std::uint64_t)>& on_blob) const {
  for (const auto& directory : directories_) list_algorithm(directory, on_blob);
}

void BlobLayout::list_uploads(const std::function<void(const std::string&)>& on_upload) const {
  // A file with another name was not made by this program, and the sweep must not remove it.
  for_each_entry(open_directory(uploads_.get(), ".", "uploads"), "uploads", [&](const char* name) {
    if (is_upload_id(name)) on_upload(name);
  });
}

}  // namespace ecr::storage
