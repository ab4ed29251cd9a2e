// GetAccountAuthorizationDetails: everything that decides who may do what, in pages.
#include <algorithm>
#include <functional>

#include <nlohmann/json.hpp>

#include "api/iam/shared/common.h"
#include "api/iam/shared/instance_profile_json.h"
#include "api/iam/shared/managed_policy.h"
#include "api/iam/shared/operations.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/tags.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

constexpr std::int64_t kEveryKind = 1'000'000;

// What is listed before it is written out: its key, whose first character tells the list.
struct Entry {
  std::string key;
  std::function<Json()> write;
};

Json attached_json(const Call& call, std::int64_t entity) {
  Json list = Json::array();
  for (const auto& arn : storage::attached_policies(call.txn, entity)) {
    if (const auto policy = find_managed(call, arn)) {
      list.push_back({{"PolicyName", policy->name}, {"PolicyArn", arn}});
    }
  }
  return list;
}

Json inline_json(const Call& call, std::int64_t entity) {
  Json list = Json::array();
  for (const auto& policy : storage::inline_policies(call.txn, entity)) {
    list.push_back(
        {{"PolicyName", policy.name}, {"PolicyDocument", shown_document(policy.document)}});
  }
  return list;
}

Json full_entity_json(const Call& call, const storage::Entity& entity) {
  Json json = entity_detail_json(call, entity);
  json[std::string(title_of(entity.kind)) + "PolicyList"] = inline_json(call, entity.id);
  json["AttachedManagedPolicies"] = attached_json(call, entity.id);
  if (entity.kind == EntityKind::kUser) {
    json["GroupList"] = Json::array();
    for (const auto& group : storage::groups_of(call.txn, entity.id)) {
      json["GroupList"].push_back(group.name);
    }
  }
  if (entity.kind == EntityKind::kRole) {
    json["InstanceProfileList"] = Json::array();
    for (const auto& profile : storage::instance_profiles_of(call.txn, entity.id)) {
      json["InstanceProfileList"].push_back(instance_profile_json(call, profile));
    }
  }
  return json;
}

Json policy_detail_json(const Call& call, const Managed& policy) {
  Json json = managed_json(call, policy);
  if (policy.description) json["Description"] = *policy.description;
  json["PolicyVersionList"] = Json::array();
  for (const auto& version : versions_of(call, policy)) {
    json["PolicyVersionList"].push_back(version_json(policy, version, true));
  }
  return json;
}

bool wants(const Call& call, std::string_view kind) {
  const Json filter = call.input.value("Filter", Json::array());
  return filter.empty() || std::find(filter.begin(), filter.end(), kind) != filter.end();
}

void add_entities(const Call& call, EntityKind kind, char list, std::vector<Entry>& entries) {
  if (!wants(call, title_of(kind))) return;
  for (auto& entity :
       storage::list_entities(call.txn, call.caller.account, kind, "", "", kEveryKind)) {
    entries.push_back({list + base::to_lower(entity.name),
                       [&call, entity] { return full_entity_json(call, entity); }});
  }
}

// Of AWS's policies those that something has.
void add_policies(const Call& call, std::vector<Entry>& entries) {
  const auto policies =
      all_managed(call, wants(call, "LocalManagedPolicy"), wants(call, "AWSManagedPolicy"));
  for (const Managed& policy : policies) {
    if (!policy.row &&
        storage::entities_with_policy(call.txn, call.caller.account, policy.arn).empty() &&
        storage::entities_with_boundary(call.txn, call.caller.account, policy.arn).empty()) {
      continue;
    }
    entries.push_back({'4' + base::to_lower(policy.name) + " " + policy.arn,
                       [&call, policy] { return policy_detail_json(call, policy); }});
  }
}

Json get_details(Call& call) {
  std::vector<Entry> entries;
  add_entities(call, EntityKind::kUser, '1', entries);
  add_entities(call, EntityKind::kGroup, '2', entries);
  add_entities(call, EntityKind::kRole, '3', entries);
  add_policies(call, entries);
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.key < b.key; });
  const Pager pager(call);
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
     account_target, get_details},
};

}  // namespace

std::vector<const Operation*> authorization_detail_operations() {
  return pointers(kAuthorizationDetailOperations);
}

}  // namespace ecr::api::iam
