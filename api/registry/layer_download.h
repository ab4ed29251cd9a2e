// Downloads of layers by the signed URLs of GetDownloadUrlForLayer (api/images/layer_url.h), which
// need no token. Stateless.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "api/images/layer_url.h"

namespace ecr::api::registry {

// The answer to GET or HEAD of such a URL; errors in the XML form of S3, where ECR's URLs lead.
HttpResponse serve_layer(const Services& services, const HttpRequest& request);
// The answer to another method.
HttpResponse refuse_layer_method(const HttpRequest& request);

}  // namespace ecr::api::registry
