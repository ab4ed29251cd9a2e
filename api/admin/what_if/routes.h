// The paths that ask what would be decided, and those of a policy editor:
// GET /_ecr-local/who-can, POST /_ecr-local/decisions/replay, POST /_ecr-local/decisions/matrix,
// POST /_ecr-local/validate-policy, GET and PUT /_ecr-local/policies. docs/testing/what-if.md says
// what they take and answer. Thread-safe; blocking.
#pragma once

#include <vector>

#include "api/admin/admin_routes.h"
#include "api/core/dispatch/control_plane.h"
#include "api/core/services.h"

namespace ecr::api::admin::what_if {

inline constexpr std::size_t kMostPrincipals = 100;
inline constexpr std::size_t kMostActions = 50;
inline constexpr std::size_t kMostReplayed = 1000;

// Both arguments outlive the routes.
std::vector<AdminRoute> routes(const Services& services, const ControlPlane& control);

}  // namespace ecr::api::admin::what_if
