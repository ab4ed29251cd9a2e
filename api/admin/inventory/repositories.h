// Repositories and their images as a person looks at them: GET /_ecr-local/repositories,
// GET /_ecr-local/repositories/images, GET /_ecr-local/repositories/image,
// POST /_ecr-local/repositories/delete-tags. Reading them is no pull and leaves no record.
// Thread-safe; blocking. All of these throw ParameterError.
#pragma once

#include "api/core/dispatch/control_plane.h"
#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin::inventory {

// Parameters: account, prefix, search, after (the "next" of the page before), limit.
HttpResponse answer_repositories(const Services& services, const HttpRequest& request);

// Parameters: arn, after, limit. By digest, archived images too.
HttpResponse answer_images(const Services& services, const HttpRequest& request);

// Parameters: arn, digest. 404: there is no such image.
HttpResponse answer_image(const Services& services, const HttpRequest& request);

// The body: {"arn", "tags": [up to 100]}. As BatchDeleteImage: an image goes with its last tag, and
// a tag that is not there is a failure of its own.
HttpResponse delete_tags(const Services& services, const ControlPlane& control,
                         const HttpRequest& request);

}  // namespace ecr::api::admin::inventory
