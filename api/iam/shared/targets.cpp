#include "api/iam/shared/targets.h"

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "schemas/model/partition.h"
#include "storage/rows/tags.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;

// iam:PermissionsBoundary is the boundary that the request sets or, where it sets none, the one
// that the user or role has. Policies use it to require that delegated administrators set a
// boundary (IAM User Guide, "Permissions boundaries for IAM entities").
void add_boundary_key(const ApiRequest& request, const storage::Entity* entity, Target& target) {
  std::string boundary = text_member(request.input, "PermissionsBoundary");
  if (boundary.empty() && entity != nullptr) boundary = entity->boundary.value_or("");
  if (!boundary.empty()) target.context.emplace_back("iam:PermissionsBoundary", boundary);
}

// A row that does not exist, for its ARN. Its id is 0.
storage::Entity unstored_entity(const ApiRequest& request, const NamedEntity& named,
                                std::string path) {
  storage::Entity entity;
  entity.account = request.caller.account;
  entity.partition = request.registry.partition();
  entity.kind = named.kind;
  entity.name = named.name;
  entity.path = std::move(path);
  return entity;
}

// iam:PolicyARN is the policy that an Attach... or Detach... operation names (test
// PolicyArnIsAConditionKeyOfAttaching).
void add_input_keys(const ApiRequest& request, Target& target) {
  const std::string policy = text_member(request.input, "PolicyArn");
  if (!policy.empty()) target.context.emplace_back("iam:PolicyARN", policy);
  add_request_tags(request, target);
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

}  // namespace

void add_request_tags(const ApiRequest& request, Target& target) {
  if (request.input.contains("Tags")) {
    storage::Tags tags = read_tags(request.input["Tags"]);
    if (!tags.empty()) target.request_tags = std::move(tags);
  }
  for (const Json& key : request.input.value("TagKeys", Json::array())) {
    target.request_tag_keys.push_back(key.get<std::string>());
  }
}

Target target_of(const ApiRequest& request, const storage::Entity& entity) {
  Target target = plain_target(request, entity_arn(entity));
  if (entity.id != 0) set_iam_tags(target, storage::entity_tags(request.txn, entity.id));
  return target;
}

Target target_of_arn(const ApiRequest& request, const std::string& arn) {
  Target target = plain_target(request, arn);
  set_iam_tags(target, storage::resource_tags(request.txn, arn));
  return target;
}

// AWS-managed policies count as the caller's own: their ARN has "aws" in place of an account, and
// no policy of another account has to allow reading them. They are the same in every partition, and
// templates for several partitions name them by the ARN of each, whatever Region they are run in
// (test AwsManagedPoliciesAreInEveryPartition). All else is found by its whole ARN alone.
std::string account_of_arn(const ApiRequest& request, const std::string& text,
                           std::string_view kind) {
  const auto arn = model::Arn::parse(text);
  const bool fits = arn && arn->service == "iam" && arn->region.empty() &&
                    arn->resource.starts_with(kind) &&
                    model::find_partition(arn->partition) != nullptr &&
                    (model::is_account_id(arn->account) || arn->account == "aws");
  if (!fits) throw validation_error(base::format("ARN {} is not valid.", text));
  return arn->account == "aws" ? request.caller.account : arn->account;
}

// The account is that of the ARN: the policies and providers of another account are never allowed,
// because they have no resource-based policy that could allow it.
Target target_of_given_arn(const ApiRequest& request, const std::string& arn,
                           std::string_view kind) {
  const std::string account = account_of_arn(request, arn, kind);
  Target target = target_of_arn(request, arn);
  target.account = account;
  add_request_tags(request, target);
  return target;
}

Resolved<NamedEntity> entity_target(const ApiRequest& request) {
  NamedEntity named = requested_name(request);
  // The caller is the root user or a session and names no user: the handler answers with the error.
  if (named.name.empty()) {
    return {{plain_target(request, request.caller.principal.arn)}, std::move(named)};
  }
  named = find_named(request, named.kind, std::move(named.name));
  // A missing one is authorized by the ARN that it would have, so that only a caller with
  // permission learns that it does not exist.
  Target target = target_of(request, named.row ? *named.row : unstored_entity(request, named, "/"));
  target.shown_resource = base::format("{} {}", kind_name(named.kind), named.name);
  add_boundary_key(request, named.row ? &*named.row : nullptr, target);
  add_input_keys(request, target);
  return {{std::move(target)}, std::move(named)};
}

Resolved<storage::Entity> new_entity_target(const ApiRequest& request) {
  storage::Entity entity =
      unstored_entity(request, requested_name(request), path_of(request.input));
  Target target = target_of(request, entity);
  add_boundary_key(request, nullptr, target);
  add_input_keys(request, target);
  const std::string tag_action = base::format("iam:Tag{}", kind_title(entity.kind));
  return {with_tagging_target(std::move(target), tag_action), std::move(entity)};
}

// The permission on the new ARN is asked even where the name is taken: the handler reports that.
Resolved<NamedEntity> renamed_entity_target(const ApiRequest& request) {
  Resolved<NamedEntity> found = entity_target(request);
  const NamedEntity& named = found.subject;
  storage::Entity future = named.row ? *named.row : unstored_entity(request, named, "/");
  const std::string name =
      text_member(request.input, named.kind == EntityKind::kUser ? "NewUserName" : "NewGroupName");
  if (!name.empty()) future.name = name;
  if (request.input.contains("NewPath")) future.path = path_of(request.input, "NewPath");
  Target target = target_of(request, future);
  // Where the ARN stays the same, one permission is enough.
  if (target.resource != found.targets.front().resource) found.targets.push_back(std::move(target));
  return found;
}

std::vector<Target> account_target(const ApiRequest& request) {
  return {plain_target(request, "*")};
}

std::vector<Target> target_of_listing(const ApiRequest& request, Listing listing) {
  constexpr std::string_view kKinds[] = {"user", "group", "role", "instance-profile"};
  const std::string prefix = text_member(request.input, "PathPrefix");
  const std::string path = prefix.empty() ? "/" : prefix;
  Target target = plain_target(request, "*");
  target.shown_resource =
      listing == Listing::kPolicies
          ? "policy path " + path
          : base::format("arn:{}:iam::{}:{}{}", request.registry.partition(),
                         request.caller.account, kKinds[static_cast<std::size_t>(listing)], path);
  return {std::move(target)};
}

Resolved<NamedPolicy> policy_target(const ApiRequest& request) {
  NamedPolicy named;
  named.arn = text_member(request.input, "PolicyArn");
  Target target = target_of_given_arn(request, named.arn, "policy/");
  target.shown_resource = "policy " + named.arn;
  named.row = find_policy(request, named.arn);
  return {{std::move(target)}, std::move(named)};
}

std::vector<Target> new_resource_target(const ApiRequest& request, std::string arn,
                                        std::string_view tag_action) {
  Target target = plain_target(request, std::move(arn));
  add_request_tags(request, target);
  return with_tagging_target(std::move(target), tag_action);
}

}  // namespace ecr::api::iam
