// Copies one image to another registry of this server, in the name of the service-linked role of
// replication: what the jobs of replication and of its backfill do. No state.
#pragma once

#include <string>

#include "api/core/services.h"
#include "schemas/base/clock.h"
#include "schemas/model/digest.h"
#include "schemas/model/registry_id.h"
#include "schemas/model/repository_name.h"

namespace ecr::api::replication {

// One image under at most one tag, and one destination. The repository has the same name there.
struct ImageCopy {
  model::RegistryId from;
  model::RepositoryName repository;
  model::Digest digest;
  std::string tag;  // empty: none
  model::RegistryId to;
};

// Why an image was not copied. AWS publishes no list of codes: the API's own error types stand
// here.
struct CopyFailure {
  std::string code;       // empty: it was copied
  bool of_child = false;  // of an image that the index names
};

// Copies the image and all that it names, in short write transactions. A copy that breaks off is
// made whole by the next one: what is there already stays. Nothing happens, and nothing fails,
// where the repository or the image is gone. Throws where the store fails, or the server stops.
// The transactions are relaxed: REQUIRES that the caller commits what it knows of the copy durably
// afterwards, which makes them durable, too.
CopyFailure copy_image(const Services& services, base::TimePoint now, const ImageCopy& copy);

}  // namespace ecr::api::replication
