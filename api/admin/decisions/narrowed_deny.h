// A Deny statement rewritten so that it denies everything it did, except one request. Internal to
// advice.h. Pure.
#pragma once

#include <string>
#include <vector>

#include "auth/iam/evaluate.h"

namespace ecr::api::admin {

struct NarrowedDeny {
  // JSON of the statements that take the place of the Deny. None of them denies the request.
  std::vector<std::string> statements;
  // For people: what they free the caller for besides the request. Empty: for nothing else.
  std::string also_allows;
};

// A policy has no "and not": what remains of the Deny are the requests of other callers, those for
// other actions, and those on other resources, with one statement each. IAM cannot leave one name
// out of a pattern ("repository/team-*"): then `also_allows` says what the caller gets beside the
// request. No statements: the request does not tell who the caller is. REQUIRES: the statement is a
// Deny that applies to the request; `type` is the kind of policy that it stands in.
NarrowedDeny narrow_deny(const auth::iam::Request& request, auth::iam::DecidedBy type,
                         const std::string& statement);

}  // namespace ecr::api::admin
