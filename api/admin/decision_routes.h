// GET /_ecr-local/decisions (a list, or with follow=true a live stream) and
// GET /_ecr-local/decisions/policy. Thread-safe.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

// Filters: principal (its ARN, or the ARN of a role for all of its sessions, or the name of a user
// or role of any account), action (a pattern
// without regard to case), resource (a pattern), decision (as in the answer, or "Denied" for both
// denials), requestId, since, after; with trace=true each decision has its trace, and, where its
// resource is not there, "hints" that say so, and where one of that name is. The stream has no
// hints.
// {"decisions": [newest first], "nextToken": where older ones follow}. The stream is
// text/event-stream: "id: <sequence>", "data: <a decision>", an empty line; a line that begins with
// ':' only shows that the connection is alive. The stream starts behind `after`, otherwise with the
// next decision; a client that reads more slowly than the log is overwritten misses the oldest
// decisions. Throws ParameterError.
HttpResponse answer_decisions(const Services& services, const HttpRequest& request);

// The least-privilege policy document for the requests that `principal` made `since` then; with
// include=allowed only for those that were allowed. It covers more requests than the list of
// decisions, which forgets sooner. With complete=push,pull it has all that a push or a pull needs
// of each repository where one was begun: clients leave out requests for layers they have already.
// What else may be missing is said in the header X-Ecr-Local-May-Be-Missing. 404: nothing is
// recorded. A resource of another account needs a policy of that account as well. Throws
// ParameterError.
HttpResponse answer_decision_policy(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::admin
