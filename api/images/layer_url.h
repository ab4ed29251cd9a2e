// Signed URLs of layers, as ECR's GetDownloadUrlForLayer gives them: a client that has one may
// fetch that layer of that repository until the URL expires, without credentials (plain curl will
// do).
//
//   /_layers/<account>/<region>/<repository>/<digest>?expires=<epoch seconds>&signature=<hex>
//
// The signature is an HMAC over all the rest with the store's key. Nothing is kept for a URL: it
// also ends with the repository's hold on the layer. Made and checked here; served by
// api/registry/layer_download.h. Stateless.
#pragma once

#include <string>
#include <string_view>

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "schemas/model/digest.h"
#include "schemas/model/registry_id.h"
#include "storage/rows/repositories.h"

namespace ecr::api {

bool is_layer_path(std::string_view path);

// Absolute, under the host name that `request` used; good for an hour, as ECR's are.
std::string layer_url(const Core& core, const HttpRequest& request,
                      const storage::Repository& repository, const model::Digest& digest,
                      base::TimePoint now);

// The layer that a URL names.
struct SignedLayer {
  model::RegistryId registry;
  std::string repository;
  std::string digest;
};
// Throws ApiError::access_denied where the URL of the request has no valid signature or has
// expired.
SignedLayer verify_layer_url(const Core& core, const HttpRequest& request, base::TimePoint now);

}  // namespace ecr::api
