// /_ecr-local/clock: shows the clock that all planes read, freezes it and moves it, so that a test
// can see a token or a session expire. Thread-safe; blocking.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "schemas/base/clock.h"

namespace ecr::api::admin {

// GET: {"now", "machine", "frozen", "offsetSeconds"}. POST or PUT: an object with at least one of
//   "reset": true            back to the machine's time, running; only "freeze" may stand with it
//   "now": ISO 8601          to that time, which must not be before the clock's own
//   "advance": "90d"         forward by weeks, days, hours, minutes, seconds ("1d12h"), or by a
//                            number of seconds; not together with "now"
//   "freeze": true or false  stop the clock, or let it run on from where it stands
// and answers as GET does. A frozen clock that is moved stays frozen. Throws ParameterError,
// which names the member.
HttpResponse clock_response(const Services& services, const base::MovableClock& clock);
HttpResponse move_clock_response(const Services& services, base::MovableClock& clock,
                                 const HttpRequest& request);

}  // namespace ecr::api::admin
