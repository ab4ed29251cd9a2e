#include "api/iam/shared/tags.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "storage/rows/tags.h"

namespace ecr::api::iam {
namespace {

using storage::sql::Access;

// How tags of one resource are stored, whatever it is. Users and roles ignore the case of keys (IAM
// User Guide, "Tags for IAM resources"), the other resources do not: recorded of policies, inferred
// for instance profiles and identity providers.
struct TagStore {
  storage::Tags now;
  TagKeyCase key_case;
  std::function<void(const std::string&, const std::string&)> put;
  std::function<void(const std::string&)> remove;
};

// The keys that a new tag of that key replaces: in users and roles also those that differ in case.
std::vector<std::string> replaced_keys(const TagStore& store, std::string_view key) {
  std::vector<std::string> keys;
  for (const auto& tag : store.now) {
    const bool same = store.key_case == TagKeyCase::kIgnored
                          ? base::equals_ignore_case(tag.first, key)
                          : tag.first == key;
    if (same) keys.push_back(tag.first);
  }
  return keys;
}

// The sentence is recorded (of an OIDC provider).
void check_number(std::size_t tags) {
  if (tags > kTags) throw limit_exceeded("The number of tags has reached the maximum limit.");
}

void put_requested(const Json& input, const TagStore& store) {
  const bool ignored = store.key_case == TagKeyCase::kIgnored;
  const storage::Tags added = ignored ? requested_tags(input) : requested_resource_tags(input);
  const auto fresh = std::count_if(added.begin(), added.end(), [&](const auto& tag) {
    return replaced_keys(store, tag.first).empty();
  });
  check_number(store.now.size() + static_cast<std::size_t>(fresh));
  for (const auto& [key, value] : added) {
    for (const std::string& old : replaced_keys(store, key)) store.remove(old);
    store.put(key, value);
  }
}

void remove_requested(const Json& input, const TagStore& store) {
  for (const Json& key : input["TagKeys"]) {
    for (const std::string& old : replaced_keys(store, key.get<std::string>())) {
      store.remove(old);
    }
  }
}

TagStore store_of(ApiRequest& request, const storage::Entity& entity) {
  return {storage::entity_tags(request.txn, entity.id), TagKeyCase::kIgnored,
          [&request, id = entity.id](const std::string& key, const std::string& value) {
            storage::put_entity_tag(request.txn, id, key, value);
          },
          [&request, id = entity.id](const std::string& key) {
            storage::remove_entity_tag(request.txn, id, key);
          }};
}

TagStore store_of(ApiRequest& request, std::string_view arn) {
  return {storage::resource_tags(request.txn, arn), TagKeyCase::kSensitive,
          [&request, arn](const std::string& key, const std::string& value) {
            storage::put_resource_tag(request.txn, arn, key, value);
          },
          [&request, arn](const std::string& key) {
            storage::remove_resource_tag(request.txn, arn, key);
          }};
}

Json tag_entity(ApiRequest& request, const storage::Entity& entity) {
  refuse_service_linked(entity);
  put_requested(request.input, store_of(request, entity));
  return Json::object();
}

Json untag_entity(ApiRequest& request, const storage::Entity& entity) {
  refuse_service_linked(entity);
  remove_requested(request.input, store_of(request, entity));
  return Json::object();
}

Json list_entity_tags(ApiRequest& request, const storage::Entity& entity) {
  return list_tags(request, storage::entity_tags(request.txn, entity.id));
}

// Both sentences are recorded: that of users and roles, and that of policies.
ApiError duplicate_tag_key() {
  return invalid_input("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
}
ApiError duplicate_resource_tag_key() { return invalid_input("Duplicate tag keys found."); }

ApiError reserved_tag_key() {  // the sentence is ours
  return invalid_input("Tag keys that begin with aws: are reserved for AWS use.");
}

constexpr TagRules kTagRules{TagKeyCase::kIgnored, duplicate_tag_key, reserved_tag_key};
constexpr TagRules kOtherTagRules{TagKeyCase::kSensitive, duplicate_resource_tag_key,
                                  reserved_tag_key};

constexpr Operation kOperations[] = {
    {"TagUser", "iam:TagUser", Access::kWrite, on<entity_target, tag_entity>},
    {"UntagUser", "iam:UntagUser", Access::kWrite, on<entity_target, untag_entity>},
    {"ListUserTags", "iam:ListUserTags", Access::kRead, on<entity_target, list_entity_tags>},
    {"TagRole", "iam:TagRole", Access::kWrite, on<entity_target, tag_entity>},
    {"UntagRole", "iam:UntagRole", Access::kWrite, on<entity_target, untag_entity>},
    {"ListRoleTags", "iam:ListRoleTags", Access::kRead, on<entity_target, list_entity_tags>},
};

}  // namespace

storage::Tags requested_tags(const Json& input) {
  storage::Tags tags = read_tags(input.value("Tags", Json::array()));
  check_tags(tags, kTagRules);
  return tags;
}

storage::Tags requested_resource_tags(const Json& input) {
  storage::Tags tags = read_tags(input.value("Tags", Json::array()));
  check_tags(tags, kOtherTagRules);
  return tags;
}

void add_tags(const storage::Tags& tags, Json& json) {
  if (!tags.empty()) json["Tags"] = tags_json(tags);
}

void check_tag_count(const storage::Tags& added) { check_number(added.size()); }

void tag_resource(ApiRequest& request, std::string_view arn) {
  put_requested(request.input, store_of(request, arn));
}

void untag_resource(ApiRequest& request, std::string_view arn) {
  remove_requested(request.input, store_of(request, arn));
}

Json list_tags(const ApiRequest& request, const storage::Tags& tags) {
  std::vector<Listed> items;
  for (const auto& [key, value] : tags)
    items.emplace_back(key, Json{{"Key", key}, {"Value", value}});
  return Pager(request).page("Tags", std::move(items));
}

std::vector<const Operation*> tag_operations() { return pointers(kOperations); }

}  // namespace ecr::api::iam
