// Shared by the Organizations operations: the caller's organization, ids and ARNs, paging.
// Stateless functions on the request's transaction. "Target" is AWS's word for the root, an OU or
// an account; api::Target is the resource of an authorization.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "schemas/base/json.h"
#include "storage/rows/iam/organizations.h"

namespace ecr::api {
enum class ErrorCode;
}

namespace ecr::api::organizations {

// The AWS-managed policies that allow everything.
inline constexpr std::string_view kFullScp = "p-FullAWSAccess";
inline constexpr std::string_view kFullRcp = "p-RCPFullAWSAccess";

using base::text_member;  // of the input; empty: absent

// Throws AWSOrganizationsNotInUseException.
storage::Organization require_organization(const ApiRequest& request);
// The same, where the caller is in the management account. Throws AccessDeniedException.
storage::Organization require_management(const ApiRequest& request);

bool is_unit(std::string_view id);  // an OU
bool is_root(const storage::OrganizationTarget& target);
std::string_view type_name(const storage::OrganizationTarget& target);  // ROOT, ...
// "SERVICE_CONTROL_POLICY", and back. Throws where the type is not supported here.
std::string type_name(storage::ControlPolicyKind kind);
storage::ControlPolicyKind kind_of(const std::string& type);
bool is_enabled(const ApiRequest& request, const storage::Organization& organization,
                storage::ControlPolicyKind kind);

std::string organization_arn(const storage::Organization& organization);
std::string target_arn(const storage::Organization& organization, std::string_view id);
std::string policy_arn(const storage::Organization& organization,
                       const storage::ControlPolicyRow& policy);

// AWS-managed policies have the same id in every organization. Row ids are unique: in a second
// organization they are followed by '@' and its id. These two functions translate.
std::string shown_policy_id(std::string_view row_id);
std::string full_access_row(const ApiRequest& request, const storage::Organization& organization,
                            storage::ControlPolicyKind kind);
storage::ControlPolicyRow require_policy(const ApiRequest& request,
                                         const storage::Organization& organization,
                                         const std::string& id);
// The target of that id. Throws `missing` with a text that names the id.
storage::OrganizationTarget require_target(const ApiRequest& request,
                                           const storage::Organization& organization,
                                           const std::string& id, ErrorCode missing);
storage::OrganizationTarget require_root(const ApiRequest& request,
                                         const storage::Organization& organization);

// Attaches the policies that allow everything, of every type that is enabled, to a new target.
void attach_full_access(const ApiRequest& request, const storage::Organization& organization,
                        std::string_view target);

// [{"Type", "Status": "ENABLED"}] for each enabled type.
Json policy_types_json(const ApiRequest& request, const storage::Organization& organization);
Json root_json(const ApiRequest& request, const storage::Organization& organization);

// One page of `items` as output[member].
Json page_of(const ApiRequest& request, std::string_view listing, const char* member,
             const std::vector<Json>& items);

// The resources of the call for authorization: every target and policy that it names, each with the
// operation's action; "*" where it names none.
std::vector<Target> targets(const ApiRequest& request);

// The prefix and `length` lower-case letters and digits.
std::string make_id(base::Random& random, std::string_view prefix, std::size_t length);

}  // namespace ecr::api::organizations
