// The least-privilege policy for the requests of a principal, and how a policy names the action and
// the resource of a request. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ecr::api::admin {

// Action and resource of one request.
using RequestedAccess = std::pair<std::string, std::string>;

// Identity policies that together allow these requests and no further action, each as indented
// JSON. The order of the requests does not change the result. Actions on the same resources share a
// statement. A resource with a '*' (that of a listing) stays a pattern. The result is one policy,
// unless it would be larger than a managed policy may be: then the statements are filled into
// policies one after the other. REQUIRES: there is at least one request.
std::vector<std::string> write_least_privilege_policies(
    const std::vector<RequestedAccess>& requests);

// The smallest Resource (in a policy of version 2012-10-17) that matches the resource of a request
// for the action: "*" for actions that have no resource type. A listing of everything
// ("repository/*") stays a pattern.
std::string resource_pattern(std::string_view action, std::string_view resource);
// The text with "${" written as "${$}{": otherwise a policy of version 2012-10-17 would take it for
// a policy variable.
std::string escape_variables(std::string_view text);
// The action as AWS writes it, where it is known: "ecr:PutImage" for "ECR:putimage".
std::string canonical_action(std::string_view action);

// The most characters that a managed policy may have, white space not counted (IAM User Guide, "IAM
// and AWS STS quotas").
inline constexpr std::size_t kMaxManagedPolicy = 6144;

}  // namespace ecr::api::admin
