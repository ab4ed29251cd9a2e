#include "api/organizations/common.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/page_token.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::organizations {
namespace {

using storage::ControlPolicyKind;

constexpr std::int64_t kPageSize = 20;  // default, and the maximum of the model

std::string lower_type(ControlPolicyKind kind) {
  return kind == ControlPolicyKind::kService ? "service_control_policy" : "resource_control_policy";
}

// AWS-managed policies have "aws" in place of an account in their ARN.
bool is_aws_managed(std::string_view id) { return id == kFullScp || id == kFullRcp; }

// organizations:PolicyType is the condition key for operations on policies (service authorization
// reference of AWS Organizations); the request names the type as PolicyType, Type or Filter.
Target target_with(const ApiRequest& request, std::string resource) {
  Target target = plain_target(request, std::move(resource));
  for (const char* member : {"PolicyType", "Type", "Filter"}) {
    const std::string type = text_member(request.input, member);
    if (!type.empty()) target.context.emplace_back("organizations:PolicyType", type);
  }
  return target;
}

// The row of the policy that PolicyId names; nullopt: the request names none. A policy that does
// not exist is an error before the decision.
std::optional<storage::ControlPolicyRow> named_policy(const ApiRequest& request,
                                                      const storage::Organization& organization) {
  std::string id = text_member(request.input, "PolicyId");
  if (id.empty()) return std::nullopt;
  if (id == kFullScp) id = full_access_row(request, organization, ControlPolicyKind::kService);
  if (id == kFullRcp) id = full_access_row(request, organization, ControlPolicyKind::kResource);
  auto policy = storage::find_control_policy(request.txn, organization.id, id);
  if (!policy) {
    throw ApiError(ErrorCode::kOrganizationsPolicyNotFound,
                   "We can't find a policy with the PolicyId that you specified.");
  }
  return policy;
}

// The resources of the request, with the policy among them.
Resolved<std::optional<storage::ControlPolicyRow>> resources(const ApiRequest& request) {
  Resolved<std::optional<storage::ControlPolicyRow>> found;
  auto& [list, policy] = found;
  // Without an organization there are no ARNs; the handler then answers with the right error.
  if (const auto& organization = request.caller.organization) {
    for (const char* member : {"TargetId", "ParentId", "OrganizationalUnitId", "AccountId",
                               "SourceParentId", "DestinationParentId", "RootId", "ChildId"}) {
      const std::string id = text_member(request.input, member);
      if (!id.empty()) list.push_back(target_with(request, target_arn(*organization, id)));
    }
    policy = named_policy(request, *organization);
    if (policy) {
      list.push_back(target_with(request, policy_arn(*organization, *policy)));
      // The type of an existing policy is a condition key for all resources of the request.
      for (Target& target : list) {
        target.context.emplace_back("organizations:PolicyType", type_name(policy->kind));
      }
    }
  }
  if (list.empty()) list.push_back(target_with(request, "*"));
  return found;
}

Found<storage::Organization> organization_of_caller(const ApiRequest& request) {
  if (request.caller.organization) return *request.caller.organization;
  return ApiError(ErrorCode::kOrganizationsNotInUse,
                  "Your account is not a member of an organization.");
}

// Most operations "can be called only from the organization's management account" (API Reference),
// whatever the policies of a member account allow. AWS also lets delegated administrators call
// them, which do not exist here.
Found<storage::Organization> managed_organization(const ApiRequest& request) {
  auto found = organization_of_caller(request);
  if (!found.row || found.row->management_account == request.caller.account) return found;
  return ApiError::access_denied("You don't have permissions to access this resource.");
}

}  // namespace

Resolved<Found<storage::Organization>> member_targets(const ApiRequest& request) {
  return {resources(request).targets, organization_of_caller(request)};
}

Resolved<Found<storage::Organization>> management_targets(const ApiRequest& request) {
  return {resources(request).targets, managed_organization(request)};
}

Resolved<Found<PolicyInOrganization>> policy_targets(const ApiRequest& request) {
  auto [targets, policy] = resources(request);
  auto managed = managed_organization(request);
  if (!managed.row) return {std::move(targets), std::move(*managed.error)};
  // PolicyId is a required member of these operations.
  return {std::move(targets),
          PolicyInOrganization{std::move(*managed.row), std::move(policy.value())}};
}

Resolved<Found<TargetInOrganization>> named_targets(const ApiRequest& request, const char* member,
                                                    ErrorCode missing) {
  return named_targets(request, member, no_target(text_member(request.input, member), missing));
}

Resolved<Found<TargetInOrganization>> named_targets(const ApiRequest& request, const char* member,
                                                    const ApiError& missing) {
  auto targets = resources(request).targets;
  auto managed = managed_organization(request);
  if (!managed.row) return {std::move(targets), std::move(*managed.error)};
  auto target = storage::find_organization_target(request.txn, managed.row->id,
                                                  text_member(request.input, member));
  if (!target) return {std::move(targets), missing};
  return {std::move(targets), TargetInOrganization{std::move(*managed.row), std::move(*target)}};
}

TargetKind kind_of(const storage::OrganizationTarget& target) {
  if (!target.parent) return TargetKind::kRoot;
  return model::is_account_id(target.id) ? TargetKind::kAccount : TargetKind::kUnit;
}

std::string_view type_name(TargetKind kind) {
  switch (kind) {
    case TargetKind::kUnit:
      return "ORGANIZATIONAL_UNIT";
    case TargetKind::kAccount:
      return "ACCOUNT";
    case TargetKind::kRoot:
      break;
  }
  return "ROOT";
}

std::string type_name(ControlPolicyKind kind) {
  return kind == ControlPolicyKind::kService ? "SERVICE_CONTROL_POLICY" : "RESOURCE_CONTROL_POLICY";
}

// AWS has more types (tag policies, backup policies, ...); none of them takes part in
// authorization.
ControlPolicyKind kind_of(const std::string& type) {
  if (type == "SERVICE_CONTROL_POLICY") return ControlPolicyKind::kService;
  if (type == "RESOURCE_CONTROL_POLICY") return ControlPolicyKind::kResource;
  throw ApiError(ErrorCode::kOrganizationsInvalidInput,
                 base::format("Policies of the type {} do not exist here", type));
}

bool is_enabled(const ApiRequest& request, const storage::Organization& organization,
                ControlPolicyKind kind) {
  return storage::policy_type_enabled(request.txn, organization.id, kind);
}

std::string organization_arn(const storage::Organization& organization) {
  return base::format("arn:{}:organizations::{}:organization/{}", organization.partition,
                      organization.management_account, organization.id);
}

// The kinds of targets differ by their ids: r-..., ou-..., 12 digits. The account in the ARN is the
// management account's, also for members (API Reference, "Account").
std::string target_arn(const storage::Organization& organization, std::string_view id) {
  const std::string_view kind =
      id.starts_with("ou-") ? "ou" : (model::is_account_id(id) ? "account" : "root");
  return base::format("arn:{}:organizations::{}:{}/{}/{}", organization.partition,
                      organization.management_account, kind, organization.id, id);
}

std::string policy_arn(const storage::Organization& organization,
                       const storage::ControlPolicyRow& policy) {
  const std::string id = shown_policy_id(policy.id);
  if (is_aws_managed(id)) {
    return base::format("arn:{}:organizations::aws:policy/{}/{}", organization.partition,
                        lower_type(policy.kind), id);
  }
  return base::format("arn:{}:organizations::{}:policy/{}/{}/{}", organization.partition,
                      organization.management_account, organization.id, lower_type(policy.kind),
                      id);
}

std::string shown_policy_id(std::string_view row_id) {
  return std::string(row_id.substr(0, row_id.find('@')));
}

std::string full_access_row(const ApiRequest& request, const storage::Organization& organization,
                            ControlPolicyKind kind) {
  std::string id(kind == ControlPolicyKind::kService ? kFullScp : kFullRcp);
  if (!storage::find_control_policy(request.txn, organization.id, id)) id += "@" + organization.id;
  return id;
}

// AWS's text is not published for most of these errors; this one is ours.
ApiError no_target(const std::string& id, ErrorCode missing) {
  return {missing, base::format("{} does not exist in the organization.", id)};
}

storage::OrganizationTarget require_target(const ApiRequest& request,
                                           const storage::Organization& organization,
                                           const std::string& id, ErrorCode missing) {
  auto target = storage::find_organization_target(request.txn, organization.id, id);
  if (!target) throw no_target(id, missing);
  return std::move(*target);
}

storage::OrganizationTarget require_root(const ApiRequest& request,
                                         const storage::Organization& organization) {
  for (auto& target : storage::organization_targets(request.txn, organization.id)) {
    if (!target.parent) return std::move(target);
  }
  // INVARIANT: CreateOrganization and the seed insert a root with every organization.
  throw std::runtime_error("an organization without a root");
}

void attach_full_access(const ApiRequest& request, const storage::Organization& organization,
                        std::string_view target) {
  for (const auto kind : {ControlPolicyKind::kService, ControlPolicyKind::kResource}) {
    if (!is_enabled(request, organization, kind)) continue;
    storage::attach_control_policy(request.txn, target,
                                   full_access_row(request, organization, kind));
  }
}

Json policy_types_json(const ApiRequest& request, const storage::Organization& organization) {
  Json types = Json::array();
  for (const auto kind : {ControlPolicyKind::kService, ControlPolicyKind::kResource}) {
    if (!is_enabled(request, organization, kind)) continue;
    types.push_back({{"Type", type_name(kind)}, {"Status", "ENABLED"}});
  }
  return types;
}

Json root_json(const ApiRequest& request, const TargetInOrganization& root) {
  return {{"Id", root.target.id},
          {"Arn", target_arn(root.organization, root.target.id)},
          {"Name", "Root"},
          {"PolicyTypes", policy_types_json(request, root.organization)}};
}

// Lists are short (an organization of a test has a handful of accounts), so the whole list is read
// and the token is the index of the next item.
Json page_of(const ApiRequest& request, std::string_view listing, const char* member,
             const std::vector<Json>& items) {
  Page page(request.core.store.key(), base::format("{}\n{}", request.caller.account, listing),
            request.input.value("MaxResults", kPageSize));
  const std::string token = text_member(request.input, "NextToken");
  if (!token.empty() && !page.resume(token)) {
    throw ApiError(ErrorCode::kOrganizationsInvalidInput, "You specified an invalid value.");
  }
  const auto [begin, end] = page.slice(items.size());
  Json output = {{member, Json::array()}};
  for (std::size_t i = begin; i < end; ++i) output[member].push_back(items[i]);
  if (end < items.size()) output["NextToken"] = page.token_after(static_cast<std::int64_t>(end));
  return output;
}

std::string make_id(base::Random& random, std::string_view prefix, std::size_t length) {
  // 32 characters, so that every one is equally likely.
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz012345";
  std::vector<std::uint8_t> bytes(length);
  random.fill(bytes);
  std::string id(prefix);
  for (const std::uint8_t byte : bytes) id += kAlphabet[byte % kAlphabet.size()];
  return id;
}

}  // namespace ecr::api::organizations
