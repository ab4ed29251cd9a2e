#include "storage/os/error.h"

#include <cerrno>
#include <system_error>

namespace ecr::storage {

namespace {

// The kind decides how the API answers: a full disk and a busy machine may pass, an I/O error may
// not.
StorageError::Kind kind_of(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:  // RLIMIT_FSIZE, or the file system's own limit
      return StorageError::Kind::kNoSpace;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EROFS:
    case EACCES:
    case EPERM:
    case ENOTDIR:
    case EWOULDBLOCK:
      return StorageError::Kind::kUnavailable;
    // A code that is not listed counts as the worst: the disk may have failed.
    default:
      return StorageError::Kind::kIo;
  }
}

}  // namespace

StorageError StorageError::from_errno(int error, const std::string& doing) {
  return {kind_of(error), doing + ": " + std::generic_category().message(error)};
}

}  // namespace ecr::storage
