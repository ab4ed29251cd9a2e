#include "api/iam/shared/targets.h"

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/iam/shared/common.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/instance_profiles.h"
#include "storage/rows/tags.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;

Target bare_target(const Call& call, std::string resource) {
  Target target;
  target.resource = std::move(resource);
  target.account = call.caller.account;
  return target;
}

void set_tags(Target& target, storage::Tags tags) {
  for (const auto& [key, value] : tags)
    target.context.emplace_back("iam:ResourceTag/" + key, value);
  target.resource_tags = std::move(tags);
}

// The boundary that the call sets; else the one that the user or role has.
void add_boundary_key(const Call& call, const storage::Entity* entity, Target& target) {
  std::string boundary = text(call.input, "PermissionsBoundary");
  if (boundary.empty() && entity != nullptr) boundary = entity->boundary.value_or("");
  if (!boundary.empty()) target.context.emplace_back("iam:PermissionsBoundary", boundary);
}

storage::Entity future_entity(const Call& call, EntityKind kind, std::string name,
                              std::string path) {
  storage::Entity entity;
  entity.account = call.caller.account;
  entity.kind = kind;
  entity.name = std::move(name);
  entity.path = std::move(path);
  return entity;
}

void add_call_keys(const Call& call, Target& target) {
  const std::string policy = text(call.input, "PolicyArn");
  if (!policy.empty()) target.context.emplace_back("iam:PolicyARN", policy);
  add_request_tags(call, target);
}

// The account of an ARN in the request, which must be one of `kind` ("policy/").
std::string account_of_arn(const Call& call, const std::string& text, std::string_view kind) {
  const auto arn = model::Arn::parse(text);
  const bool fits = arn && arn->partition == "aws" && arn->service == "iam" &&
                    arn->region.empty() && arn->resource.starts_with(kind) &&
                    (model::is_account_id(arn->account) || arn->account == "aws");
  if (!fits) throw validation_error(base::format("ARN {} is not valid.", text));
  return arn->account == "aws" ? call.caller.account : arn->account;
}

// A resource that is made with tags has to be allowed to be tagged as well (IAM User Guide,
// "Tagging IAM resources"); the tags count as its own already ("ResourceTag ... in requests that
// create a resource").
std::vector<Target> made(Target target, std::string_view tag_action) {
  if (!target.request_tags) return {std::move(target)};
  set_tags(target, *target.request_tags);
  Target tagging = target;
  tagging.action = tag_action;
  return {std::move(target), std::move(tagging)};
}

// What a listing's refusal names.
std::string shown_listing(const Call& call) {
  const std::string prefix = text(call.input, "PathPrefix");
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
    storage::Tags tags;
    for (const Json& tag : call.input["Tags"]) {
      tags.emplace_back(tag["Key"].get<std::string>(), tag["Value"].get<std::string>());
    }
    if (!tags.empty()) target.request_tags = std::move(tags);
  }
  for (const Json& key : call.input.value("TagKeys", Json::array())) {
    target.request_tag_keys.push_back(key.get<std::string>());
  }
}

Target target_of(const Call& call, const storage::Entity& entity) {
  Target target = bare_target(call, entity_arn(entity));
  if (entity.id != 0) set_tags(target, storage::entity_tags(call.txn, entity.id));
  return target;
}

Target target_of_arn(const Call& call, const std::string& arn) {
  Target target = bare_target(call, arn);
  set_tags(target, storage::resource_tags(call.txn, arn));
  return target;
}

std::vector<Target> entity_target(const Call& call) {
  const auto named = named_entity(call);
  if (!named) {
    // The root user himself, or a session: the handler says what is wrong with it.
    return {bare_target(call, call.caller.principal.arn)};
  }
  auto entity = storage::find_entity(call.txn, call.caller.account, named->kind, named->name);
  if (entity && entity->name != named->name) entity.reset();
  Target target =
      target_of(call, entity ? *entity : future_entity(call, named->kind, named->name, "/"));
  target.shown_resource = base::format("{} {}", word_of(named->kind), named->name);
  add_boundary_key(call, entity ? &*entity : nullptr, target);
  add_call_keys(call, target);
  return {target};
}

std::vector<Target> new_entity_target(const Call& call) {
  const auto named = named_entity(call);
  Target target =
      target_of(call, future_entity(call, named->kind, named->name, path_of(call.input)));
  add_boundary_key(call, nullptr, target);
  add_call_keys(call, target);
  return made(std::move(target), base::format("iam:Tag{}", title_of(named->kind)));
}

std::vector<Target> renamed_entity_target(const Call& call) {
  std::vector<Target> targets = entity_target(call);
  const auto named = named_entity(call);
  auto entity = storage::find_entity(call.txn, call.caller.account, named->kind, named->name);
  storage::Entity future =
      entity ? std::move(*entity) : future_entity(call, named->kind, named->name, "/");
  const std::string name =
      text(call.input, named->kind == EntityKind::kUser ? "NewUserName" : "NewGroupName");
  if (!name.empty()) future.name = name;
  if (call.input.contains("NewPath")) future.path = path_of(call.input, "NewPath");
  Target target = target_of(call, future);
  if (target.resource != targets.front().resource) targets.push_back(std::move(target));
  return targets;
}

std::vector<Target> account_target(const Call& call) {
  Target target = bare_target(call, "*");
  target.shown_resource = shown_listing(call);
  return {target};
}

std::vector<Target> policy_target(const Call& call) {
  const std::string arn = text(call.input, "PolicyArn");
  const std::string account = account_of_arn(call, arn, "policy/");
  Target target = target_of_arn(call, arn);
  target.account = account;
  target.shown_resource = "policy " + arn;
  add_request_tags(call, target);
  return {target};
}

std::vector<Target> new_policy_target(const Call& call) {
  Target target =
      bare_target(call, base::format("arn:aws:iam::{}:policy{}{}", call.caller.account,
                                     path_of(call.input), text(call.input, "PolicyName")));
  target.shown_resource = "policy " + text(call.input, "PolicyName");
  add_request_tags(call, target);
  return made(std::move(target), "iam:TagPolicy");
}

std::vector<Target> instance_profile_target(const Call& call) {
  const std::string name = text(call.input, "InstanceProfileName");
  const auto profile = storage::find_instance_profile(call.txn, call.caller.account, name);
  Target target =
      target_of_arn(call, base::format("arn:aws:iam::{}:instance-profile{}{}", call.caller.account,
                                       profile ? profile->path : "/", name));
  target.shown_resource = "instance profile " + name;
  add_request_tags(call, target);
  return {target};
}

std::vector<Target> made_target(const Call& call, std::string arn, std::string_view tag_action) {
  Target target = bare_target(call, std::move(arn));
  add_request_tags(call, target);
  return made(std::move(target), tag_action);
}

std::vector<Target> new_instance_profile_target(const Call& call) {
  return made_target(call,
                     base::format("arn:aws:iam::{}:instance-profile{}{}", call.caller.account,
                                  path_of(call.input), text(call.input, "InstanceProfileName")),
                     "iam:TagInstanceProfile");
}

std::vector<Target> provider_target(const Call& call) {
  const bool oidc = call.input.contains("OpenIDConnectProviderArn");
  const std::string arn = text(call.input, oidc ? "OpenIDConnectProviderArn" : "SAMLProviderArn");
  const std::string account = account_of_arn(call, arn, oidc ? "oidc-provider/" : "saml-provider/");
  Target target = target_of_arn(call, arn);
  target.account = account;
  add_request_tags(call, target);
  return {target};
}

}  // namespace ecr::api::iam
