#include "api/metadata/metadata_plane.h"

namespace ecr::api::metadata {

HttpResponse MetadataPlane::handle(const HttpRequest& request) {
  HttpResponse response = request.metadata ? instance(request) : container(request);
  if (request.method == "HEAD") drop_body(response);
  return response;
}

}  // namespace ecr::api::metadata
