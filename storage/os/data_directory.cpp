#include "storage/os/data_directory.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <span>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "storage/os/error.h"

namespace ecr::storage {

namespace {

namespace fs = std::filesystem;
using Kind = StorageError::Kind;

// The sweep below takes every directory with this prefix for one of this program, so no other
// program may use it.
constexpr std::string_view kTemporaryPrefix = "ecr-local-mem-";

std::string read_small(int fd, const std::string& what) {
  std::string text;
  read_all(
      fd, [&](std::string_view bytes) { text += bytes; }, what);
  return text;
}

// Never waits: a second server must end with a message, not hang until the first one stops.
bool try_lock(int fd) { return ::flock(fd, LOCK_EX | LOCK_NB) == 0; }

// $TMPDIR first, as mktemp(1) does.
fs::path temporary_root() {
  const char* const from_environment = std::getenv("TMPDIR");
  return from_environment && *from_environment ? from_environment : "/tmp";
}

// lstat(2) and the owner, because every user may write to the temporary directory: a symbolic link
// or a directory of another user there must not make this process remove anything.
bool is_our_directory(const fs::path& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == ::geteuid();
}

// Removes directories whose process died: the kernel released their lock. A directory without a
// lock file is just being made. One that cannot be removed stays.
void sweep_temporary_directories(const fs::path& root) {
  std::error_code ignored;
  for (fs::directory_iterator it(root, ignored), end; it != end; it.increment(ignored)) {
    const fs::path& path = it->path();
    if (!path.filename().string().starts_with(kTemporaryPrefix) || !is_our_directory(path)) {
      continue;
    }
    try {
      const fs::path lock = path / "lock";
      // No O_CREAT: the sweep must not make a lock file in a directory that another process is just
      // setting up.
      const Fd file = open_file(AT_FDCWD, lock.c_str(), O_RDWR, lock);
      // A free lock is that of a dead process, or of one that has not locked its new directory yet:
      // make_temporary_directory() tries again there (test
      // Store.InMemoryOpenSweepsDirectoriesOfDeadProcessesOnly).
      if (file && try_lock(file.get())) fs::remove_all(path, ignored);
    } catch (const StorageError&) {
      continue;
    }
  }
}

std::array<std::uint8_t, 32> make_key(int directory, base::Random& random, bool sync) {
  std::array<std::uint8_t, 32> key{};
  random.fill(key);
  // Written to another file and renamed, so that a crash leaves no half key. The lock keeps other
  // processes away.
  {
    const Fd file = open_file(directory, "key.new", O_WRONLY | O_CREAT | O_TRUNC, "key.new");
    write_all(file.get(), {reinterpret_cast<const char*>(key.data()), key.size()}, 0, "key.new");
    if (sync) sync_data(file.get(), "key.new");
  }
  if (::renameat(directory, "key.new", directory, "key") != 0) {
    throw StorageError::from_errno(errno, "renaming key.new");
  }
  // The directory is synced when the database is opened, before anything is sealed with the key.
  return key;
}

}  // namespace

void create_data_directory(const std::string& directory) {
  // The parents get the usual mode, and only the last directory, which holds the secrets, gets 0700
  // (test Store.FilesAreForTheOwnerAlone).
  fs::path path = fs::absolute(directory).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "a/b/" has an empty last name
  const fs::path parent = path.parent_path();
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) throw StorageError::from_errno(error.value(), "creating directory " + parent.string());
  make_directory(AT_FDCWD, path.c_str(), path);
}

// flock(2) and not a pid file: the kernel releases it when the process dies in any way (test
// Store.SecondStoreOnADirectoryIsRefusedAndNamesTheProcess).
Fd lock_directory(const std::string& directory) {
  // O_CREAT without O_TRUNC: the file holds the process id of another owner until this process has
  // the lock.
  const std::string path = directory + "/lock";
  Fd file = open_file(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT, path);
  if (!file) throw StorageError(Kind::kUnavailable, "there is no directory " + directory);
  if (!try_lock(file.get())) {
    if (errno != EWOULDBLOCK) throw StorageError::from_errno(errno, "locking " + path);
    throw StorageError(Kind::kUnavailable, "the data directory " + directory +
                                               " is in use by process " +
                                               read_small(file.get(), path));
  }
  // The process id is only for the message above: the lock itself is the kernel's.
  if (::ftruncate(file.get(), 0) != 0) throw StorageError::from_errno(errno, "writing " + path);
  write_all(file.get(), std::to_string(::getpid()), 0, path);
  return file;
}

TemporaryDirectory make_temporary_directory() {
  const fs::path root = temporary_root();
  sweep_temporary_directories(root);
  // The sweep of another process may remove the new directory before its lock is held: try again.
  for (int attempt = 0; attempt < 10; ++attempt) {
    std::string path = (root / (std::string(kTemporaryPrefix) + "XXXXXX")).string();
    if (!::mkdtemp(path.data()))
      throw StorageError::from_errno(errno,
                                     "creating " + path + " (TMPDIR=FOLDER names another place)");
    try {
      Fd lock = lock_directory(path);
      // Without a link the file was removed before the lock was taken, and locks nothing that
      // others can find.
      if (file_state(lock.get(), path).links > 0) return {path, std::move(lock)};
    } catch (const StorageError& error) {
      // The sweep of another process removed the directory, so lock_directory() found none. Where
      // it is still there, the failure is real.
      if (error.kind() != Kind::kUnavailable || is_our_directory(path)) throw;
    }
  }
  throw StorageError(Kind::kUnavailable, "no temporary directory could be locked");
}

// Also at the end of the process, so it must not throw. What is left is removed at a later start.
void remove_directory(const std::string& directory) noexcept {
  try {
    std::error_code ignored;
    fs::remove_all(directory, ignored);
  } catch (...) {
    return;  // out of memory: the next process sweeps it
  }
}

std::array<std::uint8_t, 32> load_key(const std::string& directory, base::Random& random,
                                      bool sync) {
  // A missing key is made, but a damaged one is an error: a new key would silently end every token
  // that was sealed with the old one (tests Store.KeyIsMadeOnce, Store.KeyOfTheWrongSizeIsCorrupt).
  const Fd parent = open_directory(AT_FDCWD, directory.c_str(), directory);
  const Fd file = open_file(parent.get(), "key", O_RDONLY, "key");
  if (!file) return make_key(parent.get(), random, sync);
  const std::string bytes = read_small(file.get(), "key");
  std::array<std::uint8_t, 32> key{};
  if (bytes.size() != key.size()) {
    throw StorageError(Kind::kCorrupt, directory + "/key does not hold 32 bytes");
  }
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

}  // namespace ecr::storage
