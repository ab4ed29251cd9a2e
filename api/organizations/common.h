// What the Organizations operations share: the caller's organization, ids and ARNs, paging.
// Stateless functions on the request's transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "api/core/wire/error.h"
#include "storage/rows/iam/organizations.h"

namespace ecr::api::organizations {

// Attached to every level from the start, and AWS's own.
inline constexpr std::string_view kFullScp = "p-FullAWSAccess";
inline constexpr std::string_view kFullRcp = "p-RCPFullAWSAccess";

std::string text(const Json& input, const char* member);  // empty: absent

// Throws AWSOrganizationsNotInUseException.
storage::Organization require_organization(const Call& call);
// The same, for the management account alone. Throws AccessDeniedException.
storage::Organization require_management(const Call& call);

bool is_unit(std::string_view id);
bool is_root(const storage::OrganizationTarget& target);
std::string_view type_name(const storage::OrganizationTarget& target);  // ROOT, ...
// "SERVICE_CONTROL_POLICY", and back. Throws where the type is not supported here.
std::string type_name(storage::ControlPolicyKind kind);
storage::ControlPolicyKind kind_of(const std::string& type);
bool is_enabled(const Call& call, const storage::Organization& organization,
                storage::ControlPolicyKind kind);

std::string organization_arn(const storage::Organization& organization);
std::string target_arn(const storage::Organization& organization, std::string_view id);
std::string policy_arn(const storage::Organization& organization,
                       const storage::ControlPolicyRow& policy);

// AWS's own policies have one id in every organization; rows of a second organization carry its id
// behind an '@'.
std::string shown_policy_id(std::string_view row_id);
std::string full_access_row(const Call& call, const storage::Organization& organization,
                            storage::ControlPolicyKind kind);
storage::ControlPolicyRow require_policy(const Call& call,
                                         const storage::Organization& organization,
                                         const std::string& id);
// The target of that id. Throws `missing`, an error without text of its own.
storage::OrganizationTarget require_target(const Call& call,
                                           const storage::Organization& organization,
                                           const std::string& id, ErrorCode missing);
storage::OrganizationTarget require_root(const Call& call,
                                         const storage::Organization& organization);

// A new target gets the policies that allow everything, of every kind that is enabled.
void attach_full_access(const Call& call, const storage::Organization& organization,
                        std::string_view target);

// One page of `items` as output[member].
Json page_of(const Call& call, std::string_view listing, const char* member,
             const std::vector<Json>& items);

// What the call names, each with the operation's action; "*" where it names nothing.
std::vector<Target> targets(const Call& call);

// Lower-case letters and digits.
std::string make_id(base::Random& random, std::string_view prefix, std::size_t length);

}  // namespace ecr::api::organizations
