// Users. Source: AWS IAM API Reference; the texts of errors are those of published errors.
#include <nlohmann/json.hpp>

#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
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

// A user has no permissions and no keys at first; both are separate calls.
Json create_user(Call& call) {
  storage::Entity user;
  user.kind = EntityKind::kUser;
  user.name = text_member(call.input, "UserName");
  user.unique_id = make_unique_id(call.services.random, kUserId, call.caller.account);
  user.boundary = requested_boundary(call);
  insert_new(call, user);
  return {{"User", created_entity_json(call, user)}};
}

// GetUser without UserName by the root user. It has no row: its name is the account's alias or id.
// AWS's answer has no Path; the model requires one.
Json root_json(const Call& call) {
  return {{"Path", "/"},
          {"UserName",
           storage::account_alias(call.txn, call.caller.account).value_or(call.caller.account)},
          {"UserId", call.caller.account},
          {"Arn", call.caller.principal.arn},
          {"CreateDate", iso_time({})}};
}

// Without UserName, GetUser is about the caller; GetUser by a session of a role is an error.
Json get_user(Call& call) {
  if (!call.input.contains("UserName") &&
      call.caller.principal.kind == auth::iam::PrincipalKind::kRoot) {
    return {{"User", root_json(call)}};
  }
  return {{"User", entity_detail_json(call, require_entity(call))}};
}

Json list_users(Call& call) { return list_page(call, EntityKind::kUser, "Users"); }

// The new name or path changes the user's ARN: the caller needs the permission on both (targets.h).
Json update_user(Call& call) {
  storage::Entity user = require_entity(call);
  rename(call, user, text_member(call.input, "NewUserName"));
  return Json::object();
}

// IAM refuses to delete a user that still has anything; it names one kind of thing at a time. Tags
// and the boundary go with the user.
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
  require_no_policies(call, user);
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
