// The paths that show what is stored: GET /_ecr-local/identities, /_ecr-local/repositories and
// below, POST /_ecr-local/lifecycle/dry-run. docs/testing/inventory.md says what they take and
// answer. Thread-safe; blocking.
#pragma once

#include <vector>

#include "api/admin/admin_routes.h"
#include "api/core/dispatch/control_plane.h"
#include "api/core/services.h"

namespace ecr::api::admin::inventory {

// Both arguments outlive the routes.
std::vector<AdminRoute> routes(const Services& services, const ControlPlane& control);

}  // namespace ecr::api::admin::inventory
