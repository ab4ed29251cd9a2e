// The emulator's own API below /_ecr-local/. Separate by construction from what AWS credentials and
// registry tokens open: it asks for the admin token, or a loopback peer, and refuses what a web
// page could send. Thread-safe; blocking.
#pragma once

#include "api/control_plane.h"
#include "api/http.h"
#include "api/services.h"

namespace ecr::api::admin {

class AdminPlane {
 public:
  AdminPlane(const Services& services, const ControlPlane& control);

  HttpResponse handle(const HttpRequest& request) const;

 private:
  HttpResponse answer(const HttpRequest& request) const;

  const Services& services_;
  const ControlPlane& control_;
  const schemas::TimePoint started_;
};

// Who may use the guarded part. Pure.
bool may_administer(const Settings& settings, const HttpRequest& request);

}  // namespace ecr::api::admin
