// What storage throws when the machine fails it. Never thrown for what a caller can decide about
// (a row that is not there is an empty optional).
#pragma once

#include <stdexcept>
#include <string>

namespace ecr::storage {

class StorageError : public std::runtime_error {
 public:
  enum class Kind {
    kNoSpace,      // ENOSPC, EDQUOT, SQLITE_FULL
    kIo,           // EIO, a failed fsync, SQLITE_IOERR
    kCorrupt,      // SQLITE_CORRUPT, SQLITE_NOTADB, a blob that is not what its name says
    kUnavailable,  // EMFILE, EROFS, EACCES, lock held by another process
    kReadOnly,     // an earlier failed fsync stopped all writing until a restart
    kMisuse        // a bug of ours: bad SQL, wrong argument count
  };
  StorageError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  Kind kind() const { return kind_; }

  // From errno; `doing` as in "writing blobs/sha256/ab/abcd".
  static StorageError from_errno(int error, const std::string& doing);

 private:
  Kind kind_;
};

}  // namespace ecr::storage
