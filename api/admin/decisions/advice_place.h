// Where a statement belongs that would allow a request, and what it looks like there. Internal to
// the advice. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "auth/iam/evaluate.h"

namespace ecr::api::admin {

enum class Place { kIdentity, kRepository, kRegistry, kTrust, kBoundary, kSession, kScp, kRcp };

Place place_of(const auth::iam::Request& request, auth::iam::DecidedBy type);

// JSON: the smallest statement that a policy of this place can hold and that allows the request.
std::string statement_for(const auth::iam::Request& request, Place place);

// "the repository policy of team-a/app". `source`: of the policy, empty: there is none yet.
std::string describe(const auth::iam::Request& request, Place place, std::size_t level,
                     std::string_view source);

}  // namespace ecr::api::admin
