// The answer to whoever may not administer (may_administer() in admin_plane.h).
#pragma once

#include "api/core/wire/http.h"

namespace ecr::api::admin {

HttpResponse refuse_stranger();

}  // namespace ecr::api::admin
