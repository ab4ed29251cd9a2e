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

// A group has no tags and no boundary in IAM.
Json create_group(ApiRequest& request, storage::Entity& group) {
  group.unique_id = make_unique_id(request.core.random, kGroupId, request.caller.account);
  insert_new(request, group);
  return {{"Group", entity_json(request, group)}};
}

// The page is one of the group's users; the group itself stands in every page.
Json get_group(ApiRequest& request, const storage::Entity& group) {
  std::vector<Listed> users;
  for (const auto& user : storage::users_in(request.txn, group.id)) {
    users.emplace_back(user.name, entity_json(request, user));
  }
  Json output = Pager(request).page("Users", std::move(users));
  output["Group"] = entity_json(request, group);
  return output;
}

Json list_groups(ApiRequest& request) { return list_page(request, EntityKind::kGroup, "Groups"); }

Json update_group(ApiRequest& request, storage::Entity& group) {
  rename(request, group, text_member(request.input, "NewGroupName"));
  return Json::object();
}

// IAM refuses to delete a group with members or policies.
Json delete_group(ApiRequest& request, const storage::Entity& group) {
  if (!storage::users_in(request.txn, group.id).empty()) {
    throw delete_conflict("Cannot delete entity, must remove users from group first.");
  }
  require_no_policies(request, group);
  storage::delete_entity(request.txn, group.id);
  return Json::object();
}

// The member to add or remove.
storage::Entity require_member(const ApiRequest& request) {
  NamedEntity user = find_named(request, EntityKind::kUser, text_member(request.input, "UserName"));
  return std::move(required(user));
}

// With both missing, the error names the group, which is the resource.
Json add_user_to_group(ApiRequest& request, const storage::Entity& group) {
  const storage::Entity user = require_member(request);
  const auto groups = storage::groups_of(request.txn, user.id);
  // Adding a member again succeeds and changes nothing.
  const bool member = std::any_of(groups.begin(), groups.end(),
                                  [&](const auto& other) { return other.id == group.id; });
  if (!member && groups.size() >= kGroupsPerUser) {
    throw limit_exceeded(base::format("Cannot exceed quota for GroupsPerUser: {}", kGroupsPerUser));
  }
  storage::add_to_group(request.txn, user.id, group.id);
  return Json::object();
}

// A user that is not in the group is no error; with both missing, the error names the user (both
// recorded from IAM; test RemovingAUserWhoIsNoMemberIsNoError).
Json remove_user_from_group(ApiRequest& request, NamedEntity& named) {
  const storage::Entity user = require_member(request);
  const storage::Entity& group = required(named);
  storage::remove_from_group(request.txn, user.id, group.id);
  return Json::object();
}

// UserName is required here: the model does not let the caller stand in for it.
Json list_groups_for_user(ApiRequest& request, const storage::Entity& user) {
  std::vector<Listed> groups;
  for (const auto& group : storage::groups_of(request.txn, user.id)) {
    groups.emplace_back(group.name, entity_json(request, group));
  }
  return Pager(request).page("Groups", std::move(groups));
}

constexpr Operation kGroupOperations[] = {
    {"CreateGroup", "iam:CreateGroup", Access::kWrite, on<new_entity_target, create_group>},
    {"GetGroup", "iam:GetGroup", Access::kRead, on<entity_target, get_group>},
    {"ListGroups", "iam:ListGroups", Access::kRead,
     on<listing_target<Listing::kGroups>, list_groups>},
    {"UpdateGroup", "iam:UpdateGroup", Access::kWrite, on<renamed_entity_target, update_group>},
    {"DeleteGroup", "iam:DeleteGroup", Access::kWrite, on<entity_target, delete_group>},
    {"AddUserToGroup", "iam:AddUserToGroup", Access::kWrite, on<entity_target, add_user_to_group>},
    {"RemoveUserFromGroup", "iam:RemoveUserFromGroup", Access::kWrite,
     on<entity_target, remove_user_from_group>},
    {"ListGroupsForUser", "iam:ListGroupsForUser", Access::kRead,
     on<entity_target, list_groups_for_user>},
};

}  // namespace

std::vector<const Operation*> group_operations() { return pointers(kGroupOperations); }

}  // namespace ecr::api::iam
