// The least-privilege policy for what a principal has asked for. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ecr::api::admin {

// Action and resource of one request.
using RequestedAccess = std::pair<std::string, std::string>;

// Identity policies that together allow these requests and no further action, each as indented
// JSON; the same for the same requests in any order. Actions on the same resources share a
// statement. A resource with a '*' (that of a listing) stays the pattern that it is. One, unless a
// managed policy cannot hold it all: then as few as statement by statement will do. REQUIRES: there
// is a request.
std::vector<std::string> write_least_privilege_policies(
    const std::vector<RequestedAccess>& requests);

// Characters of a managed policy at most, white space not counted (IAM User Guide, "IAM and AWS STS
// quotas").
inline constexpr std::size_t kMaxManagedPolicy = 6144;

}  // namespace ecr::api::admin
