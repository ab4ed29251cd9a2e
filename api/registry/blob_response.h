// The answer that carries a blob: whole, a range of it, or its size alone.
#pragma once

#include <cstdint>

#include "api/core/wire/http.h"
#include "schemas/model/digest.h"
#include "storage/store.h"

namespace ecr::api::registry {

// To a GET or HEAD by somebody who may have blobs of the repository. Throws ApiError: kBlobUnknown
// where the repository does not hold it, kRangeNotSatisfiable.
HttpResponse blob_response(storage::Store& store, storage::sql::Txn& txn, std::int64_t repository,
                           const model::Digest& digest, const HttpRequest& request);

}  // namespace ecr::api::registry
