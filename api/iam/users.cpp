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
#include "storage/rows/iam/credentials.h"
#include "storage/rows/iam/managed_policies.h"
#include "storage/rows/iam/mfa_devices.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

// A user has no permissions and no keys at first; other operations give them.
Json create_user(ApiRequest& request, storage::Entity& user) {
  user.unique_id = make_unique_id(request.core.random, kUserId, request.caller.account);
  user.boundary = requested_boundary(request);
  insert_new(request, user);
  return {{"User", created_entity_json(request, user)}};
}

// GetUser without UserName by the root user. It has no row: its name is the account's alias or id.
// AWS's answer has no Path; the model requires one.
Json root_json(const ApiRequest& request) {
  return {{"Path", "/"},
          {"UserName", storage::account_alias(request.txn, request.caller.account)
                           .value_or(request.caller.account)},
          {"UserId", request.caller.account},
          {"Arn", request.caller.principal.arn},
          {"CreateDate", iso_time({})}};
}

// Without UserName, GetUser is about the caller; GetUser by a session of a role is an error.
Json get_user(ApiRequest& request, NamedEntity& named) {
  if (!request.input.contains("UserName") &&
      request.caller.principal.kind == auth::iam::PrincipalKind::kRoot) {
    return {{"User", root_json(request)}};
  }
  return {{"User", entity_detail_json(request, required(named))}};
}

Json list_users(ApiRequest& request) { return list_page(request, EntityKind::kUser, "Users"); }

// The new name or path changes the user's ARN: the caller needs the permission on both (targets.h).
Json update_user(ApiRequest& request, storage::Entity& user) {
  rename(request, user, text_member(request.input, "NewUserName"));
  return Json::object();
}

// The sentences follow that of access keys; that of MFA devices is known, the others are inferred.
void require_no_credentials(const ApiRequest& request, const storage::Entity& user) {
  constexpr std::pair<storage::CredentialKind, const char*> kKinds[] = {
      {storage::CredentialKind::kSigning, "signing certificates"},
      {storage::CredentialKind::kSshKey, "SSH public keys"},
      {storage::CredentialKind::kService, "service specific credentials"}};
  if (!storage::mfa_devices_of_user(request.txn, user.id).empty()) {
    throw delete_conflict("Cannot delete entity, must delete MFA device first.");
  }
  for (const auto& [kind, noun] : kKinds) {
    if (storage::user_credentials(request.txn, user.id, kind).empty()) continue;
    throw delete_conflict(base::format("Cannot delete entity, must delete {} first.", noun));
  }
}

// IAM refuses to delete a user that still has anything; it names one kind of thing at a time. Tags
// and the boundary go with the user.
Json delete_user(ApiRequest& request, const storage::Entity& user) {
  if (storage::find_login_profile(request.txn, user.id)) {
    throw delete_conflict("Cannot delete entity, must delete login profile first.");
  }
  if (!storage::entity_access_keys(request.txn, user.id).empty()) {
    throw delete_conflict("Cannot delete entity, must delete access keys first.");
  }
  require_no_credentials(request, user);
  if (!storage::groups_of(request.txn, user.id).empty()) {
    throw delete_conflict("Cannot delete entity, must remove users from group first.");
  }
  require_no_policies(request, user);
  storage::delete_entity(request.txn, user.id);
  return Json::object();
}

constexpr Operation kUserOperations[] = {
    {"CreateUser", "iam:CreateUser", Access::kWrite, on<new_entity_target, create_user>},
    {"GetUser", "iam:GetUser", Access::kRead, on<entity_target, get_user>},
    {"ListUsers", "iam:ListUsers", Access::kRead, on<listing_target<Listing::kUsers>, list_users>},
    {"UpdateUser", "iam:UpdateUser", Access::kWrite, on<renamed_entity_target, update_user>},
    {"DeleteUser", "iam:DeleteUser", Access::kWrite, on<entity_target, delete_user>},
};

}  // namespace

std::vector<const Operation*> user_operations() { return pointers(kUserOperations); }

}  // namespace ecr::api::iam
