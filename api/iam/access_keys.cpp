// Access keys of users. The root user's are those of the configuration; the API makes none.
#include <nlohmann/json.hpp>

#include "api/core/access/identity.h"
#include "api/core/unique_id.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/operations.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/quotas.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::sql::Access;

const char* status_of(const storage::AccessKey& key) { return key.active ? "Active" : "Inactive"; }

Json create_access_key(Call& call) {
  const storage::Entity user = require_entity(call);
  if (storage::entity_access_keys(call.txn, user.id).size() >= kAccessKeysPerUser) {
    throw limit_exceeded(
        base::format("Cannot exceed quota for AccessKeysPerUser: {}", kAccessKeysPerUser));
  }
  storage::AccessKey key;
  key.entity = user.id;
  key.secret = make_secret_key(call.services.random);
  key.created_at = call.now;
  do {
    key.id = make_unique_id(call.services.random, kAccessKeyId, user.account);
  } while (!storage::insert_access_key(call.txn, key));
  return {{"AccessKey",
           {{"UserName", user.name},
            {"AccessKeyId", key.id},
            {"Status", status_of(key)},
            {"SecretAccessKey", key.secret},
            {"CreateDate", shown_time(key.created_at)}}}};
}

// The user's own key; those of others are as unknown as those that do not exist.
storage::AccessKey require_key(const Call& call) {
  const storage::Entity user = require_entity(call);
  const std::string id = text_member(call.input, "AccessKeyId");
  auto key = storage::find_access_key(call.txn, id);
  if (!key || key->entity != user.id) {
    throw no_such_entity(base::format("The Access Key with id {} cannot be found.", id));
  }
  return std::move(*key);
}

Json update_access_key(Call& call) {
  const std::string status = text_member(call.input, "Status");
  const storage::AccessKey key = require_key(call);
  if (status == "Expired") throw invalid_input("The status Expired cannot be set.");  // ours
  storage::set_access_key_active(call.txn, key.id, status == "Active");
  return Json::object();
}

Json delete_access_key(Call& call) {
  storage::delete_access_key(call.txn, require_key(call).id);
  return Json::object();
}

Json list_access_keys(Call& call) {
  const Pager pager(call);
  std::vector<Listed> items;
  const bool own_root = !call.input.contains("UserName") &&
                        call.caller.principal.kind == auth::iam::PrincipalKind::kRoot;
  if (!own_root) {
    const storage::Entity user = require_entity(call);
    for (const auto& key : storage::entity_access_keys(call.txn, user.id)) {
      // By age, then by id.
      items.emplace_back(
          base::format("{:020}{}", key.created_at.time_since_epoch().count(), key.id),
          Json{{"UserName", user.name},
               {"AccessKeyId", key.id},
               {"Status", status_of(key)},
               {"CreateDate", shown_time(key.created_at)}});
    }
  }
  return pager.page("AccessKeyMetadata", std::move(items));
}

// The user whose key it is. A key that nobody in the account has is "*": the handler denies it.
std::vector<Target> key_target(const Call& call) {
  const auto key = storage::find_access_key(call.txn, text_member(call.input, "AccessKeyId"));
  const auto owner = key ? storage::find_entity(call.txn, key->entity) : std::nullopt;
  if (!owner || owner->account != call.caller.account) return account_target(call);
  Target target = target_of(call, *owner);
  target.shown_resource = "user " + owner->name;
  return {target};
}

Json get_access_key_last_used(Call& call) {
  const std::string id = text_member(call.input, "AccessKeyId");
  const auto key = storage::find_access_key(call.txn, id);
  const auto owner = key ? storage::find_entity(call.txn, key->entity) : std::nullopt;
  if (!owner || owner->account != call.caller.account) {
    throw no_such_entity(base::format("The Access Key with id {} cannot be found.", id));
  }
  Json used = {{"ServiceName", key->last_used_service.value_or("N/A")},
               {"Region", key->last_used_region.value_or("N/A")}};
  if (key->last_used_at) used["LastUsedDate"] = shown_time(*key->last_used_at);
  return {{"UserName", owner->name}, {"AccessKeyLastUsed", std::move(used)}};
}

constexpr Operation kAccessKeyOperations[] = {
    {"CreateAccessKey", "iam:CreateAccessKey", Access::kWrite, entity_target, create_access_key},
    {"UpdateAccessKey", "iam:UpdateAccessKey", Access::kWrite, entity_target, update_access_key},
    {"DeleteAccessKey", "iam:DeleteAccessKey", Access::kWrite, entity_target, delete_access_key},
    {"ListAccessKeys", "iam:ListAccessKeys", Access::kRead, entity_target, list_access_keys},
    {"GetAccessKeyLastUsed", "iam:GetAccessKeyLastUsed", Access::kRead, key_target,
     get_access_key_last_used},
};

}  // namespace

std::vector<const Operation*> access_key_operations() { return pointers(kAccessKeyOperations); }

}  // namespace ecr::api::iam
