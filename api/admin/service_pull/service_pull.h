// The question whether a service of AWS could pull from a repository, which no service can ask
// itself: POST /_ecr-local/service-pull, and the command of the same name.
// docs/services-that-pull.md has the members. Nothing is recorded.
#pragma once

#include <vector>

#include "api/admin/admin_routes.h"
#include "api/admin/body_node.h"
#include "api/core/services.h"
#include "schemas/base/json.h"

namespace ecr::api::admin::service_pull {

// {"service": "lambda", "repository": an ARN, or a name in the server's own registry,
//  "sourceArn"?: of what the service pulls for, "sourceAccount"?, "role"?: an ARN}
// The answer: {"service", "repository", "sourceArn", "sourceAccount", "role"?, "allowed",
//   "checks": [{"title", "principal", "allowed", "needed": the pull needs it,
//               "requests": [a decision with its trace (decision_json.h), as far as it has them]}],
//   "suggestion", "documents": of all that is needed and refused, "notes": for people}
// Throws ParameterError.
base::OrderedJson service_pull_json(const Services& services, const BodyNode& body);

// `services` outlives the routes.
std::vector<AdminRoute> routes(const Services& services);

}  // namespace ecr::api::admin::service_pull
