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

TagStore store_of(Call& call, const storage::Entity& entity) {
  return {storage::entity_tags(call.txn, entity.id), TagKeyCase::kIgnored,
          [&call, id = entity.id](const std::string& key, const std::string& value) {
            storage::put_entity_tag(call.txn, id, key, value);
          },
          [&call, id = entity.id](const std::string& key) {
            storage::remove_entity_tag(call.txn, id, key);
          }};
}

TagStore store_of(Call& call, std::string_view arn) {
  return {
      storage::resource_tags(call.txn, arn), TagKeyCase::kSensitive,
      [&call, arn](const std::string& key, const std::string& value) {
        storage::put_resource_tag(call.txn, arn, key, value);
      },
      [&call, arn](const std::string& key) { storage::remove_resource_tag(call.txn, arn, key); }};
}

Json tag_entity(Call& call) {
  put_requested(call.input, store_of(call, require_changeable(call)));
  return Json::object();
}

Json untag_entity(Call& call) {
  remove_requested(call.input, store_of(call, require_changeable(call)));
  return Json::object();
}

Json list_entity_tags(Call& call) {
  return list_tags(call, storage::entity_tags(call.txn, require_entity(call).id));
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
    {"TagUser", "iam:TagUser", Access::kWrite, entity_target, tag_entity},
    {"UntagUser", "iam:UntagUser", Access::kWrite, entity_target, untag_entity},
    {"ListUserTags", "iam:ListUserTags", Access::kRead, entity_target, list_entity_tags},
    {"TagRole", "iam:TagRole", Access::kWrite, entity_target, tag_entity},
    {"UntagRole", "iam:UntagRole", Access::kWrite, entity_target, untag_entity},
    {"ListRoleTags", "iam:ListRoleTags", Access::kRead, entity_target, list_entity_tags},
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

void tag_resource(Call& call, std::string_view arn) {
  put_requested(call.input, store_of(call, arn));
}

void untag_resource(Call& call, std::string_view arn) {
  remove_requested(call.input, store_of(call, arn));
}

Json list_tags(const Call& call, const storage::Tags& tags) {
  std::vector<Listed> items;
  for (const auto& [key, value] : tags)
    items.emplace_back(key, Json{{"Key", key}, {"Value", value}});
  return Pager(call).page("Tags", std::move(items));
}

std::vector<const Operation*> tag_operations() { return pointers(kOperations); }

}  // namespace ecr::api::iam
