// Shared by the Organizations operations: what they are about, ids and ARNs, paging. Stateless
// functions on the request's transaction. "Target" is AWS's word for the root, an OU or an account;
// api::Target is the resource of an authorization.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "api/core/wire/error.h"
#include "schemas/base/json.h"
#include "storage/rows/iam/organizations.h"

namespace ecr::api::organizations {

// The AWS-managed policies that allow everything.
inline constexpr std::string_view kFullScp = "p-FullAWSAccess";
inline constexpr std::string_view kFullRcp = "p-RCPFullAWSAccess";

using base::text_member;  // of the input; empty: absent

// The subject of an operation: what the request names, or why the operation cannot have it.
template <class Row>
struct Found : Named<Row> {
  std::optional<ApiError> error;  // where there is no row

  Found(Row one) : Named<Row>{std::move(one)} {}
  Found(ApiError reason) : error(std::move(reason)) {}
  [[noreturn]] void missing() const { throw *error; }
};
// A thing in the organization that the caller manages.
struct TargetInOrganization {
  storage::Organization organization;
  storage::OrganizationTarget target;
};
struct PolicyInOrganization {
  storage::Organization organization;
  storage::ControlPolicyRow policy;
};

// The resolvers. The resources of all of them are every target and policy that the request names,
// each with the operation's action; "*" where it names none.
//
// The organization that the caller's account is in; else AWSOrganizationsNotInUseException.
Resolved<Found<storage::Organization>> member_targets(const ApiRequest& request);
// The same, where the caller is in the management account; else AccessDeniedException.
Resolved<Found<storage::Organization>> management_targets(const ApiRequest& request);
// The policy that PolicyId names. Throws PolicyNotFoundException: the decision depends on its type.
Resolved<Found<PolicyInOrganization>> policy_targets(const ApiRequest& request);
// The target that `member` of the input names; else `missing`, with a text that names the id, or
// that error.
Resolved<Found<TargetInOrganization>> named_targets(const ApiRequest& request, const char* member,
                                                    ErrorCode missing);
Resolved<Found<TargetInOrganization>> named_targets(const ApiRequest& request, const char* member,
                                                    const ApiError& missing);

enum class TargetKind { kRoot, kUnit, kAccount };
TargetKind kind_of(const storage::OrganizationTarget& target);
std::string_view type_name(TargetKind kind);  // "ROOT", ...
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
// The target of that id. Throws `missing` with a text that names the id.
ApiError no_target(const std::string& id, ErrorCode missing);
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
Json root_json(const ApiRequest& request, const TargetInOrganization& root);

// One page of `items` as output[member].
Json page_of(const ApiRequest& request, std::string_view listing, const char* member,
             const std::vector<Json>& items);

// The prefix and `length` lower-case letters and digits.
std::string make_id(base::Random& random, std::string_view prefix, std::size_t length);

}  // namespace ecr::api::organizations
