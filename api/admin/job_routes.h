// /_ecr-local/jobs: background work that waits or was given up, and doing it now.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "api/core/work/job_runner.h"

namespace ecr::api::admin {

// GET: {"jobs": [...], "nextToken"}, oldest first; parameters limit and nextToken.
HttpResponse answer_jobs(const Services& services, const HttpRequest& request);

// POST: attempts whatever is due, and what that enqueues, until nothing is due; says what it ran:
// {"ran": [...], "complete": true}. With kind=K every job of that kind is made due first, with
// all=true every job; those that were given up too. Both functions throw QueryError.
HttpResponse answer_run_jobs(JobRunner& jobs, const HttpRequest& request);

}  // namespace ecr::api::admin
