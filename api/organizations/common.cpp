#include "api/organizations/common.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
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
  Target target;
  target.resource = std::move(resource);
  target.account = request.caller.account;
  for (const char* member : {"PolicyType", "Type", "Filter"}) {
    const std::string type = text_member(request.input, member);
    if (!type.empty()) target.context.emplace_back("organizations:PolicyType", type);
  }
  return target;
}

}  // namespace

storage::Organization require_organization(const ApiRequest& request) {
  const auto organization = storage::organization_of(request.txn, request.caller.account);
  if (!organization) {
    throw ApiError(ErrorCode::kOrganizationsNotInUse,
                   "Your account is not a member of an organization.");
  }
  return *organization;
}

// Most operations "can be called only from the organization's management account" (API Reference),
// whatever the policies of a member account allow. AWS also lets delegated administrators call
// them, which do not exist here.
storage::Organization require_management(const ApiRequest& request) {
  const storage::Organization organization = require_organization(request);
  if (organization.management_account != request.caller.account) {
    throw ApiError::access_denied("You don't have permissions to access this resource.");
  }
  return organization;
}

bool is_unit(std::string_view id) { return id.starts_with("ou-"); }
bool is_root(const storage::OrganizationTarget& target) { return !target.parent; }

// The three kinds of targets differ by their ids: r-..., ou-..., 12 digits.
std::string_view type_name(const storage::OrganizationTarget& target) {
  if (is_root(target)) return "ROOT";
  return model::is_account_id(target.id) ? "ACCOUNT" : "ORGANIZATIONAL_UNIT";
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
  return base::format("arn:aws:organizations::{}:organization/{}", organization.management_account,
                      organization.id);
}

// The account in the ARN is the management account's, also for members (API Reference, "Account").
std::string target_arn(const storage::Organization& organization, std::string_view id) {
  const std::string_view kind =
      is_unit(id) ? "ou" : (model::is_account_id(id) ? "account" : "root");
  return base::format("arn:aws:organizations::{}:{}/{}/{}", organization.management_account, kind,
                      organization.id, id);
}

std::string policy_arn(const storage::Organization& organization,
                       const storage::ControlPolicyRow& policy) {
  const std::string id = shown_policy_id(policy.id);
  if (is_aws_managed(id)) {
    return base::format("arn:aws:organizations::aws:policy/{}/{}", lower_type(policy.kind), id);
  }
  return base::format("arn:aws:organizations::{}:policy/{}/{}/{}", organization.management_account,
                      organization.id, lower_type(policy.kind), id);
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

storage::ControlPolicyRow require_policy(const ApiRequest& request,
                                         const storage::Organization& organization,
                                         const std::string& id) {
  std::string row_id = id;
  if (id == kFullScp) row_id = full_access_row(request, organization, ControlPolicyKind::kService);
  if (id == kFullRcp) row_id = full_access_row(request, organization, ControlPolicyKind::kResource);
  auto policy = storage::find_control_policy(request.txn, organization.id, row_id);
  if (!policy) {
    throw ApiError(ErrorCode::kOrganizationsPolicyNotFound,
                   "We can't find a policy with the PolicyId that you specified.");
  }
  return std::move(*policy);
}

storage::OrganizationTarget require_target(const ApiRequest& request,
                                           const storage::Organization& organization,
                                           const std::string& id, ErrorCode missing) {
  auto target = storage::find_organization_target(request.txn, organization.id, id);
  // AWS's text is not published for most of these errors; this one is ours.
  if (!target) throw ApiError(missing, base::format("{} does not exist in the organization.", id));
  return std::move(*target);
}

storage::OrganizationTarget require_root(const ApiRequest& request,
                                         const storage::Organization& organization) {
  for (auto& target : storage::organization_targets(request.txn, organization.id)) {
    if (is_root(target)) return std::move(target);
  }
  // INVARIANT: CreateOrganization and the seed insert a root with every organization.
  throw std::runtime_error("an organization without a root");
}

void attach_full_access(const ApiRequest& request, const storage::Organization& organization,
                        std::string_view target) {
  for (const auto kind : {ControlPolicyKind::kService, ControlPolicyKind::kResource}) {
    if (!is_enabled(request, organization, kind)) continue;
    storage::attach_control_policy(request.txn, target, full_access_row(request, organization, kind));
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

Json root_json(const ApiRequest& request, const storage::Organization& organization) {
  const auto root = require_root(request, organization);
  return {{"Id", root.id},
          {"Arn", target_arn(organization, root.id)},
          {"Name", "Root"},
          {"PolicyTypes", policy_types_json(request, organization)}};
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

std::vector<Target> targets(const ApiRequest& request) {
  std::vector<Target> list;
  // Without an organization there are no ARNs; the handler then answers with the right error.
  const auto organization = storage::organization_of(request.txn, request.caller.account);
  if (organization) {
    for (const char* member : {"TargetId", "ParentId", "OrganizationalUnitId", "AccountId",
                               "SourceParentId", "DestinationParentId", "RootId", "ChildId"}) {
      const std::string id = text_member(request.input, member);
      if (!id.empty()) list.push_back(target_with(request, target_arn(*organization, id)));
    }
    // The type of an existing policy is a condition key for all resources of the call.
    if (const std::string id = text_member(request.input, "PolicyId"); !id.empty()) {
      const auto policy = require_policy(request, *organization, id);
      list.push_back(target_with(request, policy_arn(*organization, policy)));
      for (Target& target : list) {
        target.context.emplace_back("organizations:PolicyType", type_name(policy.kind));
      }
    }
  }
  if (list.empty()) list.push_back(target_with(request, "*"));
  return list;
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
