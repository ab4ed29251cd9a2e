// Service control policies (SCPs) and resource control policies (RCPs). Source: AWS Organizations
// API Reference. A change takes effect with the next request.
#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/organizations/common.h"
#include "api/organizations/organizations_api.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/text.h"

namespace ecr::api::organizations {
namespace {

using storage::ControlPolicyKind;
using storage::ControlPolicyRow;
using storage::sql::Access;

// Characters (Organizations quotas). White space counts, unlike in IAM: the API stores the text
// exactly as it is given.
constexpr std::size_t kMaxDocument = 5120;

// Listings have the summary alone; the document is in DescribePolicy's answer.
Json summary_json(const storage::Organization& organization, const ControlPolicyRow& policy) {
  const std::string id = shown_policy_id(policy.id);
  return {{"Id", id},
          {"Arn", policy_arn(organization, policy)},
          {"Name", policy.name},
          {"Description", policy.description},
          {"Type", type_name(policy.kind)},
          {"AwsManaged", id == kFullScp || id == kFullRcp}};
}

Json policy_json(const storage::Organization& organization, const ControlPolicyRow& policy) {
  return {{"Policy",
           {{"PolicySummary", summary_json(organization, policy)}, {"Content", policy.document}}}};
}

void check_document(const std::string& document, ControlPolicyKind kind) {
  const auto parsed = auth::iam::Policy::parse(document, kind == ControlPolicyKind::kService
                                                             ? auth::iam::PolicyType::kScp
                                                             : auth::iam::PolicyType::kRcp);
  // Unlike IAM, Organizations has one text for every fault in a document.
  if (!parsed) {
    throw ApiError(ErrorCode::kMalformedPolicyDocument,
                   "The provided policy document does not meet the requirements of the specified "
                   "policy type.");
  }
  if (document.size() > kMaxDocument) {
    throw ApiError(ErrorCode::kConstraintViolation,
                   "You have exceeded the maximum size of a policy document.");
  }
}

// A name may be used once within a type of policy.
void check_name(const ApiRequest& request, const storage::Organization& organization,
                const ControlPolicyRow& policy) {
  for (const auto& other :
       storage::control_policies_of(request.txn, organization.id, policy.kind)) {
    if (other.name == policy.name && other.id != policy.id) {
      throw ApiError(ErrorCode::kDuplicatePolicy, "A policy with the same name already exists.");
    }
  }
}

// AWS-managed policies cannot be changed. The text is ours.
void refuse_aws_managed(const ControlPolicyRow& policy) {
  const std::string id = shown_policy_id(policy.id);
  if (id == kFullScp || id == kFullRcp) {
    throw ApiError(ErrorCode::kOrganizationsInvalidInput,
                   "You can't change a policy that is managed by AWS.");
  }
}

Json create_policy(ApiRequest& request, const storage::Organization& organization) {
  ControlPolicyRow policy;
  policy.id = make_id(request.core.random, "p-", 10);
  policy.name = text_member(request.input, "Name");
  policy.description = text_member(request.input, "Description");
  policy.document = text_member(request.input, "Content");
  policy.kind = kind_of(text_member(request.input, "Type"));
  if (!is_enabled(request, organization, policy.kind)) {
    // The text is ours.
    throw ApiError(ErrorCode::kPolicyTypeNotAvailable,
                   "Policies of that type have to be enabled first (EnablePolicyType).");
  }
  check_document(policy.document, policy.kind);
  check_name(request, organization, policy);
  storage::insert_control_policy(request.txn, organization.id, policy);
  return policy_json(organization, policy);
}

// Absent members stay as they are. The change applies to every target that the policy is attached
// to.
Json update_policy(ApiRequest& request, PolicyInOrganization& found) {
  auto& [organization, policy] = found;
  refuse_aws_managed(policy);
  if (request.input.contains("Name")) policy.name = text_member(request.input, "Name");
  if (request.input.contains("Description"))
    policy.description = text_member(request.input, "Description");
  if (request.input.contains("Content")) policy.document = text_member(request.input, "Content");
  check_document(policy.document, policy.kind);
  check_name(request, organization, policy);
  storage::update_control_policy(request.txn, policy);
  return policy_json(organization, policy);
}

// AWS, too, refuses to delete a policy that is attached.
Json delete_policy(ApiRequest& request, const PolicyInOrganization& found) {
  const ControlPolicyRow& policy = found.policy;
  refuse_aws_managed(policy);
  if (!storage::targets_of_control_policy(request.txn, policy.id).empty()) {
    throw ApiError(ErrorCode::kPolicyInUse,
                   "The policy is attached to one or more entities. You must detach it from all "
                   "roots, OUs, and accounts before performing this operation.");
  }
  storage::delete_control_policy(request.txn, policy.id);
  return Json::object();
}

Json describe_policy(ApiRequest&, const PolicyInOrganization& found) {
  return policy_json(found.organization, found.policy);
}

Json list_policies(ApiRequest& request, const storage::Organization& organization) {
  const std::string type = text_member(request.input, "Filter");
  std::vector<Json> policies;
  for (const auto& policy :
       storage::control_policies_of(request.txn, organization.id, kind_of(type))) {
    policies.push_back(summary_json(organization, policy));
  }
  return page_of(request, "policies\n" + type, "Policies", policies);
}

// The filter is read before the target is looked up: a request with both faults gets the error of
// the filter. Policies of parents apply, too, but only those attached directly are listed (API
// Reference).
Json list_policies_for_target(ApiRequest& request, const storage::Organization& organization) {
  const std::string id = text_member(request.input, "TargetId");
  const ControlPolicyKind kind = kind_of(text_member(request.input, "Filter"));
  require_target(request, organization, id, ErrorCode::kTargetNotFound);
  std::vector<Json> policies;
  for (const std::string& attached : storage::control_policies_at(request.txn, id)) {
    const auto policy = storage::find_control_policy(request.txn, organization.id, attached);
    if (policy && policy->kind == kind) policies.push_back(summary_json(organization, *policy));
  }
  return page_of(request, "policies of\n" + type_name(kind) + "\n" + id, "Policies", policies);
}

constexpr Operation kPolicyOperations[] = {
    {"CreatePolicy", "organizations:CreatePolicy", Access::kWrite,
     on<management_targets, create_policy>},
    {"UpdatePolicy", "organizations:UpdatePolicy", Access::kWrite,
     on<policy_targets, update_policy>},
    {"DeletePolicy", "organizations:DeletePolicy", Access::kWrite,
     on<policy_targets, delete_policy>},
    {"DescribePolicy", "organizations:DescribePolicy", Access::kRead,
     on<policy_targets, describe_policy>},
    {"ListPolicies", "organizations:ListPolicies", Access::kRead,
     on<management_targets, list_policies>},
    {"ListPoliciesForTarget", "organizations:ListPoliciesForTarget", Access::kRead,
     on<management_targets, list_policies_for_target>},
};

}  // namespace

std::vector<const Operation*> policy_operations() { return pointers(kPolicyOperations); }

}  // namespace ecr::api::organizations
