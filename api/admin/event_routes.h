// GET /_ecr-local/events: a list, or with follow=true a live stream. Thread-safe.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

// Filters: kind ("event", "record"), detail-type (of an event), eventName (of a record), source
// ("aws.ecr", "ecr.amazonaws.com"), account, region, requestId, since, after.
// {"events": [newest first], "nextToken": where older ones follow}; each is {"sequence": n,
// "kind": "event" or "record", "requestId": ..., "event": the event or record}. The record of a
// call is listed as soon as the client has the call's answer. The stream is text/event-stream like
// that of decisions: it starts behind `after`, otherwise with the next event. Throws
// ParameterError.
HttpResponse answer_events(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::admin
