// The names by which fault rules know requests: "ecr:PutImage", "registry:GetManifest".
// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "api/core/dispatch/control_plane.h"
#include "api/core/wire/http.h"

namespace ecr::server {

class OperationNames {
 public:
  explicit OperationNames(const api::ControlPlane& control) : control_(control) {}

  // The names of all operations. of() may also return a name that no API has, exactly as the client
  // sent it.
  std::vector<std::string> all() const;
  // The name of the operation that the request asks for. Empty when the request belongs neither to
  // an API nor to the registry. REQUIRES: the body of a POST / was read.
  std::string of(const api::HttpRequest& request) const;

 private:
  std::string of_api(const api::HttpRequest& request) const;

  const api::ControlPlane& control_;
};

}  // namespace ecr::server
