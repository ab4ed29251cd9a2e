// Signed URLs of layers, as ECR's GetDownloadUrlForLayer gives them: a client that has such a URL
// may fetch that layer of that repository until the URL expires, without credentials (plain curl
// will do).
//
//   /_layers/<account>/<region>/<repository>/<digest>?expires=<epoch seconds>&signature=<hex>
//
// The signature is an HMAC over the path and the time with the store's key. Nothing is stored for a
// URL: it also ends when the repository no longer holds the layer. Stateless functions.
#pragma once

#include <string>
#include <string_view>

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "schemas/model/digest.h"
#include "storage/rows/repositories.h"

namespace ecr::api::registry {

bool is_layer_path(std::string_view path);

// Absolute, under the host name that `request` used; good for an hour, as ECR's are.
std::string layer_url(const Services& services, const HttpRequest& request,
                      const storage::Repository& repository, const model::Digest& digest,
                      base::TimePoint now);

// The answer to GET or HEAD of such a URL; errors in the XML form of S3, where ECR's URLs lead.
HttpResponse serve_layer(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::registry
