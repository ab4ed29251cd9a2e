// Which change of a policy a person would make to mend a decision: the "kind", "target" and "name"
// that PUT /_ecr-local/policies and the questions of what_if take. Pure.
#pragma once

#include <string_view>

#include "auth/iam/evaluate.h"
#include "schemas/base/json.h"

namespace ecr::api::admin {

// Of a policy of `type` that decides about the request. `source`: AttachedPolicy::source of the
// policy (api/core/access/principal_policies.cpp and target.cpp); empty: a policy that is to be
// made. Null: no such change is possible (a session's own policies), or it is not known where the
// policy is stored (a policy of a group).
base::OrderedJson change_target_json(const auth::iam::Request& request, auth::iam::DecidedBy type,
                                     std::string_view source);

}  // namespace ecr::api::admin
