// GET /_ecr-local/events: a list, or with follow=true a live stream. Thread-safe.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

// {"events": [newest first], "nextToken": where older ones follow}; each is {"sequence": n,
// "kind": "event" or "record", "requestId": ..., "event": the event or record}. A call is there as
// soon as its answer is. The stream is text/event-stream as that of decisions: it starts behind
// `after`, else with what happens next. Throws QueryError.
HttpResponse answer_events(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::admin
