// The one image that an operation's imageId names.
#pragma once

#include "api/core/access/operation.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api::ecr {

// Input imageId. Throws InvalidParameterException where it names nothing, ImageNotFoundException.
storage::Image require_image(Call& call, const storage::Repository& repository);
// imageId of the answer: the image's digest, and the tag as the input has it.
Json answered_image_id(const Call& call, const storage::Image& image);

}  // namespace ecr::api::ecr
