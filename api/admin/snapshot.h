// GET /_ecr-local/snapshot streams all state as a tar; PUT or POST of such a tar makes it the
// state: all of it, or nothing. Thread-safe; blocking.
//
//   snapshot.json      {"format": 1, "version": the program that wrote it}
//   ecr-local.db       the database (storage/snapshot.h)
//   blobs/<algorithm>/<hex>
//
// The tar holds secrets (the keys of users): it is for whoever may administer the server.
#pragma once

#include <memory>

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

HttpResponse save_snapshot(const Services& services);

// Takes the tar. The answer says what is wrong with it.
std::unique_ptr<BodySink> restore_snapshot(const Services& services);

}  // namespace ecr::api::admin
