// GET /_ecr-local/decisions (a list, or with follow=true a live stream) and
// GET /_ecr-local/decisions/policy. Thread-safe.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

// {"decisions": [newest first], "nextToken": where older ones follow}. The stream is
// text/event-stream: "id: <sequence>", "data: <a decision>", an empty line; lines that begin with
// ':' only show that the connection lives. It starts behind `after`, else with what happens next;
// a client that is too slow for the log misses the oldest. Throws QueryError.
HttpResponse answer_decisions(const Services& services, const HttpRequest& request);

// The least-privilege policy document for what `principal` asked for `since`; with include=allowed
// only for what it was allowed. Covers more than the list of decisions does. 404: there is nothing.
// A resource of another account needs that account's policy as well. Throws QueryError.
HttpResponse answer_decision_policy(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::admin
