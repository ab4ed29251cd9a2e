// Restoring an image from the archive, as background work. Payload: {"repository": id, "digest":
// "sha256:..."}; key: both.
#pragma once

#include "api/core/work/jobs.h"

namespace ecr::api::ecr {

void run_image_restore(JobCall& call);
inline constexpr JobKind kImageRestore{"image-restore", run_image_restore};

}  // namespace ecr::api::ecr
