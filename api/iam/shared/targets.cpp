#include "api/iam/shared/targets.h"

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/instance_profiles.h"
#include "storage/rows/tags.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;

Target plain_target(const Call& call, std::string resource) {
  Target target;
  target.resource = std::move(resource);
  target.account = call.caller.account;
  return target;
}

// iam:PermissionsBoundary is the boundary that the call sets or, where it sets none, the one that
// the user or role has. Policies use it to require that delegated administrators set a boundary
// (IAM User Guide, "Permissions boundaries for IAM entities").
void add_boundary_key(const Call& call, const storage::Entity* entity, Target& target) {
  std::string boundary = text_member(call.input, "PermissionsBoundary");
  if (boundary.empty() && entity != nullptr) boundary = entity->boundary.value_or("");
  if (!boundary.empty()) target.context.emplace_back("iam:PermissionsBoundary", boundary);
}

// A row that does not exist, for its ARN. Its id is 0.
storage::Entity unstored_entity(const Call& call, EntityKind kind, std::string name,
                                std::string path) {
  storage::Entity entity;
  entity.account = call.caller.account;
  entity.kind = kind;
  entity.name = std::move(name);
  entity.path = std::move(path);
  return entity;
}

// iam:PolicyARN is the policy that an Attach... or Detach... operation names (test
// PolicyArnIsAConditionKeyOfAttaching).
void add_call_keys(const Call& call, Target& target) {
  const std::string policy = text_member(call.input, "PolicyArn");
  if (!policy.empty()) target.context.emplace_back("iam:PolicyARN", policy);
  add_request_tags(call, target);
}

// The account of an ARN in the request, whose resource must begin with `kind` ("policy/").
// AWS-managed policies count as the caller's own: their ARN has "aws" in place of an account, and
// no policy of another account has to allow reading them. They are the same in every partition, and
// templates for several partitions name them by the ARN of each (test
// AwsManagedPoliciesAreInEveryPartition).
std::string account_of_arn(const Call& call, const std::string& text, std::string_view kind) {
  const auto arn = model::Arn::parse(text);
  const bool fits =
      arn && arn->service == "iam" && arn->region.empty() && arn->resource.starts_with(kind) &&
      ((arn->partition == "aws" && model::is_account_id(arn->account)) ||
       (arn->account == "aws" && (arn->partition == "aws" || arn->partition.starts_with("aws-"))));
  if (!fits) throw validation_error(base::format("ARN {} is not valid.", text));
  return arn->account == "aws" ? call.caller.account : arn->account;
}

// To create a resource with tags the caller needs the tag action as well (IAM User Guide, "Tagging
// IAM resources"; test CreatingWithTagsNeedsTheTagPermission). The tags of the request are its
// aws:ResourceTag/... too: AWS has that key "in requests that create a resource with an attached
// tag".
std::vector<Target> with_tagging_target(Target target, std::string_view tag_action) {
  if (!target.request_tags) return {std::move(target)};
  set_iam_tags(target, *target.request_tags);
  Target tagging = target;
  tagging.action = tag_action;
  return {std::move(target), std::move(tagging)};
}

// The resource that the text of a refused listing names. It shows the path prefix, although the
// decision is on "*" (published errors).
std::string listing_name(const Call& call) {
  const std::string prefix = text_member(call.input, "PathPrefix");
  const std::string path = prefix.empty() ? "/" : prefix;
  if (call.action == "iam:ListPolicies") return "policy path " + path;
  constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"iam:ListUsers", "user"},
      {"iam:ListGroups", "group"},
      {"iam:ListRoles", "role"},
      {"iam:ListInstanceProfiles", "instance-profile"},
  };
  for (const auto& [action, kind] : kKinds) {
    if (call.action == action) {
      return base::format("arn:aws:iam::{}:{}{}", call.caller.account, kind, path);
    }
  }
  return "*";
}

}  // namespace

void add_request_tags(const Call& call, Target& target) {
  if (call.input.contains("Tags")) {
    storage::Tags tags = read_tags(call.input["Tags"]);
    if (!tags.empty()) target.request_tags = std::move(tags);
  }
  for (const Json& key : call.input.value("TagKeys", Json::array())) {
    target.request_tag_keys.push_back(key.get<std::string>());
  }
}

Target target_of(const Call& call, const storage::Entity& entity) {
  Target target = plain_target(call, entity_arn(entity));
  if (entity.id != 0) set_iam_tags(target, storage::entity_tags(call.txn, entity.id));
  return target;
}

Target target_of_arn(const Call& call, const std::string& arn) {
  Target target = plain_target(call, arn);
  set_iam_tags(target, storage::resource_tags(call.txn, arn));
  return target;
}

std::vector<Target> entity_target(const Call& call) {
  const auto named = named_entity(call);
  if (!named) {
    // The caller is the root user or a session and names no user: the handler answers with the
    // error.
    return {plain_target(call, call.caller.principal.arn)};
  }
  auto entity = storage::find_entity(call.txn, call.caller.account, named->kind, named->name);
  // Another spelling of the name is not this entity. A missing one is authorized by the ARN that it
  // would have, so that only a caller with permission learns that it does not exist.
  if (entity && entity->name != named->name) entity.reset();
  Target target =
      target_of(call, entity ? *entity : unstored_entity(call, named->kind, named->name, "/"));
  target.shown_resource = base::format("{} {}", kind_name(named->kind), named->name);
  add_boundary_key(call, entity ? &*entity : nullptr, target);
  add_call_keys(call, target);
  return {target};
}

std::vector<Target> new_entity_target(const Call& call) {
  const auto named = named_entity(call);
  Target target =
      target_of(call, unstored_entity(call, named->kind, named->name, path_of(call.input)));
  add_boundary_key(call, nullptr, target);
  add_call_keys(call, target);
  return with_tagging_target(std::move(target), base::format("iam:Tag{}", kind_title(named->kind)));
}

// The permission on the new ARN is asked even where the name is taken: the handler reports that.
std::vector<Target> renamed_entity_target(const Call& call) {
  std::vector<Target> targets = entity_target(call);
  const auto named = named_entity(call);
  auto entity = storage::find_entity(call.txn, call.caller.account, named->kind, named->name);
  storage::Entity future =
      entity ? std::move(*entity) : unstored_entity(call, named->kind, named->name, "/");
  const std::string name =
      text_member(call.input, named->kind == EntityKind::kUser ? "NewUserName" : "NewGroupName");
  if (!name.empty()) future.name = name;
  if (call.input.contains("NewPath")) future.path = path_of(call.input, "NewPath");
  Target target = target_of(call, future);
  // Where the ARN stays the same, one permission is enough.
  if (target.resource != targets.front().resource) targets.push_back(std::move(target));
  return targets;
}

std::vector<Target> account_target(const Call& call) {
  Target target = plain_target(call, "*");
  target.shown_resource = listing_name(call);
  return {target};
}

std::vector<Target> policy_target(const Call& call) {
  const std::string arn = text_member(call.input, "PolicyArn");
  const std::string account = account_of_arn(call, arn, "policy/");
  Target target = target_of_arn(call, arn);
  target.account = account;
  target.shown_resource = "policy " + arn;
  add_request_tags(call, target);
  return {target};
}

std::vector<Target> new_policy_target(const Call& call) {
  Target target =
      plain_target(call, base::format("arn:aws:iam::{}:policy{}{}", call.caller.account,
                                      path_of(call.input), text_member(call.input, "PolicyName")));
  target.shown_resource = "policy " + text_member(call.input, "PolicyName");
  add_request_tags(call, target);
  return with_tagging_target(std::move(target), "iam:TagPolicy");
}

// The path is not part of the request. A profile that does not exist is taken to have the path "/".
std::vector<Target> instance_profile_target(const Call& call) {
  const std::string name = text_member(call.input, "InstanceProfileName");
  const auto profile = storage::find_instance_profile(call.txn, call.caller.account, name);
  Target target =
      target_of_arn(call, base::format("arn:aws:iam::{}:instance-profile{}{}", call.caller.account,
                                       profile ? profile->path : "/", name));
  target.shown_resource = "instance profile " + name;
  add_request_tags(call, target);
  return {target};
}

std::vector<Target> new_resource_target(const Call& call, std::string arn,
                                        std::string_view tag_action) {
  Target target = plain_target(call, std::move(arn));
  add_request_tags(call, target);
  return with_tagging_target(std::move(target), tag_action);
}

std::vector<Target> new_instance_profile_target(const Call& call) {
  return new_resource_target(
      call,
      base::format("arn:aws:iam::{}:instance-profile{}{}", call.caller.account, path_of(call.input),
                   text_member(call.input, "InstanceProfileName")),
      "iam:TagInstanceProfile");
}

// The account is that of the ARN: a provider of another account is a cross-account request, which
// IAM never allows, because providers have no resource-based policy.
std::vector<Target> provider_target(const Call& call) {
  const bool oidc = call.input.contains("OpenIDConnectProviderArn");
  const std::string arn =
      text_member(call.input, oidc ? "OpenIDConnectProviderArn" : "SAMLProviderArn");
  const std::string account = account_of_arn(call, arn, oidc ? "oidc-provider/" : "saml-provider/");
  Target target = target_of_arn(call, arn);
  target.account = account;
  add_request_tags(call, target);
  return {target};
}

}  // namespace ecr::api::iam
