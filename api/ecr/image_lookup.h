// The one image that an operation's imageId names.
#pragma once

#include "api/operation.h"
#include "storage/images.h"
#include "storage/repositories.h"

namespace ecr::api::ecr {

// Input imageId. Throws InvalidParameterException where it names nothing, ImageNotFoundException.
storage::Image require_image(Call& call, const storage::Repository& repository);
// imageId of the answer: the image's digest, and the tag as the input has it.
Json answered_image_id(const Call& call, const storage::Image& image);

}  // namespace ecr::api::ecr
