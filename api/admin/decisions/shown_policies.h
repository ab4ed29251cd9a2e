// The statements of a decision as the APIs show them. Stored policies name users and roles by their
// unique ids (api/core/access/stored_principals.h); whoever is told to change a statement knows
// them by their ARNs. Stateless.
#pragma once

#include "schemas/base/json.h"
#include "storage/sql/database.h"

namespace ecr::api::admin {

// Every statement in `decision` (decision_json()) with ARNs, as they are now, in place of ids.
void show_principals(storage::sql::Txn& txn, base::OrderedJson& decision);

}  // namespace ecr::api::admin
