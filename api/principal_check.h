// Whether the principals that a resource policy names exist, as ECR asks when one is stored.
#pragma once

#include "auth/iam/policy.h"
#include "storage/sql/database.h"

namespace ecr::api {

// False: the policy names a user or role that does not exist in its account. An account of which
// nothing but its root user is known here (no user, group or role) is taken to have whoever is
// named: the policy may speak of an account that this server does not play.
bool principals_exist(storage::sql::Txn& txn, const auth::iam::Policy& policy);

}  // namespace ecr::api
