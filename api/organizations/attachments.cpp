// Attaching control policies to the root, OUs and accounts, and enabling the types of policies.
// Source: AWS Organizations API Reference. Changes take effect with the next request.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/organizations/common.h"
#include "api/organizations/organizations_api.h"
#include "schemas/base/text.h"

namespace ecr::api::organizations {
namespace {

using storage::ControlPolicyKind;
using storage::sql::Access;

// The policy and the target that a request names.
struct Attachment {
  storage::Organization organization;
  storage::ControlPolicyRow policy;
  storage::OrganizationTarget target;
};

Resolved<Found<Attachment>> attachment_targets(const ApiRequest& request) {
  auto [targets, found] = policy_targets(request);
  if (!found.row) return {std::move(targets), std::move(*found.error)};
  auto& [organization, policy] = *found.row;
  const std::string id = text_member(request.input, "TargetId");
  auto target = storage::find_organization_target(request.txn, organization.id, id);
  if (!target) return {std::move(targets), no_target(id, ErrorCode::kTargetNotFound)};
  return {std::move(targets),
          Attachment{std::move(organization), std::move(policy), std::move(*target)}};
}

// A type that is disabled has no attachments at all.
void require_enabled(const ApiRequest& request, const storage::Organization& organization,
                     ControlPolicyKind kind) {
  if (is_enabled(request, organization, kind)) return;
  throw ApiError(ErrorCode::kPolicyTypeNotEnabled,
                 "This operation can be performed only for enabled policy types.");
}

// The policies of the same type at the target: quotas and "the last one" count per type.
std::vector<std::string> attached_of_kind(const ApiRequest& request, const Attachment& attachment) {
  std::vector<std::string> ids;
  for (const std::string& id : storage::control_policies_at(request.txn, attachment.target.id)) {
    const auto policy = storage::find_control_policy(request.txn, attachment.organization.id, id);
    if (policy && policy->kind == attachment.policy.kind) ids.push_back(id);
  }
  return ids;
}

Json attach_policy(ApiRequest& request, const Attachment& attachment) {
  require_enabled(request, attachment.organization, attachment.policy.kind);
  const auto attached = attached_of_kind(request, attachment);
  if (std::find(attached.begin(), attached.end(), attachment.policy.id) != attached.end()) {
    throw ApiError(ErrorCode::kDuplicatePolicyAttachment,
                   "A policy with the specified name and type already exists.");
  }
  constexpr std::size_t kMaxAttached = 5;  // Organizations quotas
  if (attached.size() >= kMaxAttached) {
    throw ApiError(ErrorCode::kConstraintViolation,
                   "You have attached the maximum number of policies of that type.");
  }
  storage::attach_control_policy(request.txn, attachment.target.id, attachment.policy.id);
  return Json::object();
}

Json detach_policy(ApiRequest& request, const Attachment& attachment) {
  require_enabled(request, attachment.organization, attachment.policy.kind);
  const auto attached = attached_of_kind(request, attachment);
  if (std::find(attached.begin(), attached.end(), attachment.policy.id) == attached.end()) {
    throw ApiError(ErrorCode::kPolicyNotAttached,
                   "The policy isn't attached to the specified target in the specified root.");
  }
  // AWS attaches RCPFullAWSAccess everywhere and forbids detaching it (Organizations User Guide,
  // "Resource control policies"): a custom RCP can only deny. The text is ours.
  if (shown_policy_id(attachment.policy.id) == kFullRcp) {
    throw ApiError(ErrorCode::kConstraintViolation, "RCPFullAWSAccess can't be detached.");
  }
  // FullAWSAccess may be detached, but an SCP has to remain: without any, nothing would be allowed
  // below this target.
  if (attached.size() == 1) {
    throw ApiError(ErrorCode::kConstraintViolation,
                   "You cannot remove the last policy attached to the specified target. You must "
                   "have at least one attached at all times.");
  }
  storage::detach_control_policy(request.txn, attachment.target.id, attachment.policy.id);
  return Json::object();
}

// A target without a name (of a seed) is listed under its id.
Json list_targets_for_policy(ApiRequest& request, const PolicyInOrganization& found) {
  const auto& [organization, policy] = found;
  std::vector<Json> list;
  for (const std::string& id : storage::targets_of_control_policy(request.txn, policy.id)) {
    const auto target = storage::find_organization_target(request.txn, organization.id, id);
    if (!target) continue;
    list.push_back({{"TargetId", id},
                    {"Arn", target_arn(organization, id)},
                    {"Name", target->name.empty() ? id : target->name},
                    {"Type", std::string(type_name(kind_of(*target)))}});
  }
  return page_of(request, "targets\n" + policy.id, "Targets", list);
}

// The root, which RootId has to name.
Resolved<Found<TargetInOrganization>> root_targets(const ApiRequest& request) {
  const ApiError missing(ErrorCode::kRootNotFound,
                         "We can't find a root with the RootId that you specified.");
  auto found = named_targets(request, "RootId", missing);
  const auto& root = found.subject.row;
  if (root && kind_of(root->target) != TargetKind::kRoot) found.subject = missing;
  return found;
}

// Attaches the policy that allows everything to every target, so that enabling a type changes no
// decision. AWS sets the status PENDING_ENABLE for a while; here it is ENABLED at once.
Json enable_policy_type(ApiRequest& request, const TargetInOrganization& root) {
  const storage::Organization& organization = root.organization;
  const ControlPolicyKind kind = kind_of(text_member(request.input, "PolicyType"));
  if (is_enabled(request, organization, kind)) {
    throw ApiError(ErrorCode::kPolicyTypeAlreadyEnabled,
                   "The specified policy type is already enabled.");
  }
  storage::set_policy_type(request.txn, organization.id, kind, true);
  const std::string full = full_access_row(request, organization, kind);
  for (const auto& target : storage::organization_targets(request.txn, organization.id)) {
    storage::attach_control_policy(request.txn, target.id, full);
  }
  return {{"Root", root_json(request, root)}};
}

// The policies stay, but all their attachments are removed: enabling the type again attaches the
// policy that allows everything and no other.
Json disable_policy_type(ApiRequest& request, const TargetInOrganization& root) {
  const storage::Organization& organization = root.organization;
  const ControlPolicyKind kind = kind_of(text_member(request.input, "PolicyType"));
  require_enabled(request, organization, kind);
  storage::set_policy_type(request.txn, organization.id, kind, false);
  for (const auto& policy : storage::control_policies_of(request.txn, organization.id, kind)) {
    for (const std::string& target : storage::targets_of_control_policy(request.txn, policy.id)) {
      storage::detach_control_policy(request.txn, target, policy.id);
    }
  }
  return {{"Root", root_json(request, root)}};
}

constexpr Operation kAttachmentOperations[] = {
    {"AttachPolicy", "organizations:AttachPolicy", Access::kWrite,
     on<attachment_targets, attach_policy>},
    {"DetachPolicy", "organizations:DetachPolicy", Access::kWrite,
     on<attachment_targets, detach_policy>},
    {"ListTargetsForPolicy", "organizations:ListTargetsForPolicy", Access::kRead,
     on<policy_targets, list_targets_for_policy>},
    {"EnablePolicyType", "organizations:EnablePolicyType", Access::kWrite,
     on<root_targets, enable_policy_type>},
    {"DisablePolicyType", "organizations:DisablePolicyType", Access::kWrite,
     on<root_targets, disable_policy_type>},
};

}  // namespace

std::vector<const Operation*> attachment_operations() { return pointers(kAttachmentOperations); }

}  // namespace ecr::api::organizations
