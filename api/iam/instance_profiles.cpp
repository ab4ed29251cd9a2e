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

struct NamedProfile : Named<InstanceProfile> {
  std::string name;

  [[noreturn]] void missing() const {
    throw no_such_entity(base::format("Instance Profile {} cannot be found.", name));
  }
};

// One that has no row, with the path "/".
InstanceProfile unstored_profile(const ApiRequest& request) {
  InstanceProfile profile;
  profile.account = request.caller.account;
  profile.partition = request.registry.partition();
  return profile;
}

// The profile that InstanceProfileName names. The path is not part of the request: a profile that
// does not exist is taken to have the path "/".
Resolved<NamedProfile> profile_target(const ApiRequest& request) {
  NamedProfile named;
  named.name = text_member(request.input, "InstanceProfileName");
  named.row = storage::find_instance_profile(request.txn, request.caller.account, named.name);
  InstanceProfile shown = named.row.value_or(unstored_profile(request));
  shown.name = named.name;
  Target target = target_of_arn(request, instance_profile_arn(shown));
  target.shown_resource = "instance profile " + named.name;
  add_request_tags(request, target);
  // Names are unique without regard to case, but a profile is found only under its exact name.
  if (named.row && named.row->name != named.name) named.row.reset();
  return {{std::move(target)}, std::move(named)};
}

Resolved<InstanceProfile> new_profile_target(const ApiRequest& request) {
  InstanceProfile profile = unstored_profile(request);
  profile.name = text_member(request.input, "InstanceProfileName");
  profile.path = path_of(request.input);
  return {new_resource_target(request, instance_profile_arn(profile), "iam:TagInstanceProfile"),
          std::move(profile)};
}

// The tags are checked like those of a later TagInstanceProfile; an error undoes everything.
Json create_instance_profile(ApiRequest& request, InstanceProfile& profile) {
  profile.unique_id = make_unique_id(request.core.random, kInstanceProfileId, profile.account);
  profile.created_at = request.now;
  if (!storage::insert_instance_profile(request.txn, profile)) {
    throw already_exists(base::format("Instance Profile {} already exists.", profile.name));
  }
  tag_resource(request, instance_profile_arn(profile));
  Json json = instance_profile_json(request, profile);
  add_tags(requested_resource_tags(request.input), json);
  return {{"InstanceProfile", std::move(json)}};
}

// Tags are there where the list is empty, too (recorded from IAM). They are stored by ARN, as those
// of policies and providers are.
Json get_instance_profile(ApiRequest& request, const InstanceProfile& profile) {
  Json json = instance_profile_json(request, profile);
  json["Tags"] = tags_json(storage::resource_tags(request.txn, instance_profile_arn(profile)));
  return {{"InstanceProfile", std::move(json)}};
}

Json delete_instance_profile(ApiRequest& request, const InstanceProfile& profile) {
  if (profile.role) {
    throw delete_conflict("Cannot delete entity, must remove roles from instance profile first.");
  }
  storage::remove_resource_tags(request.txn, instance_profile_arn(profile));
  storage::delete_instance_profile(request.txn, profile.id);
  return Json::object();
}

Json list_profiles(ApiRequest& request) {
  const Pager pager(request);
  std::vector<Listed> items;
  for (const auto& profile : storage::list_instance_profiles(
           request.txn, request.caller.account, text_member(request.input, "PathPrefix"),
           pager.after(), pager.enough())) {
    items.emplace_back(base::to_lower(profile.name), instance_profile_json(request, profile));
  }
  return pager.page("InstanceProfiles", std::move(items));
}

// The role is the resource of this listing, unlike that of ListInstanceProfiles.
Json list_profiles_of_role(ApiRequest& request, const storage::Entity& role) {
  std::vector<Listed> items;
  for (const auto& profile : storage::instance_profiles_of(request.txn, role.id)) {
    items.emplace_back(base::to_lower(profile.name), instance_profile_json(request, profile));
  }
  return Pager(request).page("InstanceProfiles", std::move(items));
}

struct ProfileAndRole {
  NamedProfile profile;
  NamedEntity role;
};

// To put a role into a profile is to give it to the instances that run with the profile. The caller
// therefore needs iam:PassRole on the role as well (IAM User Guide, "Grant a user permissions to
// pass a role to an AWS service"; test AddingARoleToAProfileNeedsPassRole).
Resolved<ProfileAndRole> add_role_targets(const ApiRequest& request) {
  auto [targets, profile] = profile_target(request);
  NamedEntity role = find_named(request, EntityKind::kRole, text_member(request.input, "RoleName"));
  const std::string arn = role.row
                              ? entity_arn(*role.row)
                              : base::format("arn:{}:iam::{}:role/{}", request.registry.partition(),
                                             request.caller.account, role.name);
  targets.push_back(
      pass_role_target(request.txn, request.caller.account, arn, role.row, "ec2.amazonaws.com"));
  return {std::move(targets), {std::move(profile), std::move(role)}};
}

Json add_role(ApiRequest& request, ProfileAndRole& named) {
  const InstanceProfile& profile = required(named.profile);
  const storage::Entity& role = required(named.role);
  refuse_service_linked(role);
  // The model has a list of roles, but a profile can hold one role only.
  if (profile.role) {
    throw limit_exceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
  }
  storage::set_instance_profile_role(request.txn, profile.id, role.id);
  return Json::object();
}

Json remove_role(ApiRequest& request, const InstanceProfile& profile) {
  NamedEntity role = find_named(request, EntityKind::kRole, text_member(request.input, "RoleName"));
  if (profile.role != required(role).id) {  // the sentence is recorded
    throw no_such_entity(
        base::format("Role {} in Instance Profile {} cannot be found.", role.name, profile.name));
  }
  storage::set_instance_profile_role(request.txn, profile.id, std::nullopt);
  return Json::object();
}

Json tag_profile(ApiRequest& request, const InstanceProfile& profile) {
  tag_resource(request, instance_profile_arn(profile));
  return Json::object();
}
Json untag_profile(ApiRequest& request, const InstanceProfile& profile) {
  untag_resource(request, instance_profile_arn(profile));
  return Json::object();
}
Json list_profile_tags(ApiRequest& request, const InstanceProfile& profile) {
  return list_tags(request, storage::resource_tags(request.txn, instance_profile_arn(profile)));
}

constexpr Operation kInstanceProfileOperations[] = {
    {"CreateInstanceProfile", "iam:CreateInstanceProfile", Access::kWrite,
     on<new_profile_target, create_instance_profile>},
    {"GetInstanceProfile", "iam:GetInstanceProfile", Access::kRead,
     on<profile_target, get_instance_profile>},
    {"DeleteInstanceProfile", "iam:DeleteInstanceProfile", Access::kWrite,
     on<profile_target, delete_instance_profile>},
    {"ListInstanceProfiles", "iam:ListInstanceProfiles", Access::kRead,
     on<listing_target<Listing::kInstanceProfiles>, list_profiles>},
    {"ListInstanceProfilesForRole", "iam:ListInstanceProfilesForRole", Access::kRead,
     on<entity_target, list_profiles_of_role>},
    {"AddRoleToInstanceProfile", "iam:AddRoleToInstanceProfile", Access::kWrite,
     on<add_role_targets, add_role>},
    {"RemoveRoleFromInstanceProfile", "iam:RemoveRoleFromInstanceProfile", Access::kWrite,
     on<profile_target, remove_role>},
    {"TagInstanceProfile", "iam:TagInstanceProfile", Access::kWrite,
     on<profile_target, tag_profile>},
    {"UntagInstanceProfile", "iam:UntagInstanceProfile", Access::kWrite,
     on<profile_target, untag_profile>},
    {"ListInstanceProfileTags", "iam:ListInstanceProfileTags", Access::kRead,
     on<profile_target, list_profile_tags>},
};

}  // namespace

std::vector<const Operation*> instance_profile_operations() {
  return pointers(kInstanceProfileOperations);
}

}  // namespace ecr::api::iam
