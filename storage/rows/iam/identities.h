// Rows of IAM: entities (users, groups and roles in one table), access keys, inline policies, group
// membership. The IAM API and the seed file write the same rows. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

enum class EntityKind { kUser, kGroup, kRole };  // "user", "group", "role" in the table

struct Entity {
  std::int64_t id = 0;
  std::string account;
  EntityKind kind = EntityKind::kUser;
  std::string name;  // unique in account and kind without regard to case, as in IAM
  std::string path = "/";
  std::string unique_id = {};  // AIDA..., AGPA..., AROA...
  base::TimePoint created_at = {};
  std::optional<std::string> boundary = {};      // ARN of a managed policy; users and roles
  std::optional<std::string> trust_policy = {};  // roles
  std::int64_t max_session_seconds = 3600;       // roles
  std::optional<std::string> description = {};   // roles
  // Roles: when and where a session of it was used last.
  std::optional<base::TimePoint> last_used_at = {};
  std::optional<std::string> last_used_region = {};
  std::optional<std::string> last_used_service = {};
  std::string partition = "aws";  // of the Region in which it was made; its ARN is in it
};

// The last use of a service by a user or role.
struct ServiceUse {
  std::string service;  // "ecr"
  base::TimePoint when;
  std::string region;
};

struct AccessKey {
  std::string id;  // AKIA...
  std::string secret;
  std::int64_t entity = 0;
  bool active = true;
  base::TimePoint created_at;
  std::optional<base::TimePoint> last_used_at = {};
  std::optional<std::string> last_used_region = {};
  std::optional<std::string> last_used_service = {};  // "ecr"
};

struct InlinePolicy {
  std::string name;
  std::string document;
};

std::optional<std::int64_t> insert_entity(sql::Txn& txn, const Entity& entity);  // nullopt: taken
std::optional<Entity> find_entity(sql::Txn& txn, std::string_view account, EntityKind kind,
                                  std::string_view name);
std::optional<Entity> find_entity(sql::Txn& txn, std::int64_t id);
std::optional<Entity> find_entity_by_unique_id(sql::Txn& txn, std::string_view unique_id);
// Lists entities whose path begins with the prefix, by name without regard to case: those after
// `after` (exclusive, in lower case), at most `limit`.
std::vector<Entity> list_entities(sql::Txn& txn, std::string_view account, EntityKind kind,
                                  std::string_view path_prefix, std::string_view after,
                                  std::int64_t limit);
std::int64_t count_entities(sql::Txn& txn, std::string_view account, EntityKind kind);
// Users and roles of the account whose boundary is that policy, by id.
std::vector<Entity> entities_with_boundary(sql::Txn& txn, std::string_view account,
                                           std::string_view policy_arn);
// True where the account has any user, group or role.
bool has_entities(sql::Txn& txn, std::string_view account);
void delete_entity(sql::Txn& txn, std::int64_t id);  // with keys, policies, tags
// Writes all fields of `entity` but id, account, kind, unique id and partition. REQUIRES: no other
// entity of the kind has the name.
void update_entity(sql::Txn& txn, const Entity& entity);
// Records the use of a session of the role.
void note_entity_use(sql::Txn& txn, std::int64_t id, base::TimePoint when, std::string_view region,
                     std::string_view service);
void note_service_use(sql::Txn& txn, std::int64_t entity, std::string_view service,
                      base::TimePoint when, std::string_view region);
std::vector<ServiceUse> service_uses(sql::Txn& txn, std::int64_t entity);  // by service

bool insert_access_key(sql::Txn& txn, const AccessKey& key);  // false: the id is taken
std::optional<AccessKey> find_access_key(sql::Txn& txn, std::string_view id);
std::vector<AccessKey> entity_access_keys(sql::Txn& txn, std::int64_t entity);
void set_access_key_active(sql::Txn& txn, std::string_view id, bool active);
void note_access_key_use(sql::Txn& txn, std::string_view id, base::TimePoint when,
                         std::string_view region, std::string_view service);
void delete_access_key(sql::Txn& txn, std::string_view id);

std::vector<InlinePolicy> inline_policies(sql::Txn& txn, std::int64_t entity);  // by name
std::optional<std::string> inline_policy(sql::Txn& txn, std::int64_t entity, std::string_view name);
void put_inline_policy(sql::Txn& txn, std::int64_t entity, std::string_view name,
                       std::string_view document);
void delete_inline_policy(sql::Txn& txn, std::int64_t entity, std::string_view name);

// The groups of a user, by name.
std::vector<Entity> groups_of(sql::Txn& txn, std::int64_t user);
void add_to_group(sql::Txn& txn, std::int64_t user, std::int64_t group);
std::vector<Entity> users_in(sql::Txn& txn, std::int64_t group);               // by name
bool remove_from_group(sql::Txn& txn, std::int64_t user, std::int64_t group);  // false: not in it
void remove_from_groups(sql::Txn& txn, std::int64_t user);

}  // namespace ecr::storage
