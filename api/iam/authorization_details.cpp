// GetAccountAuthorizationDetails: all users, groups, roles and managed policies with everything
// that decides what they may do, in pages. Source: AWS IAM API Reference.
#include <algorithm>
#include <functional>

#include <nlohmann/json.hpp>

#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/managed_policy.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/tags.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

constexpr std::int64_t kNoListLimit = 1'000'000;

// An entry of the answer that is not written yet: writing one costs several queries, and most
// entries are not on the page. The first character of the key is the number of the entry's list, so
// that one marker goes through all four lists.
struct Entry {
  std::string key;
  std::function<Json()> write;
};

Json attached_json(const ApiRequest& request, std::int64_t entity) {
  Json list = Json::array();
  for (const auto& arn : storage::attached_policies(request.txn, entity)) {
    if (const auto policy = find_policy(request, arn)) {
      list.push_back({{"PolicyName", policy->name}, {"PolicyArn", arn}});
    }
  }
  return list;
}

Json inline_json(const ApiRequest& request, std::int64_t entity) {
  Json list = Json::array();
  for (const auto& policy : storage::inline_policies(request.txn, entity)) {
    list.push_back({{"PolicyName", policy.name}, {"PolicyDocument", url_encoded(policy.document)}});
  }
  return list;
}

// Users and roles have Tags where the list is empty, too, but a user without inline policies has no
// UserPolicyList (both recorded from IAM). A role is shown without description and session
// duration.
Json full_entity_json(const ApiRequest& request, const storage::Entity& entity) {
  Json json = entity_detail_json(request, entity);
  json.erase("Description");
  json.erase("MaxSessionDuration");
  if (entity.kind != EntityKind::kGroup && !json.contains("Tags")) json["Tags"] = Json::array();
  Json policies = inline_json(request, entity.id);
  if (entity.kind != EntityKind::kUser || !policies.empty()) {
    json[std::string(kind_title(entity.kind)) + "PolicyList"] = std::move(policies);
  }
  json["AttachedManagedPolicies"] = attached_json(request, entity.id);
  if (entity.kind == EntityKind::kUser) {
    json["GroupList"] = Json::array();
    for (const auto& group : storage::groups_of(request.txn, entity.id)) {
      json["GroupList"].push_back(group.name);
    }
  }
  if (entity.kind == EntityKind::kRole) {
    json["InstanceProfileList"] = Json::array();
    for (const auto& profile : storage::instance_profiles_of(request.txn, entity.id)) {
      json["InstanceProfileList"].push_back(instance_profile_json(request, profile));
    }
  }
  return json;
}

// Without the description (recorded from IAM).
Json policy_detail_json(const ApiRequest& request, const ManagedPolicy& policy) {
  Json json = policy_json(request, policy);
  json["PolicyVersionList"] = Json::array();
  for (const auto& version : versions_of(request, policy)) {
    json["PolicyVersionList"].push_back(version_json(policy, version, true));
  }
  return json;
}

// Filter names kinds of entities and of policies; without it all are listed.
bool is_requested(const ApiRequest& request, std::string_view kind) {
  const Json filter = request.input.value("Filter", Json::array());
  return filter.empty() || std::find(filter.begin(), filter.end(), kind) != filter.end();
}

void add_entities(const ApiRequest& request, EntityKind kind, char list,
                  std::vector<Entry>& entries) {
  if (!is_requested(request, kind_title(kind))) return;
  for (auto& entity :
       storage::list_entities(request.txn, request.caller.account, kind, "", "", kNoListLimit)) {
    entries.push_back({list + base::to_lower(entity.name),
                       [&request, entity] { return full_entity_json(request, entity); }});
  }
}

// AWS-managed policies are listed only where they are attached or used as a boundary.
void add_policies(const ApiRequest& request, std::vector<Entry>& entries) {
  const storage::PolicyUses uses = storage::policy_uses(request.txn, request.caller.account);
  const auto policies = all_policies(request, is_requested(request, "LocalManagedPolicy"),
                                     is_requested(request, "AWSManagedPolicy"), &uses);
  for (const ManagedPolicy& policy : policies) {
    entries.push_back({'4' + base::to_lower(policy.name) + " " + policy.arn,
                       [&request, policy] { return policy_detail_json(request, policy); }});
  }
}

Json get_details(ApiRequest& request) {
  // The numbers are the order of the lists in kLists.
  std::vector<Entry> entries;
  add_entities(request, EntityKind::kUser, '1', entries);
  add_entities(request, EntityKind::kGroup, '2', entries);
  add_entities(request, EntityKind::kRole, '3', entries);
  add_policies(request, entries);
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.key < b.key; });
  const Pager pager(request);
  std::vector<Listed> items;
  for (const Entry& entry : entries) {
    if (entry.key <= pager.after()) continue;
    items.emplace_back(entry.key, entry.write());
    if (static_cast<std::int64_t>(items.size()) == pager.enough()) break;
  }
  constexpr const char* kLists[] = {"UserDetailList", "GroupDetailList", "RoleDetailList",
                                    "Policies"};
  Json output = Json::object();
  for (const char* list : kLists) output[list] = Json::array();
  for (auto& [key, json] : pager.take(std::move(items), output)) {
    output[kLists[key[0] - '1']].push_back(std::move(json));
  }
  return output;
}

constexpr Operation kAuthorizationDetailOperations[] = {
    {"GetAccountAuthorizationDetails", "iam:GetAccountAuthorizationDetails", Access::kRead,
     on<account_target, get_details>},
};

}  // namespace

std::vector<const Operation*> authorization_detail_operations() {
  return pointers(kAuthorizationDetailOperations);
}

}  // namespace ecr::api::iam
