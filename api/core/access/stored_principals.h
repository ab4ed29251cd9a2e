// The principals that stored policies name. Users and roles in resource and trust policies are
// stored by their unique ids, as AWS does: an entity that is deleted and made anew is another
// principal, one that is renamed stays the same. Source: AWS IAM User Guide, "AWS JSON policy
// elements: Principal". Stateless functions on the request's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/iam/policy/policy.h"
#include "storage/sql/database.h"

namespace ecr::api {

// The document with the ids of users and roles that exist in place of their ARNs.
// REQUIRES: the document was accepted as a policy.
std::string stored_principals(storage::sql::Txn& txn, std::string_view document);

// The document as the APIs show it: ARNs as they are now. The id of a principal that is gone stays,
// as AWS shows it.
std::string shown_principals(storage::sql::Txn& txn, std::string_view document);

// The first user or role, by ARN or unique id, that the policy names and its account does not have.
// An account of which nothing but its root user is known here (no user, group or role) is taken to
// have every principal that is named: the policy may speak of an account that this server does not
// play. REQUIRES: `policy` is `document`, parsed.
std::optional<std::string> unknown_principal(storage::sql::Txn& txn,
                                             const auth::iam::Policy& policy,
                                             std::string_view document);

}  // namespace ecr::api
