#include "storage/rows/iam/identities.h"

#include <algorithm>

#include "schemas/base/encoding.h"
#include "storage/sql/time_column.h"

namespace ecr::storage {

namespace {

std::string_view entity_kind_column(EntityKind kind) {
  switch (kind) {
    case EntityKind::kGroup:
      return "group";
    case EntityKind::kRole:
      return "role";
    case EntityKind::kUser:
      break;
  }
  return "user";
}

EntityKind entity_kind(std::string_view column) {
  if (column == "group") return EntityKind::kGroup;
  return column == "role" ? EntityKind::kRole : EntityKind::kUser;
}

std::optional<base::TimePoint> optional_time(const sql::Rows& row, int column) {
  const auto value = row.optional_integer(column);
  return value ? std::optional(from_column(*value)) : std::nullopt;
}

Entity entity_of(const sql::Rows& row) {
  return {.id = row.integer(0),
          .account = row.string(1),
          .kind = entity_kind(row.text(2)),
          .name = row.string(3),
          .path = row.string(4),
          .unique_id = row.string(5),
          .created_at = from_column(row.integer(6)),
          .boundary = row.optional_string(7),
          .trust_policy = row.optional_string(8),
          .max_session_seconds = row.optional_integer(9).value_or(3600),
          .description = row.optional_string(10),
          .last_used_at = optional_time(row, 11),
          .last_used_region = row.optional_string(12)};
}

AccessKey access_key_of(const sql::Rows& row) {
  return {.id = row.string(0),
          .secret = row.string(1),
          .entity = row.integer(2),
          .active = row.integer(3) != 0,
          .created_at = from_column(row.integer(4)),
          .last_used_at = optional_time(row, 5),
          .last_used_region = row.optional_string(6),
          .last_used_service = row.optional_string(7)};
}

}  // namespace

std::optional<std::int64_t> insert_entity(sql::Txn& txn, const Entity& entity) {
  const auto inserted = txn.exec(
      R"(INSERT INTO entities (account, kind, name, name_folded, path, unique_id, created_at,
                               boundary, trust_policy, max_session_seconds, description)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (account, kind, name_folded) DO NOTHING)",
      entity.account, entity_kind_column(entity.kind), entity.name, base::to_lower(entity.name),
      entity.path, entity.unique_id, to_column(entity.created_at), entity.boundary,
      entity.trust_policy, entity.max_session_seconds, entity.description);
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

std::optional<Entity> find_entity(sql::Txn& txn, std::string_view account, EntityKind kind,
                                  std::string_view name) {
  auto row = txn.query(
      R"(SELECT id, account, kind, name, path, unique_id, created_at, boundary, trust_policy,
                max_session_seconds, description, last_used_at, last_used_region
         FROM entities WHERE account = ? AND kind = ? AND name_folded = ?)",
      account, entity_kind_column(kind), base::to_lower(name));
  return row.next() ? std::optional(entity_of(row)) : std::nullopt;
}

std::optional<Entity> find_entity(sql::Txn& txn, std::int64_t id) {
  auto row = txn.query(
      R"(SELECT id, account, kind, name, path, unique_id, created_at, boundary, trust_policy,
                max_session_seconds, description, last_used_at, last_used_region
         FROM entities WHERE id = ?)",
      id);
  return row.next() ? std::optional(entity_of(row)) : std::nullopt;
}

std::optional<Entity> find_entity_by_unique_id(sql::Txn& txn, std::string_view unique_id) {
  auto row = txn.query(
      R"(SELECT id, account, kind, name, path, unique_id, created_at, boundary, trust_policy,
                max_session_seconds, description, last_used_at, last_used_region
         FROM entities WHERE unique_id = ?)",
      unique_id);
  return row.next() ? std::optional(entity_of(row)) : std::nullopt;
}

std::vector<Entity> list_entities(sql::Txn& txn, std::string_view account, EntityKind kind,
                                  std::string_view path_prefix, std::string_view after,
                                  std::int64_t limit) {
  std::vector<Entity> entities;
  for (auto row = txn.query(
           R"(SELECT id, account, kind, name, path, unique_id, created_at, boundary, trust_policy,
                     max_session_seconds, description, last_used_at, last_used_region
              FROM entities
              WHERE account = ? AND kind = ? AND name_folded > ? AND substr(path, 1, ?) = ?
              ORDER BY name_folded LIMIT ?)",
           account, entity_kind_column(kind), after, std::int64_t(path_prefix.size()), path_prefix,
           limit);
       row.next();) {
    entities.push_back(entity_of(row));
  }
  return entities;
}

std::int64_t count_entities(sql::Txn& txn, std::string_view account, EntityKind kind) {
  auto row = txn.query("SELECT count(*) FROM entities WHERE account = ? AND kind = ?", account,
                       entity_kind_column(kind));
  row.next();
  return row.integer(0);
}

std::vector<Entity> entities_with_boundary(sql::Txn& txn, std::string_view account,
                                           std::string_view policy_arn) {
  std::vector<Entity> entities;
  for (auto row = txn.query(
           R"(SELECT id, account, kind, name, path, unique_id, created_at, boundary, trust_policy,
                     max_session_seconds, description, last_used_at, last_used_region
              FROM entities WHERE boundary = ? AND account = ?)",
           policy_arn, account);
       row.next();) {
    entities.push_back(entity_of(row));
  }
  return entities;
}

bool has_entities(sql::Txn& txn, std::string_view account) {
  return txn.query("SELECT 1 FROM entities WHERE account = ? LIMIT 1", account).next();
}

void delete_entity(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM entities WHERE id = ?", id);
}

void update_entity(sql::Txn& txn, const Entity& entity) {
  txn.exec(
      R"(UPDATE entities SET name = ?, name_folded = ?, path = ?, boundary = ?, trust_policy = ?,
                             max_session_seconds = ?, description = ?
         WHERE id = ?)",
      entity.name, base::to_lower(entity.name), entity.path, entity.boundary, entity.trust_policy,
      entity.max_session_seconds, entity.description, entity.id);
}

Tags entity_tags(sql::Txn& txn, std::int64_t id) {
  Tags tags;
  for (auto row = txn.query("SELECT key, value FROM entity_tags WHERE entity = ? ORDER BY key", id);
       row.next();) {
    tags.emplace_back(row.text(0), row.text(1));
  }
  return tags;
}

void put_entity_tag(sql::Txn& txn, std::int64_t id, std::string_view key, std::string_view value) {
  txn.exec(
      R"(INSERT INTO entity_tags (entity, key, value) VALUES (?, ?, ?)
         ON CONFLICT (entity, key) DO UPDATE SET value = excluded.value)",
      id, key, value);
}

void remove_entity_tag(sql::Txn& txn, std::int64_t id, std::string_view key) {
  txn.exec("DELETE FROM entity_tags WHERE entity = ? AND key = ?", id, key);
}

void note_entity_use(sql::Txn& txn, std::int64_t id, base::TimePoint when,
                     std::string_view region) {
  txn.exec("UPDATE entities SET last_used_at = ?, last_used_region = ? WHERE id = ?",
           to_column(when), region, id);
}

void remove_entity_tags(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM entity_tags WHERE entity = ?", id);
}

bool insert_access_key(sql::Txn& txn, const AccessKey& key) {
  return txn.exec(
             R"(INSERT INTO access_keys (id, secret, entity, active, created_at)
                VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (id) DO NOTHING)",
             key.id, key.secret, key.entity, key.active, to_column(key.created_at)) != 0;
}

std::optional<AccessKey> find_access_key(sql::Txn& txn, std::string_view id) {
  auto row =
      txn.query(R"(SELECT id, secret, entity, active, created_at, last_used_at, last_used_region,
                          last_used_service
                   FROM access_keys WHERE id = ?)",
                id);
  return row.next() ? std::optional(access_key_of(row)) : std::nullopt;
}

std::vector<AccessKey> entity_access_keys(sql::Txn& txn, std::int64_t entity) {
  std::vector<AccessKey> keys;
  for (auto row = txn.query(
           R"(SELECT id, secret, entity, active, created_at, last_used_at, last_used_region,
                     last_used_service
              FROM access_keys WHERE entity = ? ORDER BY created_at, id)",
           entity);
       row.next();) {
    keys.push_back(access_key_of(row));
  }
  return keys;
}

void set_access_key_active(sql::Txn& txn, std::string_view id, bool active) {
  txn.exec("UPDATE access_keys SET active = ? WHERE id = ?", active, id);
}

void note_access_key_use(sql::Txn& txn, std::string_view id, base::TimePoint when,
                         std::string_view region, std::string_view service) {
  txn.exec(
      R"(UPDATE access_keys SET last_used_at = ?, last_used_region = ?, last_used_service = ?
         WHERE id = ?)",
      to_column(when), region, service, id);
}

void delete_access_key(sql::Txn& txn, std::string_view id) {
  txn.exec("DELETE FROM access_keys WHERE id = ?", id);
}

std::vector<InlinePolicy> inline_policies(sql::Txn& txn, std::int64_t entity) {
  std::vector<InlinePolicy> policies;
  for (auto row = txn.query(
           "SELECT name, document FROM inline_policies WHERE entity = ? ORDER BY name", entity);
       row.next();) {
    policies.push_back({row.string(0), row.string(1)});
  }
  return policies;
}

std::optional<std::string> inline_policy(sql::Txn& txn, std::int64_t entity,
                                         std::string_view name) {
  auto row =
      txn.query("SELECT document FROM inline_policies WHERE entity = ? AND name = ?", entity, name);
  return row.next() ? std::optional(row.string(0)) : std::nullopt;
}

void put_inline_policy(sql::Txn& txn, std::int64_t entity, std::string_view name,
                       std::string_view document) {
  txn.exec(
      R"(INSERT INTO inline_policies (entity, name, document) VALUES (?, ?, ?)
         ON CONFLICT (entity, name) DO UPDATE SET document = excluded.document)",
      entity, name, document);
}

void delete_inline_policy(sql::Txn& txn, std::int64_t entity, std::string_view name) {
  txn.exec("DELETE FROM inline_policies WHERE entity = ? AND name = ?", entity, name);
}

std::vector<Entity> groups_of(sql::Txn& txn, std::int64_t user) {
  std::vector<Entity> groups;
  for (auto row = txn.query(
           R"(SELECT id, account, kind, name, path, unique_id, created_at, boundary, trust_policy,
                     max_session_seconds, description, last_used_at, last_used_region
              FROM group_members JOIN entities ON entities.id = group_members.in_group
              WHERE group_members.member = ?)",
           user);
       row.next();) {
    groups.push_back(entity_of(row));
  }
  std::sort(groups.begin(), groups.end(),
            [](const Entity& a, const Entity& b) { return a.name < b.name; });
  return groups;
}

std::vector<Entity> users_in(sql::Txn& txn, std::int64_t group) {
  std::vector<Entity> users;
  for (auto row = txn.query(
           R"(SELECT id, account, kind, name, path, unique_id, created_at, boundary, trust_policy,
                     max_session_seconds, description, last_used_at, last_used_region
              FROM group_members JOIN entities ON entities.id = group_members.member
              WHERE group_members.in_group = ?)",
           group);
       row.next();) {
    users.push_back(entity_of(row));
  }
  std::sort(users.begin(), users.end(),
            [](const Entity& a, const Entity& b) { return a.name < b.name; });
  return users;
}

bool remove_from_group(sql::Txn& txn, std::int64_t user, std::int64_t group) {
  return txn.exec("DELETE FROM group_members WHERE member = ? AND in_group = ?", user, group) != 0;
}

void add_to_group(sql::Txn& txn, std::int64_t user, std::int64_t group) {
  txn.exec(
      R"(INSERT INTO group_members (member, in_group) VALUES (?, ?)
         ON CONFLICT (member, in_group) DO NOTHING)",
      user, group);
}

void remove_from_groups(sql::Txn& txn, std::int64_t user) {
  txn.exec("DELETE FROM group_members WHERE member = ?", user);
}

}  // namespace ecr::storage
