// The parts of a data directory besides database and blobs: the directory itself, the lock that
// keeps other processes out, the server key. All functions throw StorageError. Thread-safe (no
// state).
//
//   lock   flock(2)ed for the life of the Store; holds the process id of its owner, for messages
//   key    32 random bytes, mode 0600
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "schemas/base/clock.h"
#include "storage/os/posix.h"

namespace ecr::storage {

// Makes the directory and its parents, as mkdir -p does; the last one gets mode 0700.
void create_data_directory(const std::string& directory);

// Returns the locked file. kUnavailable, with the process id, where another process has the lock.
Fd lock_directory(const std::string& directory);

struct TemporaryDirectory {
  std::string path;
  Fd lock;
};
// A new, locked directory below $TMPDIR or /tmp. First removes those whose process died.
TemporaryDirectory make_temporary_directory();
void remove_directory(const std::string& directory) noexcept;

// Reads the key, or makes it. `sync` false: without fsync.
std::array<std::uint8_t, 32> load_key(const std::string& directory, base::Random& random,
                                      bool sync);

}  // namespace ecr::storage
