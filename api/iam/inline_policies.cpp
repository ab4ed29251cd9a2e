// Inline policies of users, groups and roles: one set of handlers for all three. Source: AWS IAM
// API Reference.
#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

// Each kind has a limit of its own (common.h).
std::size_t size_limit(EntityKind kind) {
  switch (kind) {
    case EntityKind::kGroup:
      return kGroupPolicySize;
    case EntityKind::kRole:
      return kRolePolicySize;
    case EntityKind::kUser:
      break;
  }
  return kUserPolicySize;
}

// IAM limits the size of all inline policies of an entity together (IAM User Guide, "IAM and AWS
// STS quotas"). A policy of the same name is about to be replaced and does not count.
void check_size(const ApiRequest& request, const storage::Entity& entity, const std::string& name,
                const std::string& document) {
  std::size_t size = auth::iam::counted_size(document);
  for (const auto& other : storage::inline_policies(request.txn, entity.id)) {
    if (other.name != name) size += auth::iam::counted_size(other.document);
  }
  const std::size_t limit = size_limit(entity.kind);
  if (size > limit) {
    throw limit_exceeded(base::format("Maximum policy size of {} bytes exceeded for {} {}", limit,
                                      kind_name(entity.kind), entity.name));
  }
}

// Put creates or replaces: there is no error for a name that exists.
Json put_policy(ApiRequest& request, const storage::Entity& entity) {
  refuse_service_linked(entity);
  const std::string name = text_member(request.input, "PolicyName");
  const std::string document = text_member(request.input, "PolicyDocument");
  check_policy(document, auth::iam::PolicyType::kIdentity);
  check_size(request, entity, name, document);
  storage::put_inline_policy(request.txn, entity.id, name, document);
  return Json::object();
}

// A document is stored exactly as it was given, white space included, and read back the same.
std::string require_document(const ApiRequest& request, const storage::Entity& entity) {
  const std::string name = text_member(request.input, "PolicyName");
  auto document = storage::inline_policy(request.txn, entity.id, name);
  if (!document) {
    throw no_such_entity(
        base::format("The {} policy with name {} cannot be found.", kind_name(entity.kind), name));
  }
  return std::move(*document);
}

Json get_inline_policy(ApiRequest& request, const storage::Entity& entity) {
  return {{std::string(kind_title(entity.kind)) + "Name", entity.name},
          {"PolicyName", text_member(request.input, "PolicyName")},
          {"PolicyDocument", url_encoded(require_document(request, entity))}};
}

Json delete_inline_policy(ApiRequest& request, const storage::Entity& entity) {
  refuse_service_linked(entity);
  require_document(request, entity);
  storage::delete_inline_policy(request.txn, entity.id, text_member(request.input, "PolicyName"));
  return Json::object();
}

// Names only: IAM shows the documents by Get...Policy alone.
Json list_inline_policies(ApiRequest& request, const storage::Entity& entity) {
  std::vector<Listed> names;
  for (const auto& policy : storage::inline_policies(request.txn, entity.id)) {
    names.emplace_back(policy.name, policy.name);
  }
  return Pager(request).page("PolicyNames", std::move(names));
}

constexpr Operation kInlinePolicyOperations[] = {
    {"PutUserPolicy", "iam:PutUserPolicy", Access::kWrite, on<entity_target, put_policy>},
    {"PutGroupPolicy", "iam:PutGroupPolicy", Access::kWrite, on<entity_target, put_policy>},
    {"PutRolePolicy", "iam:PutRolePolicy", Access::kWrite, on<entity_target, put_policy>},
    {"GetUserPolicy", "iam:GetUserPolicy", Access::kRead, on<entity_target, get_inline_policy>},
    {"GetGroupPolicy", "iam:GetGroupPolicy", Access::kRead, on<entity_target, get_inline_policy>},
    {"GetRolePolicy", "iam:GetRolePolicy", Access::kRead, on<entity_target, get_inline_policy>},
    {"DeleteUserPolicy", "iam:DeleteUserPolicy", Access::kWrite,
     on<entity_target, delete_inline_policy>},
    {"DeleteGroupPolicy", "iam:DeleteGroupPolicy", Access::kWrite,
     on<entity_target, delete_inline_policy>},
    {"DeleteRolePolicy", "iam:DeleteRolePolicy", Access::kWrite,
     on<entity_target, delete_inline_policy>},
    {"ListUserPolicies", "iam:ListUserPolicies", Access::kRead,
     on<entity_target, list_inline_policies>},
    {"ListGroupPolicies", "iam:ListGroupPolicies", Access::kRead,
     on<entity_target, list_inline_policies>},
    {"ListRolePolicies", "iam:ListRolePolicies", Access::kRead,
     on<entity_target, list_inline_policies>},
};

}  // namespace

std::vector<const Operation*> inline_policy_operations() {
  return pointers(kInlinePolicyOperations);
}

}  // namespace ecr::api::iam
