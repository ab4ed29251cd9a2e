// One request inside its transaction, the same for operations, the routes of /v2/, and jobs. The
// door that opens the transaction builds it: the caller is looked up once. A plane's own kind of
// request derives from it and adds what only that plane has.
#pragma once

#include <any>
#include <functional>

#include "api/core/access/identity.h"
#include "api/core/access/policy_reader.h"
#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "auth/iam/evaluate.h"
#include "schemas/base/clock.h"
#include "schemas/model/registry_id.h"
#include "storage/sql/database.h"

namespace ecr::api {

struct Request {
  const Core& core;
  storage::sql::Txn& txn;
  // As a client sent it. A job has one that no client sent: it has nothing but an id.
  const HttpRequest& http;
  const Caller& caller;
  // The registry that the request was sent to: its region is that of the request. The account is
  // that of the registry's host name, or else the caller's.
  model::RegistryId registry;
  base::TimePoint now;  // by core.clock, the same for all of the request
  LogNote& note;
  // That each of its decisions may take: less than the most on a thread that must not be held up
  // (gate.h).
  std::size_t most_steps = auth::iam::kMostEvaluationSteps;
  // The policies of resources and organizations that decide; those of the caller are in `caller`.
  const PolicyReader& reader = stored_policies();
};

// Thrown by a handler that cannot answer before another server was asked. The request's transaction
// is rolled back; then `run` is called, with no transaction open and on a thread that may wait, and
// the request begins anew, from authentication on, with what `run` returned.
struct OutsideWork {
  // Throws ApiError where the request ends with that. What is captured by reference must live as
  // long as the request.
  std::function<std::any()> run;
};

}  // namespace ecr::api
