// Users and roles in resource and trust policies are stored by their unique ids, as AWS does: one
// that is deleted and made anew is another principal, one that is renamed stays the same. Source:
// AWS IAM User Guide, "AWS JSON policy elements: Principal". Stateless functions on the request's
// transaction.
#pragma once

#include <string>
#include <string_view>

#include "storage/sql/database.h"

namespace ecr::api {

// The document with the ids of users and roles that exist in place of their ARNs.
// REQUIRES: the document was accepted as a policy.
std::string stored_principals(storage::sql::Txn& txn, std::string_view document);

// The document as it is shown: ARNs as they are now; the id of who is gone stays.
std::string shown_principals(storage::sql::Txn& txn, std::string_view document);

}  // namespace ecr::api
