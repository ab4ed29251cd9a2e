// /_ecr-local/clock: what time it is for clients, and how it is frozen and moved.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "schemas/base/clock.h"

namespace ecr::api::admin {

// GET: {"now", "machine", "frozen", "offsetSeconds"}. POST or PUT: an object with at least one of
//   "reset": true            the machine's time again, running; alone with "freeze"
//   "now": ISO 8601          to that time, which is not before the clock's own
//   "advance": "90d"         forward by weeks, days, hours, minutes, seconds ("1d12h"), or by a
//                            number of seconds; not together with "now"
//   "freeze": true or false  stop the clock, or let it run on from where it stands
// and answers as GET does. A frozen clock that is moved stays frozen. Throws QueryError, which
// names the member.
HttpResponse answer_clock(const Services& services, base::MovableClock& clock,
                          const HttpRequest& request);

}  // namespace ecr::api::admin
