// Pushes, the same for PutImage and for docker push, and what follows from an image that arrives:
// events, replication, scans, signatures. Stateless.
#pragma once

#include <string_view>

#include "api/core/access/request.h"
#include "api/images/images.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api {

struct PushedImage {
  const storage::Repository& repository;
  const storage::Image& image;
  std::string_view tag;  // empty: none
};

// An image is new in a repository, or has a new tag there, whichever way it came: it is replicated
// and scanned as the registry's configurations say. REQUIRES: a write transaction.
void image_arrived(const Core& core, storage::sql::Txn& txn, const PushedImage& image,
                   base::TimePoint now);

// Puts the image that the request's caller pushes (put_image(), images.h), with everything that
// follows where that changed something: it arrived, an event tells of it, and signing profiles sign
// it with the permissions of the caller. REQUIRES: a write transaction.
PutImageResult push_image(const Request& request, const storage::Repository& repository,
                          const SentManifest& sent, std::string_view tag);

}  // namespace ecr::api
