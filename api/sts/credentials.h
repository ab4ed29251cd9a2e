// Temporary credentials: made, written as a session, shown to the caller.
// Stateless functions on the request's transaction.
#pragma once

#include <chrono>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api::sts {

// Fills in the keys and the times of `session`, stores it, and returns the Credentials structure.
// Also drops sessions that ended long ago. REQUIRES: a write transaction.
Json issue(Call& call, storage::Session session, std::chrono::seconds lifetime);

// DurationSeconds, or `fallback`.
std::chrono::seconds duration_of(const Json& input, std::chrono::seconds fallback);

}  // namespace ecr::api::sts
