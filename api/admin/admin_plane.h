// The emulator's own API below /_ecr-local/. AWS credentials and registry tokens give no access to
// it: it requires the admin token, or a client on this machine where no token is set, and it
// refuses requests that a web page could send. Thread-safe; blocking.
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

  // Whether the caller may administer, before the body of its request is there.
  Introduction identify(const HttpRequest& head) const;

  // True: the body goes to the sink of open() piece by piece, and is never in memory as a whole.
  static bool is_streamed(const HttpRequest& head);
  // The answer that refuses the request, or the sink for its body.
  std::variant<HttpResponse, std::unique_ptr<BodySink>> open(const HttpRequest& head) const;

 private:
  HttpResponse answer(const HttpRequest& request) const;
  HttpResponse answer_health() const;
  // REQUIRES: may_administer().
  HttpResponse answer_administrator(const HttpRequest& request) const;

  const Services& services_;
  const ControlPlane& control_;
  base::MovableClock& clock_;
  JobRunner& jobs_;
  Baseline& baseline_;
  const base::TimePoint started_;
};

// True where the request may use more than /_ecr-local/health. Pure.
bool may_administer(const Settings& settings, const HttpRequest& request);
// The answer to a request that may not: 403.
HttpResponse refuse_administration();

}  // namespace ecr::api::admin
