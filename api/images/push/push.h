// The consequences of a push, the same for PutImage and for docker push: the event, replication,
// the scan, signatures. Stateless.
#pragma once

#include <string_view>

#include "api/core/access/gate.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api {

struct PushedImage {
  const storage::Repository& repository;
  const storage::Image& image;
  std::string_view tag;  // empty: none
};

// REQUIRES: the image changed something in the repository (put_image's `unchanged` is false); the
// write transaction of it is request.txn.
void follow_push(const Services& services, const Caller& caller, const RequestContext& request,
                 const PushedImage& pushed);

}  // namespace ecr::api
