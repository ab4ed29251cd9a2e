// Background work on request: /_ecr-local/jobs, /_ecr-local/jobs/run and /_ecr-local/gc.
// Thread-safe; blocking.
#pragma once

#include "api/core/background/job_runner.h"
#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

// GET /_ecr-local/jobs: {"jobs": [...], "nextToken"}: jobs that wait or were given up, oldest
// first; parameters limit and nextToken. Throws ParameterError.
HttpResponse answer_jobs(const Services& services, const HttpRequest& request);

// POST /_ecr-local/jobs/run: attempts every job that is due, and every job that these enqueue,
// until none is due; answers with the jobs that it ran: {"ran": [...], "complete": true}. With
// kind=K every job of that kind is made due first, with all=true every job, including those that
// were given up. Throws ParameterError.
HttpResponse answer_run_jobs(JobRunner& jobs, const HttpRequest& request);

// POST /_ecr-local/gc: removes what no request has used for --gc-grace, or for the parameter
// `grace` (a duration; "0s": everything that no row names and no request is using), and answers
// with what was removed: {"uploads", "unnamedBlobs", "blobs", "bytes"}. Throws ParameterError.
HttpResponse answer_gc(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::admin
