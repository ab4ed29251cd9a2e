// Rows of IAM: entities (users, groups and roles in one table), access keys, inline policies,
// membership. The IAM API and the seed file write the same rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/clock.h"
#include "storage/repositories.h"
#include "storage/sql/database.h"

namespace ecr::storage {

enum class EntityKind { kUser, kGroup, kRole };  // "user", "group", "role" in the table

struct Entity {
  std::int64_t id = 0;
  std::string account;
  EntityKind kind = EntityKind::kUser;
  std::string name;  // unique in account and kind without regard to case, as in IAM
  std::string path = "/";
  std::string unique_id;  // AIDA..., AGPA..., AROA...
  schemas::TimePoint created_at;
  std::optional<std::string> boundary = {};      // ARN of a managed policy; users and roles
  std::optional<std::string> trust_policy = {};  // roles
  std::int64_t max_session_seconds = 3600;       // roles
};

struct AccessKey {
  std::string id;  // AKIA...
  std::string secret;
  std::int64_t entity = 0;
  bool active = true;
  schemas::TimePoint created_at;
};

struct InlinePolicy {
  std::string name;
  std::string document;
};

std::optional<std::int64_t> insert_entity(sql::Txn& txn, const Entity& entity);  // nullopt: taken
std::optional<Entity> find_entity(sql::Txn& txn, std::string_view account, EntityKind kind,
                                  std::string_view name);
std::optional<Entity> find_entity(sql::Txn& txn, std::int64_t id);
// Whether the account has any user, group or role.
bool has_entities(sql::Txn& txn, std::string_view account);
void delete_entity(sql::Txn& txn, std::int64_t id);  // with keys, policies, tags
// Boundary, trust policy and session length as `entity` has them.
void update_entity(sql::Txn& txn, const Entity& entity);
Tags entity_tags(sql::Txn& txn, std::int64_t id);
void put_entity_tag(sql::Txn& txn, std::int64_t id, std::string_view key, std::string_view value);
void remove_entity_tags(sql::Txn& txn, std::int64_t id);

bool insert_access_key(sql::Txn& txn, const AccessKey& key);  // false: the id is taken
std::optional<AccessKey> find_access_key(sql::Txn& txn, std::string_view id);
std::vector<AccessKey> entity_access_keys(sql::Txn& txn, std::int64_t entity);
void delete_access_key(sql::Txn& txn, std::string_view id);

std::vector<InlinePolicy> inline_policies(sql::Txn& txn, std::int64_t entity);  // by name
void put_inline_policy(sql::Txn& txn, std::int64_t entity, std::string_view name,
                       std::string_view document);
void delete_inline_policy(sql::Txn& txn, std::int64_t entity, std::string_view name);

// Groups of a user, by name.
std::vector<Entity> groups_of(sql::Txn& txn, std::int64_t user);
void add_to_group(sql::Txn& txn, std::int64_t user, std::int64_t group);
void remove_from_groups(sql::Txn& txn, std::int64_t user);

}  // namespace ecr::storage
