// Access keys of users. Source: AWS IAM API Reference. The root user's keys come from the server's
// settings and cannot be managed by the API: it has no row that they could belong to.
#include <nlohmann/json.hpp>

#include "api/core/access/identity.h"
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

using storage::sql::Access;

// An inactive key keeps its row and fails like an unknown one.
const char* status_of(const storage::AccessKey& key) { return key.active ? "Active" : "Inactive"; }

// The only answer that has the secret: IAM shows it once. The record of the call leaves it out
// (test RecordsHideSecrets).
Json create_access_key(ApiRequest& request, const storage::Entity& user) {
  if (storage::entity_access_keys(request.txn, user.id).size() >= kAccessKeysPerUser) {
    throw limit_exceeded(
        base::format("Cannot exceed quota for AccessKeysPerUser: {}", kAccessKeysPerUser));
  }
  storage::AccessKey key;
  key.entity = user.id;
  key.secret = make_secret_key(request.core.random);
  key.created_at = request.now;
  do {
    // The id contains the account, as AWS's ids do; a collision of the random part is tried again.
    key.id = make_unique_id(request.core.random, kAccessKeyId, user.account);
  } while (!storage::insert_access_key(request.txn, key));
  return {{"AccessKey",
           {{"UserName", user.name},
            {"AccessKeyId", key.id},
            {"Status", status_of(key)},
            {"SecretAccessKey", key.secret},
            {"CreateDate", iso_time(key.created_at)}}}};
}

// The id of the request's key, which must be the user's. A key of another user is reported as
// missing, like one that does not exist: the answer must not show who owns a key (test
// KeysOfAnotherUserAreUnknown).
std::string require_key_of(const ApiRequest& request, const storage::Entity& user) {
  const std::string id = text_member(request.input, "AccessKeyId");
  const auto key = storage::find_access_key(request.txn, id);
  if (!key || key->entity != user.id) {
    throw no_such_entity(base::format("The Access Key with id {} cannot be found.", id));
  }
  return key->id;
}

Json update_access_key(ApiRequest& request, const storage::Entity& user) {
  const std::string status = text_member(request.input, "Status");
  const std::string key = require_key_of(request, user);
  // The model shares the type with listings, where Expired is possible. The text is ours.
  if (status == "Expired") throw invalid_input("The status Expired cannot be set.");
  storage::set_access_key_active(request.txn, key, status == "Active");
  return Json::object();
}

// Requests that the key signs fail at once: keys are looked up for every request.
Json delete_access_key(ApiRequest& request, const storage::Entity& user) {
  storage::delete_access_key(request.txn, require_key_of(request, user));
  return Json::object();
}

Json list_access_keys(ApiRequest& request, NamedEntity& named) {
  const Pager pager(request);
  std::vector<Listed> items;
  // Without UserName the caller's own keys are listed. Those of the root user are not shown: the
  // list is empty.
  const bool own_root = !request.input.contains("UserName") &&
                        request.caller.principal.kind == auth::iam::PrincipalKind::kRoot;
  if (!own_root) {
    const storage::Entity& user = required(named);
    for (const auto& key : storage::entity_access_keys(request.txn, user.id)) {
      // Sorted by age, then by id; the digits make the times sort like texts.
      items.emplace_back(
          base::format("{:020}{}", key.created_at.time_since_epoch().count(), key.id),
          Json{{"UserName", user.name},
               {"AccessKeyId", key.id},
               {"Status", status_of(key)},
               {"CreateDate", iso_time(key.created_at)}});
    }
  }
  return pager.page("AccessKeyMetadata", std::move(items));
}

struct OwnedKey {
  storage::AccessKey key;
  storage::Entity owner;
};

// A key of any user of the caller's account.
struct NamedKey {
  std::optional<OwnedKey> row;
  std::string id;
};

// The request names a key and no user: the resource is the user who owns it. For a key that no user
// of the account has it is "*", and the handler answers with a denial. A refusal names the key
// alone, so that it tells neither whose the key is nor whether there is one (test
// ARefusalDoesNotTellWhoseTheKeyIs). That AWS's sentence has the key too is inferred from another
// implementation of the API.
Resolved<NamedKey> key_target(const ApiRequest& request) {
  NamedKey named;
  named.id = text_member(request.input, "AccessKeyId");
  auto key = storage::find_access_key(request.txn, named.id);
  auto owner = key ? storage::find_entity(request.txn, key->entity) : std::nullopt;
  if (owner && owner->account == request.caller.account) {
    named.row = OwnedKey{std::move(*key), std::move(*owner)};
  }
  Target target =
      named.row ? target_of(request, named.row->owner) : account_target(request).front();
  target.shown_resource = "access key " + named.id;
  return {{std::move(target)}, std::move(named)};
}

// "N/A" is IAM's value for a key that was never used. A key that does not exist is a denial, whose
// sentence has no colon after "perform" (recorded from IAM).
Json get_access_key_last_used(ApiRequest& request, const NamedKey& named) {
  if (!named.row) {
    throw ApiError::access_denied(
        base::format("User: {} is not authorized to perform iam:GetAccessKeyLastUsed on resource: "
                     "access key {}",
                     request.caller.principal.arn, named.id));
  }
  const storage::AccessKey& key = named.row->key;
  Json used = {{"ServiceName", key.last_used_service.value_or("N/A")},
               {"Region", key.last_used_region.value_or("N/A")}};
  if (key.last_used_at) used["LastUsedDate"] = iso_time(*key.last_used_at);
  return {{"UserName", named.row->owner.name}, {"AccessKeyLastUsed", std::move(used)}};
}

constexpr Operation kAccessKeyOperations[] = {
    {"CreateAccessKey", "iam:CreateAccessKey", Access::kWrite,
     on<entity_target, create_access_key>},
    {"UpdateAccessKey", "iam:UpdateAccessKey", Access::kWrite,
     on<entity_target, update_access_key>},
    {"DeleteAccessKey", "iam:DeleteAccessKey", Access::kWrite,
     on<entity_target, delete_access_key>},
    {"ListAccessKeys", "iam:ListAccessKeys", Access::kRead, on<entity_target, list_access_keys>},
    {"GetAccessKeyLastUsed", "iam:GetAccessKeyLastUsed", Access::kRead,
     on<key_target, get_access_key_last_used>},
};

}  // namespace

std::vector<const Operation*> access_key_operations() { return pointers(kAccessKeyOperations); }

}  // namespace ecr::api::iam
