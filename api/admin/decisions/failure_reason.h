// Why the caller of a request could not be authenticated, for whoever runs the server. Reads rows
// of the transaction, as they are now.
#pragma once

#include <string>

#include "api/core/access/failure_log.h"
#include "api/core/services.h"
#include "schemas/base/json.h"
#include "storage/sql/database.h"

namespace ecr::api::admin {

// One or more sentences: what was wrong, and what to do.
std::string failure_reason(const Services& services, storage::sql::Txn& txn,
                           const AuthenticationFailure& failure);

// {"sequence": 3, "requestId": "...", "time": "2026-01-31T12:00:00.000Z", "request": "POST /",
//  "error": "ExpiredTokenException", "message": that the client got, "accessKeyId"?,
//  "why": failure_reason()}
base::OrderedJson failure_json(const Services& services, storage::sql::Txn& txn,
                               const AuthenticationFailure& failure);

}  // namespace ecr::api::admin
