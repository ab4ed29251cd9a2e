// The least-privilege policy for what a principal has asked for. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ecr::api::admin {

// Action and resource of one request.
using RequestedAccess = std::pair<std::string, std::string>;

// An identity policy that allows these requests and no further action, as indented JSON; the same
// for the same requests in any order. Actions on the same resources share a statement. A resource
// with a '*' (that of a listing) stays the pattern that it is. REQUIRES: there is a request.
std::string write_least_privilege_policy(const std::vector<RequestedAccess>& requests);

}  // namespace ecr::api::admin
