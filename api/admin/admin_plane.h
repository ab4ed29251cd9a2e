// The emulator's own API below /_ecr-local/. Separate by construction from what AWS credentials and
// registry tokens open: it asks for the admin token, or a loopback peer, and refuses what a web
// page could send. Thread-safe; blocking.
#pragma once

#include <memory>
#include <variant>

#include "api/admin/baseline.h"
#include "api/core/dispatch/control_plane.h"
#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "api/core/work/job_runner.h"
#include "schemas/base/clock.h"

namespace ecr::api::admin {

class AdminPlane {
 public:
  // `clock` is the one that `services` reads.
  AdminPlane(const Services& services, const ControlPlane& control, base::MovableClock& clock,
             JobRunner& jobs, Baseline& baseline);

  HttpResponse handle(const HttpRequest& request) const;

  // True: the body goes through open(), never into memory.
  static bool is_streamed(const HttpRequest& head);
  // A refusal, or where the body goes.
  std::variant<HttpResponse, std::unique_ptr<BodySink>> open(const HttpRequest& head) const;

 private:
  HttpResponse answer(const HttpRequest& request) const;

  const Services& services_;
  const ControlPlane& control_;
  base::MovableClock& clock_;
  JobRunner& jobs_;
  Baseline& baseline_;
  const base::TimePoint started_;
};

// Who may use the guarded part. Pure.
bool may_administer(const Settings& settings, const HttpRequest& request);

}  // namespace ecr::api::admin
