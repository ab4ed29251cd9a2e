// Roles. Source: AWS IAM API Reference.
#include <nlohmann/json.hpp>

#include "api/core/unique_id.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/operations.h"
#include "api/iam/shared/targets.h"
#include "api/iam/shared/trust_policies.h"
#include "storage/rows/iam/instance_profiles.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

void set_description_and_duration(const Json& input, storage::Entity& role) {
  if (input.contains("Description")) role.description = text_member(input, "Description");
  role.max_session_seconds = input.value("MaxSessionDuration", role.max_session_seconds);
}

Json create_role(Call& call) {
  storage::Entity role;
  role.kind = EntityKind::kRole;
  role.name = text_member(call.input, "RoleName");
  role.path = path_of(call.input);
  if (is_service_linked(role)) {  // the sentence is ours
    throw validation_error("The path /aws-service-role/ is reserved for service-linked roles.");
  }
  role.unique_id = make_unique_id(call.services.random, kRoleId, call.caller.account);
  role.boundary = requested_boundary(call);
  role.trust_policy =
      checked_trust_policy(call, text_member(call.input, "AssumeRolePolicyDocument"));
  set_description_and_duration(call.input, role);
  insert_new(call, role);
  return {{"Role", entity_detail_json(call, role)}};
}

Json get_role(Call& call) { return {{"Role", entity_detail_json(call, require_entity(call))}}; }

Json list_roles(Call& call) { return list_page(call, EntityKind::kRole, "Roles"); }

Json update_role(Call& call) {
  storage::Entity role = require_changeable(call);
  set_description_and_duration(call.input, role);
  storage::update_entity(call.txn, role);
  return Json::object();
}

// Also of a service-linked role.
Json update_role_description(Call& call) {
  storage::Entity role = require_entity(call);
  role.description = text_member(call.input, "Description");
  storage::update_entity(call.txn, role);
  return {{"Role", entity_json(call, role)}};
}

Json update_assume_role_policy(Call& call) {
  storage::Entity role = require_changeable(call);
  role.trust_policy = checked_trust_policy(call, text_member(call.input, "PolicyDocument"));
  storage::update_entity(call.txn, role);
  return Json::object();
}

Json delete_role(Call& call) {
  const storage::Entity role = require_changeable(call);
  if (!storage::instance_profiles_of(call.txn, role.id).empty()) {
    throw delete_conflict("Cannot delete entity, must remove roles from instance profile first.");
  }
  refuse_policies_left(call, role);
  storage::delete_entity(call.txn, role.id);
  return Json::object();
}

constexpr Operation kRoleOperations[] = {
    {"CreateRole", "iam:CreateRole", Access::kWrite, new_entity_target, create_role},
    {"GetRole", "iam:GetRole", Access::kRead, entity_target, get_role},
    {"ListRoles", "iam:ListRoles", Access::kRead, account_target, list_roles},
    {"UpdateRole", "iam:UpdateRole", Access::kWrite, entity_target, update_role},
    {"UpdateRoleDescription", "iam:UpdateRoleDescription", Access::kWrite, entity_target,
     update_role_description},
    {"UpdateAssumeRolePolicy", "iam:UpdateAssumeRolePolicy", Access::kWrite, entity_target,
     update_assume_role_policy},
    {"DeleteRole", "iam:DeleteRole", Access::kWrite, entity_target, delete_role},
};

}  // namespace

std::vector<const Operation*> role_operations() { return pointers(kRoleOperations); }

}  // namespace ecr::api::iam
