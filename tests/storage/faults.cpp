#include "tests/storage/faults.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <functional>
#include <limits>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>
#include <utility>

namespace ecr::storage::test {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

std::atomic<int> sync_error{0};
std::atomic<std::uint64_t> syncs{0};
std::atomic<std::int64_t> bytes_left{kNoLimit};
std::atomic<int> write_error{0};
std::function<void()> before_unlink;  // set and read by one thread

int faulty_sync(long call, int fd) {
  ++syncs;
  if (const int error = sync_error.load()) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(call, fd));
}

ssize_t faulty_write(int fd, const void* data, std::size_t size, off_t offset) {
  if (bytes_left.load() == kNoLimit) return ::syscall(SYS_pwrite64, fd, data, size, offset);
  const auto allowed = std::min(bytes_left.load(), static_cast<std::int64_t>(size));
  if (allowed <= 0) {
    errno = write_error.load();
    return -1;
  }
  bytes_left -= allowed;
  return ::syscall(SYS_pwrite64, fd, data, static_cast<std::size_t>(allowed), offset);
}

}  // namespace

FailSyncs::FailSyncs(int error) { sync_error = error; }
FailSyncs::~FailSyncs() { sync_error = 0; }

FailWritesAfter::FailWritesAfter(std::int64_t bytes, int error) {
  write_error = error;
  bytes_left = bytes;
}
FailWritesAfter::~FailWritesAfter() { bytes_left = kNoLimit; }

BeforeUnlink::BeforeUnlink(std::function<void()> action) { before_unlink = std::move(action); }
BeforeUnlink::~BeforeUnlink() { before_unlink = nullptr; }

void run_before_unlink() {
  if (before_unlink) before_unlink();
}

std::uint64_t syncs_so_far() { return syncs.load(); }

}  // namespace ecr::storage::test

extern "C" {

int fsync(int fd) { return ecr::storage::test::faulty_sync(SYS_fsync, fd); }
int fdatasync(int fd) { return ecr::storage::test::faulty_sync(SYS_fdatasync, fd); }
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return ecr::storage::test::faulty_write(fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return ecr::storage::test::faulty_write(fd, data, size, offset);
}

int unlinkat(int directory, const char* name, int flags) noexcept {
  ecr::storage::test::run_before_unlink();
  return static_cast<int>(::syscall(SYS_unlinkat, directory, name, flags));
}

}  // extern "C"
