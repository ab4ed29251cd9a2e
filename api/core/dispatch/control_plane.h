// The AWS APIs: from a signed POST to an answer, for every service and operation alike.
// Thread-safe; blocking (call it on a worker).
#pragma once

#include <any>
#include <functional>
#include <vector>

#include "api/core/access/operation.h"
#include "api/core/wire/http.h"

namespace ecr::api {

class ControlPlane {
 public:
  ControlPlane(const Services& services, std::vector<ServiceApi> apis);

  // How many bytes the body of this request may have. The header alone decides, so that the limit
  // is known before the body is read: IAM and STS name their operation in the body and have the
  // usual limit. A client that names another operation than its body suits gains nothing: the
  // operation is the one that is run.
  std::uint64_t body_limit(const HttpRequest& head) const;

  // `request` outlives what HttpResponse::later of the answer is called for.
  HttpResponse handle(const HttpRequest& request) const;
  // Verifies the signature of an AWS JSON request by the hash of the body that its header announces
  // (X-Amz-Content-Sha256). handle() verifies it again, with the body itself.
  Introduction identify(const HttpRequest& head) const;
  const Settings& settings() const { return services_.settings; }
  const std::vector<ServiceApi>& apis() const { return apis_; }

 private:
  HttpResponse answer(const HttpRequest& request, const std::function<std::any()>& outside) const;

  const Services& services_;
  std::vector<ServiceApi> apis_;
};

}  // namespace ecr::api
