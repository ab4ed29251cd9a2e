// Instance profiles: the containers by which EC2 gives a role to an instance. There is no EC2 here;
// they exist so that infrastructure code that makes them runs unchanged. Source: AWS IAM API
// Reference.
#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/access/target.h"
#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/tags.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "storage/rows/tags.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::InstanceProfile;
using storage::sql::Access;

// Names are unique without regard to case, but a profile is found only under its exact name.
InstanceProfile require_instance_profile(const Call& call) {
  const std::string name = text_member(call.input, "InstanceProfileName");
  auto profile = storage::find_instance_profile(call.txn, call.caller.account, name);
  if (!profile || profile->name != name) {
    throw no_such_entity(base::format("Instance Profile {} cannot be found.", name));
  }
  return std::move(*profile);
}

// The tags are checked like those of a later TagInstanceProfile; an error undoes the whole call.
Json create_instance_profile(Call& call) {
  InstanceProfile profile;
  profile.account = call.caller.account;
  profile.name = text_member(call.input, "InstanceProfileName");
  profile.path = path_of(call.input);
  profile.unique_id = make_unique_id(call.services.random, kInstanceProfileId, profile.account);
  profile.created_at = call.now;
  if (!storage::insert_instance_profile(call.txn, profile)) {
    throw already_exists(base::format("Instance Profile {} already exists.", profile.name));
  }
  tag_resource(call, instance_profile_arn(profile));
  Json json = instance_profile_json(call, profile);
  add_tags(requested_resource_tags(call.input), json);
  return {{"InstanceProfile", std::move(json)}};
}

// Tags are there where the list is empty, too (recorded from IAM). They are stored by ARN, as those
// of policies and providers are.
Json get_instance_profile(Call& call) {
  const InstanceProfile profile = require_instance_profile(call);
  Json json = instance_profile_json(call, profile);
  json["Tags"] = tags_json(storage::resource_tags(call.txn, instance_profile_arn(profile)));
  return {{"InstanceProfile", std::move(json)}};
}

Json delete_instance_profile(Call& call) {
  const InstanceProfile profile = require_instance_profile(call);
  if (profile.role) {
    throw delete_conflict("Cannot delete entity, must remove roles from instance profile first.");
  }
  storage::remove_resource_tags(call.txn, instance_profile_arn(profile));
  storage::delete_instance_profile(call.txn, profile.id);
  return Json::object();
}

Json list_profiles(Call& call) {
  const Pager pager(call);
  std::vector<Listed> items;
  for (const auto& profile : storage::list_instance_profiles(call.txn, call.caller.account,
                                                             text_member(call.input, "PathPrefix"),
                                                             pager.after(), pager.enough())) {
    items.emplace_back(base::to_lower(profile.name), instance_profile_json(call, profile));
  }
  return pager.page("InstanceProfiles", std::move(items));
}

// The role is the resource of this listing, unlike that of ListInstanceProfiles.
Json list_profiles_of_role(Call& call) {
  std::vector<Listed> items;
  for (const auto& profile : storage::instance_profiles_of(call.txn, require_entity(call).id)) {
    items.emplace_back(base::to_lower(profile.name), instance_profile_json(call, profile));
  }
  return Pager(call).page("InstanceProfiles", std::move(items));
}

// To put a role into a profile is to give it to the instances that run with the profile. The caller
// therefore needs iam:PassRole on the role as well (IAM User Guide, "Grant a user permissions to
// pass a role to an AWS service"; test AddingARoleToAProfileNeedsPassRole).
std::vector<Target> add_role_targets(const Call& call) {
  std::vector<Target> targets = instance_profile_target(call);
  const std::string name = text_member(call.input, "RoleName");
  const auto role = storage::find_entity(call.txn, call.caller.account, EntityKind::kRole, name);
  const std::string arn =
      role ? entity_arn(*role) : base::format("arn:aws:iam::{}:role/{}", call.caller.account, name);
  targets.push_back(pass_role_target(call.txn, call.caller.account, arn, "ec2.amazonaws.com"));
  return targets;
}

Json add_role(Call& call) {
  const InstanceProfile profile = require_instance_profile(call);
  const storage::Entity role =
      require_entity(call, EntityKind::kRole, text_member(call.input, "RoleName"));
  refuse_service_linked(role);
  // The model has a list of roles, but a profile can hold one role only.
  if (profile.role) {
    throw limit_exceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
  }
  storage::set_instance_profile_role(call.txn, profile.id, role.id);
  return Json::object();
}

Json remove_role(Call& call) {
  const InstanceProfile profile = require_instance_profile(call);
  const std::string name = text_member(call.input, "RoleName");
  const storage::Entity role = require_entity(call, EntityKind::kRole, name);
  if (profile.role != role.id) {  // the sentence is recorded
    throw no_such_entity(
        base::format("Role {} in Instance Profile {} cannot be found.", name, profile.name));
  }
  storage::set_instance_profile_role(call.txn, profile.id, std::nullopt);
  return Json::object();
}

Json tag_profile(Call& call) {
  tag_resource(call, instance_profile_arn(require_instance_profile(call)));
  return Json::object();
}
Json untag_profile(Call& call) {
  untag_resource(call, instance_profile_arn(require_instance_profile(call)));
  return Json::object();
}
Json list_profile_tags(Call& call) {
  return list_tags(
      call, storage::resource_tags(call.txn, instance_profile_arn(require_instance_profile(call))));
}

constexpr Operation kInstanceProfileOperations[] = {
    {"CreateInstanceProfile", "iam:CreateInstanceProfile", Access::kWrite,
     new_instance_profile_target, create_instance_profile},
    {"GetInstanceProfile", "iam:GetInstanceProfile", Access::kRead, instance_profile_target,
     get_instance_profile},
    {"DeleteInstanceProfile", "iam:DeleteInstanceProfile", Access::kWrite, instance_profile_target,
     delete_instance_profile},
    {"ListInstanceProfiles", "iam:ListInstanceProfiles", Access::kRead, account_target,
     list_profiles},
    {"ListInstanceProfilesForRole", "iam:ListInstanceProfilesForRole", Access::kRead, entity_target,
     list_profiles_of_role},
    {"AddRoleToInstanceProfile", "iam:AddRoleToInstanceProfile", Access::kWrite, add_role_targets,
     add_role},
    {"RemoveRoleFromInstanceProfile", "iam:RemoveRoleFromInstanceProfile", Access::kWrite,
     instance_profile_target, remove_role},
    {"TagInstanceProfile", "iam:TagInstanceProfile", Access::kWrite, instance_profile_target,
     tag_profile},
    {"UntagInstanceProfile", "iam:UntagInstanceProfile", Access::kWrite, instance_profile_target,
     untag_profile},
    {"ListInstanceProfileTags", "iam:ListInstanceProfileTags", Access::kRead,
     instance_profile_target, list_profile_tags},
};

}  // namespace

std::vector<const Operation*> instance_profile_operations() {
  return pointers(kInstanceProfileOperations);
}

}  // namespace ecr::api::iam
