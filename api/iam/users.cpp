// Users. Sources: AWS IAM API Reference; the sentences of errors are AWS's as published errors have
// them.
#include <nlohmann/json.hpp>

#include "api/core/unique_id.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/operations.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/tags.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/account_access.h"
#include "storage/rows/iam/managed_policies.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

Json create_user(Call& call) {
  storage::Entity user;
  user.kind = EntityKind::kUser;
  user.name = text_member(call.input, "UserName");
  user.unique_id = make_unique_id(call.services.random, kUserId, call.caller.account);
  user.boundary = requested_boundary(call);
  insert_new(call, user);
  return {{"User", entity_detail_json(call, user)}};
}

// The root user asks about himself. AWS shows him without path; the model wants one.
Json root_json(const Call& call) {
  return {{"Path", "/"},
          {"UserName",
           storage::account_alias(call.txn, call.caller.account).value_or(call.caller.account)},
          {"UserId", call.caller.account},
          {"Arn", call.caller.principal.arn},
          {"CreateDate", shown_time({})}};
}

Json get_user(Call& call) {
  if (!call.input.contains("UserName") &&
      call.caller.principal.kind == auth::iam::PrincipalKind::kRoot) {
    return {{"User", root_json(call)}};
  }
  return {{"User", entity_detail_json(call, require_entity(call))}};
}

Json list_users(Call& call) { return list_page(call, EntityKind::kUser, "Users"); }

Json update_user(Call& call) {
  storage::Entity user = require_entity(call);
  rename(call, user, text_member(call.input, "NewUserName"));
  return Json::object();
}

// What has to be taken from a user first, in the order in which it is complained of.
Json delete_user(Call& call) {
  const storage::Entity user = require_entity(call);
  if (storage::find_login_profile(call.txn, user.id)) {
    throw delete_conflict("Cannot delete entity, must delete login profile first.");
  }
  if (!storage::entity_access_keys(call.txn, user.id).empty()) {
    throw delete_conflict("Cannot delete entity, must delete access keys first.");
  }
  if (!storage::groups_of(call.txn, user.id).empty()) {
    throw delete_conflict("Cannot delete entity, must remove users from group first.");
  }
  refuse_policies_left(call, user);
  storage::delete_entity(call.txn, user.id);
  return Json::object();
}

constexpr Operation kUserOperations[] = {
    {"CreateUser", "iam:CreateUser", Access::kWrite, new_entity_target, create_user},
    {"GetUser", "iam:GetUser", Access::kRead, entity_target, get_user},
    {"ListUsers", "iam:ListUsers", Access::kRead, account_target, list_users},
    {"UpdateUser", "iam:UpdateUser", Access::kWrite, renamed_entity_target, update_user},
    {"DeleteUser", "iam:DeleteUser", Access::kWrite, entity_target, delete_user},
};

}  // namespace

std::vector<const Operation*> user_operations() { return pointers(kUserOperations); }

}  // namespace ecr::api::iam
