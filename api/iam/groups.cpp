// Groups and their members. Source: AWS IAM API Reference. A group is not a principal: its policies
// apply to its members, and no policy can name it.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/unique_id.h"
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

storage::Entity require_group(const Call& call) {
  return require_entity(call, EntityKind::kGroup, text_member(call.input, "GroupName"));
}
storage::Entity require_user(const Call& call) {
  return require_entity(call, EntityKind::kUser, text_member(call.input, "UserName"));
}

// A group has no tags and no boundary in IAM.
Json create_group(Call& call) {
  storage::Entity group;
  group.kind = EntityKind::kGroup;
  group.name = text_member(call.input, "GroupName");
  group.unique_id = make_unique_id(call.services.random, kGroupId, call.caller.account);
  insert_new(call, group);
  return {{"Group", entity_json(call, group)}};
}

// The page is one of the group's users; the group itself stands in every page.
Json get_group(Call& call) {
  const storage::Entity group = require_group(call);
  std::vector<Listed> users;
  for (const auto& user : storage::users_in(call.txn, group.id)) {
    users.emplace_back(user.name, entity_json(call, user));
  }
  Json output = Pager(call).page("Users", std::move(users));
  output["Group"] = entity_json(call, group);
  return output;
}

Json list_groups(Call& call) { return list_page(call, EntityKind::kGroup, "Groups"); }

Json update_group(Call& call) {
  storage::Entity group = require_group(call);
  rename(call, group, text_member(call.input, "NewGroupName"));
  return Json::object();
}

// IAM refuses to delete a group with members or policies.
Json delete_group(Call& call) {
  const storage::Entity group = require_group(call);
  if (!storage::users_in(call.txn, group.id).empty()) {
    throw delete_conflict("Cannot delete entity, must remove users from group first.");
  }
  require_no_policies(call, group);
  storage::delete_entity(call.txn, group.id);
  return Json::object();
}

// With both missing, the error names the group.
Json add_user_to_group(Call& call) {
  const storage::Entity group = require_group(call);
  const storage::Entity user = require_user(call);
  const auto groups = storage::groups_of(call.txn, user.id);
  // Adding a member again succeeds and changes nothing.
  const bool member = std::any_of(groups.begin(), groups.end(),
                                  [&](const auto& other) { return other.id == group.id; });
  if (!member && groups.size() >= kGroupsPerUser) {
    throw limit_exceeded(base::format("Cannot exceed quota for GroupsPerUser: {}", kGroupsPerUser));
  }
  storage::add_to_group(call.txn, user.id, group.id);
  return Json::object();
}

// A user that is not in the group is no error; with both missing, the error names the user (both
// recorded from IAM; test RemovingAUserWhoIsNoMemberIsNoError).
Json remove_user_from_group(Call& call) {
  const storage::Entity user = require_user(call);
  const storage::Entity group = require_group(call);
  storage::remove_from_group(call.txn, user.id, group.id);
  return Json::object();
}

// UserName is required here: the model does not let the caller stand in for it.
Json list_groups_for_user(Call& call) {
  std::vector<Listed> groups;
  for (const auto& group : storage::groups_of(call.txn, require_user(call).id)) {
    groups.emplace_back(group.name, entity_json(call, group));
  }
  return Pager(call).page("Groups", std::move(groups));
}

constexpr Operation kGroupOperations[] = {
    {"CreateGroup", "iam:CreateGroup", Access::kWrite, new_entity_target, create_group},
    {"GetGroup", "iam:GetGroup", Access::kRead, entity_target, get_group},
    {"ListGroups", "iam:ListGroups", Access::kRead, account_target, list_groups},
    {"UpdateGroup", "iam:UpdateGroup", Access::kWrite, renamed_entity_target, update_group},
    {"DeleteGroup", "iam:DeleteGroup", Access::kWrite, entity_target, delete_group},
    {"AddUserToGroup", "iam:AddUserToGroup", Access::kWrite, entity_target, add_user_to_group},
    {"RemoveUserFromGroup", "iam:RemoveUserFromGroup", Access::kWrite, entity_target,
     remove_user_from_group},
    {"ListGroupsForUser", "iam:ListGroupsForUser", Access::kRead, entity_target,
     list_groups_for_user},
};

}  // namespace

std::vector<const Operation*> group_operations() { return pointers(kGroupOperations); }

}  // namespace ecr::api::iam
