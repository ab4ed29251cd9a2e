// Why a request was bound to fail whatever the policies say: what it names is not there, or is
// somewhere else. AWS's answers do not tell, as a caller without permission must not learn of it;
// whoever runs the server may. Reads rows of the request's transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/core/services.h"
#include "auth/iam/evaluate.h"
#include "storage/sql/database.h"

namespace ecr::api::admin {

struct Hints {
  std::vector<std::string> texts;  // for people: "there is no role ..."
  // Advice about policies would be wrong: there is no policy to change.
  bool resource_missing = false;
  // The request names a repository that is not there, so that it cannot be tagged.
  bool repository_missing = false;
};

// As things are now, which may be later than the request. `host`: under which the server is asked,
// for names that its registries answer to.
Hints hints_for(const Services& services, storage::sql::Txn& txn, std::string_view host,
                const auth::iam::Request& request);

// True for the actions that make the repository they name, or do not need it.
bool needs_no_repository(std::string_view action);

}  // namespace ecr::api::admin
