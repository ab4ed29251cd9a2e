// The policies that are stored at one target, and their change: what an editor reads and writes.
#pragma once

#include <string>
#include <vector>

#include "api/admin/what_if/change.h"
#include "api/core/dispatch/control_plane.h"
#include "api/core/services.h"
#include "storage/sql/database.h"

namespace ecr::api::admin::what_if {

struct StoredDocument {
  ChangeKind kind = ChangeKind::kInline;
  std::string target;  // of a change of this document
  std::string name;    // of an inline policy, a managed one, one of an organization; else empty
  std::string document;
  bool editable = true;  // AWS's own policies are not
};

// The policies of the user, group or role (a user's groups' too), managed policy, repository (and
// its registry's), registry or organization policy. Throws ParameterError where there is no such
// target; `member`: its name in the request.
std::vector<StoredDocument> documents_of(storage::sql::Txn& txn, const std::string& target);

// Stores the change as the operation of IAM, ECR or Organizations does that is meant for it, as
// the root user of the account. A managed policy that has all versions it may have loses the oldest
// one that is not in force. `force`: of SetRepositoryPolicy. Throws OperatorError, ParameterError.
void store_change(const Services& services, const ControlPlane& control, const HttpRequest& http,
                  const Change& change, bool force);

}  // namespace ecr::api::admin::what_if
