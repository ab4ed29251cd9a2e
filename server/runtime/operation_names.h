// What a request is called where faults are injected: "ecr:PutImage", "registry:GetManifest".
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

  // Every name that of() may give, but for what is not known here.
  std::vector<std::string> all() const;
  // Empty: neither of an API nor of the registry. REQUIRES: the body of a POST / is there.
  std::string of(const api::HttpRequest& request) const;

 private:
  std::string of_api(const api::HttpRequest& request) const;

  const api::ControlPlane& control_;
};

}  // namespace ecr::server
