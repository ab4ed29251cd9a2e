#include "storage/identities.h"

#include <algorithm>

#include "schemas/encoding.h"
#include "storage/time_column.h"

namespace ecr::storage {

namespace {

std::string_view to_column(EntityKind kind) {
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

EntityKind kind_of(std::string_view column) {
  if (column == "group") return EntityKind::kGroup;
  return column == "role" ? EntityKind::kRole : EntityKind::kUser;
}

Entity entity_of(const sql::Rows& row) {
  return {.id = row.integer(0),
          .account = row.string(1),
          .kind = kind_of(row.text(2)),
          .name = row.string(3),
          .path = row.string(4),
          .unique_id = row.string(5),
          .created_at = from_column(row.integer(6)),
          .boundary = row.optional_string(7),
          .trust_policy = row.optional_string(8),
          .max_session_seconds = row.optional_integer(9).value_or(3600)};
}

AccessKey access_key_of(const sql::Rows& row) {
  return {.id = row.string(0),
          .secret = row.string(1),
          .entity = row.integer(2),
          .active = row.integer(3) != 0,
          .created_at = from_column(row.integer(4))};
}

}  // namespace

std::optional<std::int64_t> insert_entity(sql::Txn& txn, const Entity& entity) {
  const auto inserted = txn.exec(
      R"(INSERT INTO entities (account, kind, name, name_folded, path, unique_id, created_at,
                               boundary, trust_policy, max_session_seconds)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (account, kind, name_folded) DO NOTHING)",
      entity.account, to_column(entity.kind), entity.name, schemas::to_lower(entity.name),
      entity.path, entity.unique_id, to_column(entity.created_at), entity.boundary,
      entity.trust_policy, entity.max_session_seconds);
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

std::optional<Entity> find_entity(sql::Txn& txn, std::string_view account, EntityKind kind,
                                  std::string_view name) {
  auto row = txn.query(
      R"(SELECT id, account, kind, name, path, unique_id, created_at, boundary, trust_policy,
                max_session_seconds
         FROM entities WHERE account = ? AND kind = ? AND name_folded = ?)",
      account, to_column(kind), schemas::to_lower(name));
  return row.next() ? std::optional(entity_of(row)) : std::nullopt;
}

std::optional<Entity> find_entity(sql::Txn& txn, std::int64_t id) {
  auto row = txn.query(
      R"(SELECT id, account, kind, name, path, unique_id, created_at, boundary, trust_policy,
                max_session_seconds
         FROM entities WHERE id = ?)",
      id);
  return row.next() ? std::optional(entity_of(row)) : std::nullopt;
}

bool has_entities(sql::Txn& txn, std::string_view account) {
  return txn.query("SELECT 1 FROM entities WHERE account = ? LIMIT 1", account).next();
}

void delete_entity(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM entities WHERE id = ?", id);
}

void update_entity(sql::Txn& txn, const Entity& entity) {
  txn.exec(
      R"(UPDATE entities SET boundary = ?, trust_policy = ?, max_session_seconds = ?
         WHERE id = ?)",
      entity.boundary, entity.trust_policy, entity.max_session_seconds, entity.id);
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
      txn.query("SELECT id, secret, entity, active, created_at FROM access_keys WHERE id = ?", id);
  return row.next() ? std::optional(access_key_of(row)) : std::nullopt;
}

std::vector<AccessKey> entity_access_keys(sql::Txn& txn, std::int64_t entity) {
  std::vector<AccessKey> keys;
  for (auto row = txn.query(
           R"(SELECT id, secret, entity, active, created_at
              FROM access_keys WHERE entity = ? ORDER BY created_at, id)",
           entity);
       row.next();) {
    keys.push_back(access_key_of(row));
  }
  return keys;
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
                     max_session_seconds
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
