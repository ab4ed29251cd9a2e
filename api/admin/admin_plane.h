// The emulator's own API below /_ecr-local/: the table of its routes. AWS credentials and registry
// tokens give no access to it: it requires the admin token, or a client on this machine where no
// token is set, and it refuses requests that a web page could send (admin_routes.h).
#pragma once

#include <functional>
#include <vector>

#include "api/admin/admin_routes.h"
#include "api/admin/snapshot/baseline.h"
#include "api/core/background/job_runner.h"
#include "api/core/dispatch/control_plane.h"
#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "schemas/base/clock.h"

namespace ecr::api::admin {

class AdminPlane {
 public:
  // `clock` is the one that `services` reads.
  AdminPlane(const Services& services, const ControlPlane& control, base::MovableClock& clock,
             JobRunner& jobs, Baseline& baseline);

  // The server's own routes join those of this API. Call before the first request.
  void add(std::vector<AdminRoute> routes) { routes_.add(std::move(routes)); }
  void accept(std::function<bool(const HttpRequest&)> signed_in) {
    routes_.accept(std::move(signed_in));
  }
  // `action` runs after each reset of what is stored.
  void on_reset(std::function<void()> action) { on_reset_.push_back(std::move(action)); }

  const AdminRoutes& routes() const { return routes_; }
  Introduction identify(const HttpRequest& head) const { return routes_.identify(head); }
  HttpResponse handle(const HttpRequest& request) const { return routes_.handle(request); }
  std::variant<HttpResponse, std::unique_ptr<BodySink>> open(const HttpRequest& head) const {
    return routes_.open(head);
  }

 private:
  HttpResponse answer_health() const;

  const Services& services_;
  const base::TimePoint started_;
  AdminRoutes routes_;
  std::vector<std::function<void()>> on_reset_;
};

}  // namespace ecr::api::admin
