// The few POSIX file calls that storage needs: owned descriptors, reads and writes of whole
// buffers, syncs. Every function repeats an interrupted call (EINTR) and throws StorageError, in
// whose text `what` names the file. Thread-safe (no state).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace ecr::storage {

// An owned descriptor; -1 is none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// A large file is read in pieces of this size.
inline constexpr std::size_t kReadBuffer = 1u << 20;

// openat(2) with O_CLOEXEC and O_NOFOLLOW. An empty Fd where there is no such file.
Fd open_file(int directory, const char* name, int flags, const std::string& what);
Fd open_directory(int parent, const char* name, const std::string& what);
// Mode 0700; true where it was not there before.
bool make_directory(int parent, const char* name, const std::string& what);

void write_all(int fd, std::string_view bytes, std::uint64_t offset, const std::string& what);
// Calls `consume` with the bytes of the file from offset 0, kReadBuffer at a time.
void read_all(int fd, const std::function<void(std::string_view)>& consume,
              const std::string& what);

struct FileState {
  std::uint64_t size = 0;
  std::uint64_t links = 0;
};
FileState file_state(int fd, const std::string& what);

// These call fdatasync(2) and fsync(2). A failure is final: the kernel has dropped the pages it
// could not write, so that a second call would succeed and mean nothing.
void sync_data(int fd, const std::string& what);
void sync_directory(int fd, const std::string& what);

}  // namespace ecr::storage
