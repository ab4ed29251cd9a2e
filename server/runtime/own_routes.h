// Routes of the server itself, which join those of the admin API (api/admin/admin_routes.h):
// faults, the last requests, the certificate authority, metrics, and LocalStack's health check.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/admin/admin_routes.h"
#include "api/core/services.h"
#include "server/faults/fault_rules.h"
#include "server/runtime/request_log.h"

namespace ecr::server {

// What they answer from. All of it outlives the routes.
struct OwnRouteParts {
  const api::Settings& settings;
  base::Random& random;
  FaultRules& faults;
  // The operations that faults may name. Called only when a rule comes: it reads the model of every
  // API.
  std::function<std::vector<std::string>()> operations;
  std::string ca = {};                        // PEM; empty: there is none
  std::function<std::string()> metrics = {};  // the text of /metrics. Blocks
  const RequestLog* requests = nullptr;       // null: there is no /_ecr-local/requests
};
std::vector<api::admin::AdminRoute> own_routes(const OwnRouteParts& parts);

}  // namespace ecr::server
