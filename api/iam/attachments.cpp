// What managed policies are attached to, seen from both sides.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/iam/shared/common.h"
#include "api/iam/shared/managed_policy.h"
#include "api/iam/shared/operations.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/quotas.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

// Throws ValidationError where PolicyArn is no ARN of a policy.
void check_arn(const Call& call) { policy_target(call); }

Json attach(Call& call) {
  check_arn(call);
  const storage::Entity entity = require_changeable(call);
  const std::string arn = text_member(call.input, "PolicyArn");
  const auto policy = find_managed(call, arn);
  if (!policy) {
    throw no_such_entity(base::format("Policy {} does not exist or is not attachable.", arn));
  }
  if (!policy->attachable) {
    throw ApiError(ErrorCode::kPolicyNotAttachable,
                   "Cannot attach a Service Role Policy to a Customer Role.");
  }
  const auto attached = storage::attached_policies(call.txn, entity.id);
  const bool again = std::find(attached.begin(), attached.end(), arn) != attached.end();
  if (!again && attached.size() >= kAttachedPolicies) {
    throw limit_exceeded(base::format("Cannot exceed quota for PoliciesPer{}: {}",
                                      title_of(entity.kind), kAttachedPolicies));
  }
  storage::attach_policy(call.txn, entity.id, arn);
  return Json::object();
}

Json detach(Call& call) {
  check_arn(call);
  const storage::Entity entity = require_changeable(call);
  const std::string arn = text_member(call.input, "PolicyArn");
  if (!storage::detach_policy(call.txn, entity.id, arn)) {
    throw no_such_entity(base::format("Policy {} was not found.", arn));
  }
  return Json::object();
}

Json list_attached(Call& call) {
  const std::string prefix = text_member(call.input, "PathPrefix");
  std::vector<Listed> items;
  for (const auto& arn : storage::attached_policies(call.txn, require_entity(call).id)) {
    const auto policy = find_managed(call, arn);
    if (!policy || !policy->path.starts_with(prefix)) continue;
    items.emplace_back(base::to_lower(policy->name) + " " + arn,
                       Json{{"PolicyName", policy->name}, {"PolicyArn", arn}});
  }
  std::sort(items.begin(), items.end(),
            [](const Listed& a, const Listed& b) { return a.first < b.first; });
  return Pager(call).page("AttachedPolicies", std::move(items));
}

// EntityFilter: one kind. The filters for policies fit nothing that can have a policy.
bool fits(const Call& call, const storage::Entity& entity) {
  const std::string filter = text_member(call.input, "EntityFilter");
  return entity.path.starts_with(text_member(call.input, "PathPrefix")) &&
         (filter.empty() || filter == title_of(entity.kind));
}

std::vector<storage::Entity> users_of_policy(const Call& call, const std::string& arn) {
  const std::string usage = text_member(call.input, "PolicyUsageFilter");
  const std::string& account = call.caller.account;
  std::vector<storage::Entity> found;
  if (usage != "PermissionsBoundary") {
    for (const auto id : storage::entities_with_policy(call.txn, account, arn)) {
      found.push_back(storage::find_entity(call.txn, id).value());
    }
  }
  if (usage != "PermissionsPolicy") {
    for (auto& entity : storage::entities_with_boundary(call.txn, account, arn)) {
      found.push_back(std::move(entity));
    }
  }
  std::erase_if(found, [&](const auto& entity) { return !fits(call, entity); });
  return found;
}

Json list_entities_for_policy(Call& call) {
  const Managed policy = require_managed(call);
  std::vector<Listed> items;
  for (const auto& entity : users_of_policy(call, policy.arn)) {
    const std::string title(title_of(entity.kind));
    items.emplace_back(title + " " + base::to_lower(entity.name),
                       Json{{title + "Name", entity.name}, {title + "Id", entity.unique_id}});
  }
  std::sort(items.begin(), items.end(),
            [](const Listed& a, const Listed& b) { return a.first < b.first; });
  // Whoever has it as policy and as boundary is named once.
  items.erase(std::unique(items.begin(), items.end()), items.end());
  Json output = {{"PolicyGroups", Json::array()},
                 {"PolicyUsers", Json::array()},
                 {"PolicyRoles", Json::array()}};
  for (auto& [key, json] : Pager(call).take(std::move(items), output)) {
    output["Policy" + key.substr(0, key.find(' ')) + "s"].push_back(std::move(json));
  }
  return output;
}

constexpr Operation kAttachmentOperations[] = {
    {"AttachUserPolicy", "iam:AttachUserPolicy", Access::kWrite, entity_target, attach},
    {"AttachGroupPolicy", "iam:AttachGroupPolicy", Access::kWrite, entity_target, attach},
    {"AttachRolePolicy", "iam:AttachRolePolicy", Access::kWrite, entity_target, attach},
    {"DetachUserPolicy", "iam:DetachUserPolicy", Access::kWrite, entity_target, detach},
    {"DetachGroupPolicy", "iam:DetachGroupPolicy", Access::kWrite, entity_target, detach},
    {"DetachRolePolicy", "iam:DetachRolePolicy", Access::kWrite, entity_target, detach},
    {"ListAttachedUserPolicies", "iam:ListAttachedUserPolicies", Access::kRead, entity_target,
     list_attached},
    {"ListAttachedGroupPolicies", "iam:ListAttachedGroupPolicies", Access::kRead, entity_target,
     list_attached},
    {"ListAttachedRolePolicies", "iam:ListAttachedRolePolicies", Access::kRead, entity_target,
     list_attached},
    {"ListEntitiesForPolicy", "iam:ListEntitiesForPolicy", Access::kRead, policy_target,
     list_entities_for_policy},
};

}  // namespace

std::vector<const Operation*> attachment_operations() { return pointers(kAttachmentOperations); }

}  // namespace ecr::api::iam
