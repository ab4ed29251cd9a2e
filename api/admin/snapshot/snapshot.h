// GET /_ecr-local/snapshot streams all state as a tar file; PUT or POST of such a file replaces the
// state by it, all of it or nothing. Thread-safe; blocking.
//
//   snapshot.json      {"format": 1, "version": the program that wrote it}
//   ecr-local.db       the database (storage/snapshot.h)
//   blobs/<algorithm>/<hex>
//
// The tar file contains secrets (the keys of users): only administrators can read it.
#pragma once

#include <memory>

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

HttpResponse save_snapshot(const Services& services);

// The sink for the tar file. Its methods throw ApiError with the reason where the file is not a
// snapshot.
std::unique_ptr<BodySink> restore_snapshot(const Services& services);

}  // namespace ecr::api::admin
