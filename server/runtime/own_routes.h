// Routes of the server itself, beside those of api/admin under /_ecr-local/: faults, the
// certificate authority, and LocalStack's health check. Thread-safe.
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
    // The operations that faults may name. Called only when a rule comes: it reads the model of
    // every API.
    std::function<std::vector<std::string>()> operations;
    std::string ca;  // PEM; empty: there is none
  };
  explicit OwnRoutes(Parts parts) : parts_(std::move(parts)) {}

  static bool is_own(std::string_view path);
  // nullopt: another part answers this path.
  std::optional<api::HttpResponse> handle(const api::HttpRequest& request) const;

 private:
  api::HttpResponse faults(const api::HttpRequest& request) const;

  const Parts parts_;
};

}  // namespace ecr::server
