#include "api/core/wire/failure.h"

#include "storage/os/error.h"

namespace ecr::api {

ApiError to_api_error(const std::exception_ptr& failure) {
  using Kind = storage::StorageError::Kind;
  try {
    std::rethrow_exception(failure);
  } catch (const ApiError& error) {
    return error;
  } catch (const storage::StorageError& error) {
    switch (error.kind()) {
      case Kind::kNoSpace:
        return {ErrorCode::kServiceUnavailable, "The data directory has no space left"};
      case Kind::kReadOnly:
      case Kind::kUnavailable:
        return {ErrorCode::kServiceUnavailable,
                std::string("The data directory cannot be written: ") + error.what()};
      default:
        return {ErrorCode::kServer, std::string("Storage failed: ") + error.what()};
    }
  } catch (const std::exception&) {
    return {ErrorCode::kServer, "The service has encountered an internal failure"};
  }
}

}  // namespace ecr::api
