// What the server answers about itself, beside the core's /_ecr-local/: faults, its certificate
// authority, and LocalStack's health check. Thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "server/faults/fault_rules.h"

namespace ecr::server {

class OwnRoutes {
 public:
  struct Parts {
    const api::Settings& settings;
    base::Random& random;
    FaultRules& faults;
    // The operations that faults may name. Asked when a rule comes: it reads every API's model.
    std::function<std::vector<std::string>()> operations;
    std::string ca;  // PEM; empty: there is none
  };
  explicit OwnRoutes(Parts parts) : parts_(std::move(parts)) {}

  static bool is_own(std::string_view path);
  // nullopt: the path is another's.
  std::optional<api::HttpResponse> handle(const api::HttpRequest& request) const;

 private:
  api::HttpResponse faults(const api::HttpRequest& request) const;

  const Parts parts_;
};

}  // namespace ecr::server
