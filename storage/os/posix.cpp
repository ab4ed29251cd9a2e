#include "storage/os/posix.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "storage/os/error.h"

namespace ecr::storage {

namespace {

// Runs a call that reports failure by -1 and errno until it is not interrupted.
template <typename Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace

// close(2) is never repeated after EINTR: on Linux the descriptor is gone then, and another thread
// may have the number already (close(2), "Dealing with error returns from close()").
Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

// O_CLOEXEC: no scanner or other child gets the file. Mode 0600: layers, the key and the database
// are for the owner alone.
Fd open_file(int directory, const char* name, int flags, const std::string& what) {
  // O_NOFOLLOW: a symbolic link in a data directory must not lead the server to another file.
  const int fd = retry(
      [&] { return ::openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR); });
  if (fd < 0 && errno != ENOENT) throw StorageError::from_errno(errno, "opening " + what);
  return Fd(fd);
}

// Follows a symbolic link, unlike open_file().
Fd open_directory(int parent, const char* name, const std::string& what) {
  const int fd = retry([&] { return ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) throw StorageError::from_errno(errno, "opening directory " + what);
  return Fd(fd);
}

// EEXIST says nothing about the kind of the entry. Where it is no directory, the open_directory()
// that follows fails.
bool make_directory(int parent, const char* name, const std::string& what) {
  if (::mkdirat(parent, name, S_IRWXU) == 0) return true;
  if (errno == EEXIST) return false;
  throw StorageError::from_errno(errno, "creating directory " + what);
}

// write(2) may take less than it is given, at a signal or on a disk that is nearly full, so the
// rest is tried again until an error says why. By pwrite(2): a retry after a failure writes at the
// same place.
void write_all(int fd, std::string_view bytes, std::uint64_t offset, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t n =
        retry([&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (n < 0) throw StorageError::from_errno(errno, "writing " + what);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

// By pread(2) from offset 0, so that the descriptor's own position does not matter: an upload's is
// shared with its readers.
void read_all(int fd, const std::function<void(std::string_view)>& consume,
              const std::string& what) {
  // A hint for more read-ahead, so its failure does not matter.
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  std::vector<char> buffer(kReadBuffer);
  std::uint64_t offset = 0;
  for (;;) {
    const ssize_t n = retry(
        [&] { return ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset)); });
    if (n < 0) throw StorageError::from_errno(errno, "reading " + what);
    if (n == 0) return;
    consume({buffer.data(), static_cast<std::size_t>(n)});
    offset += static_cast<std::uint64_t>(n);
  }
}

FileState file_state(int fd, const std::string& what) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) throw StorageError::from_errno(errno, "reading the size of " + what);
  return {static_cast<std::uint64_t>(st.st_size), static_cast<std::uint64_t>(st.st_nlink)};
}

// fdatasync(2) leaves out the times of the file but writes its size, without which the data could
// not be read after a power loss (fdatasync(2), "NOTES").
void sync_data(int fd, const std::string& what) {
  if (retry([&] { return ::fdatasync(fd); }) != 0) {
    // Always kIo, also after ENOSPC: the lost pages cannot be written by a second try.
    throw StorageError(StorageError::Kind::kIo,
                       StorageError::from_errno(errno, "syncing " + what).what());
  }
}

// A new, renamed or linked name is durable only after an fsync(2) of its directory (fsync(2),
// "DESCRIPTION").
void sync_directory(int fd, const std::string& what) {
  if (retry([&] { return ::fsync(fd); }) != 0) {
    throw StorageError(StorageError::Kind::kIo,
                       StorageError::from_errno(errno, "syncing directory " + what).what());
  }
}

}  // namespace ecr::storage
