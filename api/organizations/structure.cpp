// The organization, its root and its organizational units (OUs). Source: AWS Organizations API
// Reference.
#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/organizations/common.h"
#include "api/organizations/organizations_api.h"
#include "schemas/base/text.h"

namespace ecr::api::organizations {
namespace {

using storage::ControlPolicyKind;
using storage::OrganizationTarget;
using storage::sql::Access;

constexpr std::size_t kMaxUnitDepth = 5;  // below the root (Organizations quotas)

// CreateOrganization takes no e-mail address, because AWS knows that of the account. An account
// that has none here gets one that cannot be delivered.
std::string email_of(const ApiRequest& request, const storage::Organization& organization) {
  const auto target = storage::find_organization_target(request.txn, organization.id,
                                                        organization.management_account);
  if (target && !target->email.empty()) return target->email;
  return base::format("root@{}.example.com", organization.management_account);
}

Json organization_json(const ApiRequest& request, const storage::Organization& organization) {
  return {{"Id", organization.id},
          {"Arn", organization_arn(organization)},
          {"FeatureSet", "ALL"},
          {"MasterAccountArn", target_arn(organization, organization.management_account)},
          {"MasterAccountId", organization.management_account},
          {"MasterAccountEmail", email_of(request, organization)},
          {"AvailablePolicyTypes", policy_types_json(request, organization)}};
}

// A unit of a seed may have no name; the API requires one, and gets the id.
Json unit_json(const storage::Organization& organization, const OrganizationTarget& unit) {
  return {{"Id", unit.id},
          {"Arn", target_arn(organization, unit.id)},
          {"Name", unit.name.empty() ? unit.id : unit.name}};
}

// The AWS-managed policies that allow everything exist in every organization from the start. They
// take part in decisions once their type is enabled. AWS uses the same two ids in every
// organization; the id is the key of a row here, so that in a second organization the row's id gets
// a suffix, which shown_policy_id() removes.
void insert_full_access(const ApiRequest& request, const storage::Organization& organization) {
  const std::pair<ControlPolicyKind, const char*> kPolicies[] = {
      {ControlPolicyKind::kService,
       R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})"},
      {ControlPolicyKind::kResource,
       R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*",)"
       R"("Resource":"*"}]})"}};
  for (const auto& [kind, document] : kPolicies) {
    const bool service = kind == ControlPolicyKind::kService;
    std::string id(service ? kFullScp : kFullRcp);
    if (storage::has_control_policy(request.txn, id)) id += "@" + organization.id;
    storage::insert_control_policy(
        request.txn, organization.id,
        {id, service ? "FullAWSAccess" : "RCPFullAWSAccess", document,
         service ? "Allows access to every operation" : "Allows access to every resource", kind});
  }
}

// The account that calls becomes the management account. Its own SCPs never apply to it
// (Organizations User Guide, "Service control policies").
Json create_organization(ApiRequest& request, Found<storage::Organization>& current) {
  const std::string& account = request.caller.account;
  if (current.row) {
    throw ApiError(ErrorCode::kAlreadyInOrganization,
                   "The AWS account is already a member of an organization.");
  }
  if (text_member(request.input, "FeatureSet") == "CONSOLIDATED_BILLING") {
    // Consolidated billing has no control policies, which are all that organizations are for here.
    throw ApiError(ErrorCode::kOrganizationsInvalidInput,
                   "Only organizations with all features exist here");
  }
  storage::Organization organization;
  organization.id = make_id(request.core.random, "o-", 10);
  organization.management_account = account;
  organization.partition = request.registry.partition();
  storage::insert_organization(request.txn, organization);
  for (const auto kind : {ControlPolicyKind::kService, ControlPolicyKind::kResource}) {
    // No policy type is enabled until EnablePolicyType. The API Reference says that SCPs are, from
    // the start; the acceptance tests of Terraform's provider, which run against AWS, find none,
    // and enable them without the error PolicyTypeAlreadyEnabledException.
    storage::set_policy_type(request.txn, organization.id, kind, false);
  }
  insert_full_access(request, organization);
  const std::string root = make_id(request.core.random, "r-", 4);
  storage::insert_organization_target(request.txn,
                                      {root, organization.id, {}, "Root", "", request.now});
  storage::insert_organization_target(request.txn,
                                      {account, organization.id, root, account, "", request.now});
  return {{"Organization", organization_json(request, organization)}};
}

// Unlike the other operations, this one can be called from any account in the organization.
Json describe_organization(ApiRequest& request, const storage::Organization& organization) {
  return {{"Organization", organization_json(request, organization)}};
}

// An organization has exactly one root.
Json list_roots(ApiRequest& request, const storage::Organization& organization) {
  const Json root = root_json(request, {organization, require_root(request, organization)});
  return page_of(request, "roots", "Roots", {root});
}

// The number of levels above the target; 0 for the root.
std::size_t depth_of(const ApiRequest& request, const storage::Organization& organization,
                     OrganizationTarget target) {
  std::size_t depth = 0;
  while (target.parent) {
    ++depth;
    target = require_target(request, organization, *target.parent, ErrorCode::kParentNotFound);
  }
  return depth;
}

// The units or the accounts directly under the parent.
std::vector<OrganizationTarget> children_of(const ApiRequest& request,
                                            const storage::Organization& organization,
                                            const std::string& parent, TargetKind kind) {
  std::vector<OrganizationTarget> children;
  for (const auto& target : storage::organization_targets(request.txn, organization.id)) {
    if (target.parent == parent && kind_of(target) == kind) children.push_back(target);
  }
  return children;
}

// The root or OU of ParentId.
Resolved<Found<TargetInOrganization>> parent_targets(const ApiRequest& request) {
  auto found = named_targets(request, "ParentId", ErrorCode::kParentNotFound);
  const auto& parent = found.subject.row;
  if (parent && kind_of(parent->target) == TargetKind::kAccount) {  // the text is ours
    found.subject = ApiError(ErrorCode::kParentNotFound, "An account has no children.");
  }
  return found;
}

// Names are unique among the children of one parent, with regard to case. Tags in the request are
// accepted and not stored.
Json create_organizational_unit(ApiRequest& request, const TargetInOrganization& found) {
  const auto& [organization, parent] = found;
  const std::string name = text_member(request.input, "Name");
  for (const auto& sibling : children_of(request, organization, parent.id, TargetKind::kUnit)) {
    if (sibling.name == name) {
      throw ApiError(ErrorCode::kDuplicateOrganizationalUnit,
                     "An OU with the same name exists in the parent that you specified.");
    }
  }
  if (depth_of(request, organization, parent) >= kMaxUnitDepth) {
    throw ApiError(ErrorCode::kConstraintViolation,
                   "You have exceeded the allowed depth of organizational units.");
  }
  // The id of an OU contains that of its root: "ou-" + id of the root without "r-" + "-" + 8 to 32
  // characters (API Reference, "OrganizationalUnit").
  const std::string root_part = require_root(request, organization).id.substr(2);
  const std::string id = make_id(request.core.random, base::format("ou-{}-", root_part), 8);
  const OrganizationTarget unit{id, organization.id, parent.id, name, "", request.now};
  storage::insert_organization_target(request.txn, unit);
  attach_full_access(request, organization, id);
  return {{"OrganizationalUnit", unit_json(organization, unit)}};
}

Resolved<Found<TargetInOrganization>> unit_targets(const ApiRequest& request) {
  return named_targets(request, "OrganizationalUnitId", ErrorCode::kOrganizationalUnitNotFound);
}

Json describe_organizational_unit(ApiRequest&, const TargetInOrganization& unit) {
  return {{"OrganizationalUnit", unit_json(unit.organization, unit.target)}};
}

Json list_units(ApiRequest& request, const TargetInOrganization& found) {
  const auto& [organization, parent] = found;
  std::vector<Json> units;
  for (const auto& unit : children_of(request, organization, parent.id, TargetKind::kUnit)) {
    units.push_back(unit_json(organization, unit));
  }
  return page_of(request, "units\n" + parent.id, "OrganizationalUnits", units);
}

Resolved<Found<TargetInOrganization>> child_targets(const ApiRequest& request) {
  return named_targets(request, "ChildId", ErrorCode::kChildNotFound);
}

Json list_parents(ApiRequest& request, const TargetInOrganization& found) {
  const auto& [organization, child] = found;
  // An account or OU has exactly one parent; the root has none.
  std::vector<Json> parents;
  if (child.parent) {
    const auto parent =
        require_target(request, organization, *child.parent, ErrorCode::kParentNotFound);
    parents.push_back({{"Id", parent.id}, {"Type", std::string(type_name(kind_of(parent)))}});
  }
  return page_of(request, "parents\n" + child.id, "Parents", parents);
}

Json list_children(ApiRequest& request, const TargetInOrganization& found) {
  const auto& [organization, parent] = found;
  const std::string type = text_member(request.input, "ChildType");
  const TargetKind kind =
      type == type_name(TargetKind::kUnit) ? TargetKind::kUnit : TargetKind::kAccount;
  std::vector<Json> children;
  for (const auto& child : children_of(request, organization, parent.id, kind)) {
    children.push_back({{"Id", child.id}, {"Type", type}});
  }
  return page_of(request, "children\n" + type + "\n" + parent.id, "Children", children);
}

constexpr Operation kStructureOperations[] = {
    {"CreateOrganization", "organizations:CreateOrganization", Access::kWrite,
     on<member_targets, create_organization>},
    {"DescribeOrganization", "organizations:DescribeOrganization", Access::kRead,
     on<member_targets, describe_organization>},
    {"ListRoots", "organizations:ListRoots", Access::kRead, on<management_targets, list_roots>},
    {"CreateOrganizationalUnit", "organizations:CreateOrganizationalUnit", Access::kWrite,
     on<parent_targets, create_organizational_unit>},
    {"DescribeOrganizationalUnit", "organizations:DescribeOrganizationalUnit", Access::kRead,
     on<unit_targets, describe_organizational_unit>},
    {"ListOrganizationalUnitsForParent", "organizations:ListOrganizationalUnitsForParent",
     Access::kRead, on<parent_targets, list_units>},
    {"ListParents", "organizations:ListParents", Access::kRead, on<child_targets, list_parents>},
    {"ListChildren", "organizations:ListChildren", Access::kRead,
     on<parent_targets, list_children>},
};

}  // namespace

std::vector<const Operation*> structure_operations() { return pointers(kStructureOperations); }

}  // namespace ecr::api::organizations
