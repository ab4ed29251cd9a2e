// What a question names that its asker may not have meant: an action that no service has, or a
// resource that is not here. The answer stays what the policies say.
#pragma once

#include <string>
#include <vector>

#include "storage/sql/database.h"

namespace ecr::api::admin::what_if {

// A sentence for each; empty: nothing is doubtful. REQUIRES: check_action() takes the action.
std::vector<std::string> notes_about(storage::sql::Txn& txn, const std::string& action,
                                     const std::string& resource);

}  // namespace ecr::api::admin::what_if
