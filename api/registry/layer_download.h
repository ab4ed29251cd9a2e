// Downloads of layers by the signed URLs of GetDownloadUrlForLayer (api/images/layer_url.h), which
// need no token. Stateless.
#pragma once

#include <string_view>

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "api/images/layer_url.h"

namespace ecr::api::registry {

// The name that fault rules use, behind "registry:", as RouteRow::name is for the routes of /v2/.
inline constexpr std::string_view kLayerRoute = "GetLayer";

// The answer to GET or HEAD of such a URL; errors in the XML form of S3, where ECR's URLs lead.
HttpResponse serve_layer(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::registry
