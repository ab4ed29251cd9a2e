// Managed policies by reference: attached to users, groups and roles, and set as the permissions
// boundary of users and roles. Source: AWS IAM API Reference. One set of handlers serves all three
// kinds.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/managed_policy.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

// The PolicyArn of the request. Throws ValidationError where it is not the ARN of a policy. The
// resource of these operations is the user, group or role, so nothing has checked the ARN before
// the handler runs.
std::string checked_policy_arn(const ApiRequest& request) {
  std::string arn = text_member(request.input, "PolicyArn");
  account_of_arn(request, arn, "policy/");
  return arn;
}

// The entity that a request is about to change.
storage::Entity& changeable(NamedEntity& named) {
  storage::Entity& entity = required(named);
  refuse_service_linked(entity);
  return entity;
}

// The policy is stored by its ARN. Its default version applies, so a new default version takes
// effect for everyone it is attached to.
Json attach(ApiRequest& request, NamedEntity& named) {
  const std::string arn = checked_policy_arn(request);
  const storage::Entity& entity = changeable(named);
  const auto policy = find_policy(request, arn);
  if (!policy) throw not_attachable(arn);
  // Policies of service-linked roles (path /aws-service-role/) can be attached to those alone.
  if (!policy->attachable) {
    throw ApiError(ErrorCode::kPolicyNotAttachable,
                   "Cannot attach a Service Role Policy to a Customer Role.");
  }
  const auto attached = storage::attached_policies(request.txn, entity.id);
  // Attaching a policy again succeeds and changes nothing, also where the quota is reached.
  const bool again = std::find(attached.begin(), attached.end(), arn) != attached.end();
  if (!again && attached.size() >= kAttachedPolicies) {
    throw limit_exceeded(base::format("Cannot exceed quota for PoliciesPer{}: {}",
                                      kind_title(entity.kind), kAttachedPolicies));
  }
  storage::attach_policy(request.txn, entity.id, arn);
  return Json::object();
}

// The policy does not have to exist: an attachment is found by its ARN alone.
Json detach(ApiRequest& request, NamedEntity& named) {
  const std::string arn = checked_policy_arn(request);
  const storage::Entity& entity = changeable(named);
  if (!storage::detach_policy(request.txn, entity.id, arn)) {
    throw no_such_entity(base::format("Policy {} was not found.", arn));
  }
  return Json::object();
}

// Sorted by name. PathPrefix is that of the policies.
Json list_attached(ApiRequest& request, const storage::Entity& entity) {
  const std::string prefix = text_member(request.input, "PathPrefix");
  std::vector<Listed> items;
  for (const auto& arn : storage::attached_policies(request.txn, entity.id)) {
    const auto policy = find_policy(request, arn);
    if (!policy || !policy->path.starts_with(prefix)) continue;
    items.emplace_back(base::to_lower(policy->name) + " " + arn,
                       Json{{"PolicyName", policy->name}, {"PolicyArn", arn}});
  }
  std::sort(items.begin(), items.end(),
            [](const Listed& a, const Listed& b) { return a.first < b.first; });
  return Pager(request).page("AttachedPolicies", std::move(items));
}

// EntityFilter names one kind. Its values LocalManagedPolicy and AWSManagedPolicy exist in the
// model because GetAccountAuthorizationDetails shares the type; no entity has such a kind.
bool fits(const ApiRequest& request, const storage::Entity& entity) {
  const std::string filter = text_member(request.input, "EntityFilter");
  return entity.path.starts_with(text_member(request.input, "PathPrefix")) &&
         (filter.empty() || filter == kind_title(entity.kind));
}

// The users, groups and roles that have the policy attached or as boundary, as PolicyUsageFilter
// says.
std::vector<storage::Entity> entities_using(const ApiRequest& request, const std::string& arn) {
  const PolicyUse use = requested_use(request.input);
  const std::string& account = request.caller.account;
  std::vector<storage::Entity> found;
  if (use != PolicyUse::kBoundary) {
    for (const auto id : storage::entities_with_policy(request.txn, account, arn)) {
      found.push_back(storage::find_entity(request.txn, id).value());
    }
  }
  if (use != PolicyUse::kPermissions) {
    for (auto& entity : storage::entities_with_boundary(request.txn, account, arn)) {
      found.push_back(std::move(entity));
    }
  }
  std::erase_if(found, [&](const auto& entity) { return !fits(request, entity); });
  return found;
}

Json list_entities_for_policy(ApiRequest& request, const NamedPolicy& named) {
  if (!named.row) throw not_attachable(named.arn);
  const ManagedPolicy& policy = *named.row;
  std::vector<Listed> items;
  for (const auto& entity : entities_using(request, policy.arn)) {
    const std::string title(kind_title(entity.kind));
    items.emplace_back(title + " " + base::to_lower(entity.name),
                       Json{{title + "Name", entity.name}, {title + "Id", entity.unique_id}});
  }
  std::sort(items.begin(), items.end(),
            [](const Listed& a, const Listed& b) { return a.first < b.first; });
  // An entity that has the policy attached and as its boundary is listed once.
  items.erase(std::unique(items.begin(), items.end()), items.end());
  Json output = {{"PolicyGroups", Json::array()},
                 {"PolicyUsers", Json::array()},
                 {"PolicyRoles", Json::array()}};
  // One page goes through all three lists: groups, then roles, then users (the order of the keys).
  for (auto& [key, json] : Pager(request).take(std::move(items), output)) {
    output["Policy" + key.substr(0, key.find(' ')) + "s"].push_back(std::move(json));
  }
  return output;
}

// A boundary limits what the identity-based policies of a user or role can allow (IAM User Guide,
// "Permissions boundaries for IAM entities"). Groups cannot have one.
Json put_boundary(ApiRequest& request, storage::Entity& entity) {
  refuse_service_linked(entity);
  entity.boundary = requested_boundary(request);
  storage::update_entity(request.txn, entity);
  return Json::object();
}

Json delete_boundary(ApiRequest& request, storage::Entity& entity) {
  refuse_service_linked(entity);
  if (!entity.boundary) {  // the text is ours
    throw no_such_entity("There is no permissions boundary on " + entity.name);
  }
  entity.boundary.reset();
  storage::update_entity(request.txn, entity);
  return Json::object();
}

constexpr Operation kAttachmentOperations[] = {
    {"AttachUserPolicy", "iam:AttachUserPolicy", Access::kWrite, on<entity_target, attach>},
    {"AttachGroupPolicy", "iam:AttachGroupPolicy", Access::kWrite, on<entity_target, attach>},
    {"AttachRolePolicy", "iam:AttachRolePolicy", Access::kWrite, on<entity_target, attach>},
    {"DetachUserPolicy", "iam:DetachUserPolicy", Access::kWrite, on<entity_target, detach>},
    {"DetachGroupPolicy", "iam:DetachGroupPolicy", Access::kWrite, on<entity_target, detach>},
    {"DetachRolePolicy", "iam:DetachRolePolicy", Access::kWrite, on<entity_target, detach>},
    {"ListAttachedUserPolicies", "iam:ListAttachedUserPolicies", Access::kRead,
     on<entity_target, list_attached>},
    {"ListAttachedGroupPolicies", "iam:ListAttachedGroupPolicies", Access::kRead,
     on<entity_target, list_attached>},
    {"ListAttachedRolePolicies", "iam:ListAttachedRolePolicies", Access::kRead,
     on<entity_target, list_attached>},
    {"ListEntitiesForPolicy", "iam:ListEntitiesForPolicy", Access::kRead,
     on<policy_target, list_entities_for_policy>},
    {"PutUserPermissionsBoundary", "iam:PutUserPermissionsBoundary", Access::kWrite,
     on<entity_target, put_boundary>},
    {"PutRolePermissionsBoundary", "iam:PutRolePermissionsBoundary", Access::kWrite,
     on<entity_target, put_boundary>},
    {"DeleteUserPermissionsBoundary", "iam:DeleteUserPermissionsBoundary", Access::kWrite,
     on<entity_target, delete_boundary>},
    {"DeleteRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary", Access::kWrite,
     on<entity_target, delete_boundary>},
};

}  // namespace

std::vector<const Operation*> attachment_operations() { return pointers(kAttachmentOperations); }

}  // namespace ecr::api::iam
