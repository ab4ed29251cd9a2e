// Whether the principals that a policy names exist, as ECR and IAM ask when one is stored.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/iam/policy/policy.h"
#include "storage/sql/database.h"

namespace ecr::api {

// The first user or role, by ARN or unique id, that the policy names and its account does not have.
// An account of which nothing but its root user is known here (no user, group or role) is taken to
// have whoever is named: the policy may speak of an account that this server does not play.
// REQUIRES: `policy` is `document`, parsed.
std::optional<std::string> unknown_principal(storage::sql::Txn& txn,
                                             const auth::iam::Policy& policy,
                                             std::string_view document);

}  // namespace ecr::api
