// The exception that storage throws when the machine fails. It is never thrown for a case that a
// caller can decide about: a missing row is an empty optional.
#pragma once

#include <stdexcept>
#include <string>

namespace ecr::storage {

class StorageError : public std::runtime_error {
 public:
  enum class Kind {
    kNoSpace,      // ENOSPC, EDQUOT, SQLITE_FULL
    kIo,           // EIO, a failed fsync, SQLITE_IOERR
    kCorrupt,      // SQLITE_CORRUPT, SQLITE_NOTADB, a blob that does not hash to its name
    kUnavailable,  // EMFILE, EROFS, EACCES, lock held by another process
    kReadOnly,     // an earlier failed fsync stopped all writing until a restart
    kMisuse        // a bug of this program: bad SQL, wrong argument count
  };
  StorageError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  Kind kind() const { return kind_; }

  // Makes the error from errno; `doing` as in "writing blobs/sha256/ab/abcd".
  static StorageError from_errno(int error, const std::string& doing);

 private:
  Kind kind_;
};

}  // namespace ecr::storage
