#include "storage/rows/iam/identities.h"

#include <algorithm>

#include "schemas/base/encoding.h"
#include "storage/sql/columns.h"

namespace ecr::storage {

namespace {

constexpr EnumColumn<EntityKind, 3> kEntityKinds({"user", "group", "role"});

constexpr sql::Literal kEntityColumns(
    "id, account, kind, name, path, unique_id, created_at, boundary, trust_policy, "
    "max_session_seconds, description, last_used_at, last_used_region, last_used_service, "
    "partition");

// A row without max_session_seconds has AWS's default, one hour (IAM API Reference, CreateRole,
// MaxSessionDuration).
Entity read_entity(const sql::Rows& row) {
  return {.id = row.integer(0),
          .account = row.string(1),
          .kind = kEntityKinds.value(row.text(2)),
          .name = row.string(3),
          .path = row.string(4),
          .unique_id = row.string(5),
          .created_at = from_column(row.integer(6)),
          .boundary = row.optional_string(7),
          .trust_policy = row.optional_string(8),
          .max_session_seconds = row.optional_integer(9).value_or(3600),
          .description = row.optional_string(10),
          .last_used_at = from_column(row.optional_integer(11)),
          .last_used_region = row.optional_string(12),
          .last_used_service = row.optional_string(13),
          .partition = row.string(14)};
}

constexpr sql::Literal kAccessKeyColumns(
    "id, secret, entity, active, created_at, last_used_at, last_used_region, last_used_service");

// The secret is kept in clear, because SigV4 needs it: the signing key is derived from it (IAM User
// Guide, "Create a signed AWS API request").
AccessKey read_access_key(const sql::Rows& row) {
  return {.id = row.string(0),
          .secret = row.string(1),
          .entity = row.integer(2),
          .active = row.integer(3) != 0,
          .created_at = from_column(row.integer(4)),
          .last_used_at = from_column(row.optional_integer(5)),
          .last_used_region = row.optional_string(6),
          .last_used_service = row.optional_string(7)};
}

}  // namespace

// IAM names are unique without regard to case (IAM user guide, "IAM and AWS STS quotas"), and are
// shown as they were written: name_folded is the unique column.
std::optional<std::int64_t> insert_entity(sql::Txn& txn, const Entity& entity) {
  const auto inserted = txn.exec(
      R"(INSERT INTO entities (account, kind, name, name_folded, path, unique_id, created_at,
                               boundary, trust_policy, max_session_seconds, description, partition)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (account, kind, name_folded) DO NOTHING)",
      entity.account, kEntityKinds.text(entity.kind), entity.name, base::to_lower(entity.name),
      entity.path, entity.unique_id, to_column(entity.created_at), entity.boundary,
      entity.trust_policy, entity.max_session_seconds, entity.description, entity.partition);
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

// By the folded name: "Jane" finds "jane" (test Identities.NamesAreUniqueWithoutRegardToCase). A
// path is not part of the name, so a role is found whatever its path; a caller that was given an
// ARN compares the whole ARN.
std::optional<Entity> find_entity(sql::Txn& txn, std::string_view account, EntityKind kind,
                                  std::string_view name) {
  static constexpr auto kSql = "SELECT " + kEntityColumns +
                               " FROM entities WHERE account = ? AND kind = ? AND name_folded = ?";
  return sql::first_row(txn.query(kSql, account, kEntityKinds.text(kind), base::to_lower(name)),
                        read_entity);
}

std::optional<Entity> find_entity(sql::Txn& txn, std::int64_t id) {
  static constexpr auto kSql = "SELECT " + kEntityColumns + " FROM entities WHERE id = ?";
  return sql::first_row(txn.query(kSql, id), read_entity);
}

// Policies name a principal by this id once IAM has read its ARN. A new user of an old name has a
// new id, and so does not get the rights of the deleted one (IAM User Guide, "Unique identifiers").
std::optional<Entity> find_entity_by_unique_id(sql::Txn& txn, std::string_view unique_id) {
  static constexpr auto kSql = "SELECT " + kEntityColumns + " FROM entities WHERE unique_id = ?";
  return sql::first_row(txn.query(kSql, unique_id), read_entity);
}

// substr() and not LIKE: a path may hold '%' and '_', which LIKE would take for wildcards. The
// index gives the order of names, and the path is compared row by row, so a page of a rare path may
// read all entities of the account (test IamRows.EntitiesAreListedByNameAndPath).
std::vector<Entity> list_entities(sql::Txn& txn, std::string_view account, EntityKind kind,
                                  std::string_view path_prefix, std::string_view after,
                                  std::int64_t limit) {
  static constexpr auto kSql = "SELECT " + kEntityColumns +
                               " FROM entities WHERE account = ? AND kind = ? AND name_folded > ? "
                               "AND substr(path, 1, ?) = ? ORDER BY name_folded LIMIT ?";
  return sql::all_rows(txn.query(kSql, account, kEntityKinds.text(kind), after,
                                 std::int64_t(path_prefix.size()), path_prefix, limit),
                       read_entity);
}

// GetAccountSummary shows these numbers.
std::int64_t count_entities(sql::Txn& txn, std::string_view account, EntityKind kind) {
  return sql::only_integer(txn.query("SELECT count(*) FROM entities WHERE account = ? AND kind = ?",
                                     account, kEntityKinds.text(kind)));
}

// A policy that is the boundary of an entity is in use and cannot be deleted. AWS-managed policies
// have the same ARN in every account, so the account is asked too.
std::vector<Entity> entities_with_boundary(sql::Txn& txn, std::string_view account,
                                           std::string_view policy_arn) {
  static constexpr auto kSql =
      "SELECT " + kEntityColumns + " FROM entities WHERE boundary = ? AND account = ?";
  return sql::all_rows(txn.query(kSql, policy_arn, account), read_entity);
}

// An account without entities was never set up here: a policy may then name principals of it that
// are not known.
bool has_entities(sql::Txn& txn, std::string_view account) {
  return txn.query("SELECT 1 FROM entities WHERE account = ? LIMIT 1", account).next();
}

// The foreign keys delete access keys, inline policies, attachments, memberships, tags and
// sessions, so that a deleted identity's credentials stop working at once.
void delete_entity(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM entities WHERE id = ?", id);
}

// The row keeps its id, so keys, policies, groups and tags stay with a user that gets another name
// (IAM User Guide, "Rename an IAM user").
void update_entity(sql::Txn& txn, const Entity& entity) {
  txn.exec(
      R"(UPDATE entities SET name = ?, name_folded = ?, path = ?, boundary = ?, trust_policy = ?,
                             max_session_seconds = ?, description = ?
         WHERE id = ?)",
      entity.name, base::to_lower(entity.name), entity.path, entity.boundary, entity.trust_policy,
      entity.max_session_seconds, entity.description, entity.id);
}

// RoleLastUsed of GetRole. The caller writes it at most once a minute, because each use would
// otherwise be a write.
void note_entity_use(sql::Txn& txn, std::int64_t id, base::TimePoint when, std::string_view region,
                     std::string_view service) {
  txn.exec(
      R"(UPDATE entities SET last_used_at = ?, last_used_region = ?, last_used_service = ?
         WHERE id = ?)",
      to_column(when), region, service, id);
}

// The reports of GenerateServiceLastAccessedDetails are made of these rows: one for each service
// that the user or role used, however many keys and sessions it has.
void note_service_use(sql::Txn& txn, std::int64_t entity, std::string_view service,
                      base::TimePoint when, std::string_view region) {
  txn.exec(
      R"(INSERT INTO service_uses (entity, service, used_at, region) VALUES (?, ?, ?, ?)
         ON CONFLICT (entity, service) DO UPDATE
         SET used_at = excluded.used_at, region = excluded.region)",
      entity, service, to_column(when), region);
}

std::vector<ServiceUse> service_uses(sql::Txn& txn, std::int64_t entity) {
  return sql::all_rows(
      txn.query("SELECT service, used_at, region FROM service_uses WHERE entity = ? "
                "ORDER BY service",
                entity),
      [](const sql::Rows& row) {
        return ServiceUse{row.string(0), from_column(row.integer(1)), row.string(2)};
      });
}

// An access key's id is unique over all accounts, because a signed request names only the id.
bool insert_access_key(sql::Txn& txn, const AccessKey& key) {
  return txn.exec(
             R"(INSERT INTO access_keys (id, secret, entity, active, created_at)
                VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (id) DO NOTHING)",
             key.id, key.secret, key.entity, key.active, to_column(key.created_at)) != 0;
}

// Finds inactive keys too: the caller decides what an inactive key means.
std::optional<AccessKey> find_access_key(sql::Txn& txn, std::string_view id) {
  static constexpr auto kSql = "SELECT " + kAccessKeyColumns + " FROM access_keys WHERE id = ?";
  return sql::first_row(txn.query(kSql, id), read_access_key);
}

// In the order of their creation, as ListAccessKeys lists them here; the id decides between equal
// times.
std::vector<AccessKey> entity_access_keys(sql::Txn& txn, std::int64_t entity) {
  static constexpr auto kSql =
      "SELECT " + kAccessKeyColumns + " FROM access_keys WHERE entity = ? ORDER BY created_at, id";
  return sql::all_rows(txn.query(kSql, entity), read_access_key);
}

// An inactive key keeps its row: it can be made active again, and its id stays taken.
void set_access_key_active(sql::Txn& txn, std::string_view id, bool active) {
  txn.exec("UPDATE access_keys SET active = ? WHERE id = ?", active, id);
}

// GetAccessKeyLastUsed shows time, region and service of the last use together, so they are written
// together (test IamRows.UseOfKeysAndRolesIsNoted).
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

// Names of inline policies belong to their entity: two users may have policies of one name.
std::vector<InlinePolicy> inline_policies(sql::Txn& txn, std::int64_t entity) {
  return sql::all_rows(
      txn.query("SELECT name, document FROM inline_policies WHERE entity = ? ORDER BY name",
                entity),
      [](const sql::Rows& row) {
        return InlinePolicy{row.string(0), row.string(1)};
      });
}

std::optional<std::string> inline_policy(sql::Txn& txn, std::int64_t entity,
                                         std::string_view name) {
  return sql::first_text(txn.query(
      "SELECT document FROM inline_policies WHERE entity = ? AND name = ?", entity, name));
}

// Put*Policy replaces a policy of the same name.
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

namespace {

// Sorted here, because no index gives the joined rows in this order, and the test
// QueryPlans.UseIndexesAndSortNothing refuses a statement that sorts.
std::vector<Entity> sorted_by_name(std::vector<Entity> entities) {
  std::sort(entities.begin(), entities.end(),
            [](const Entity& a, const Entity& b) { return a.name < b.name; });
  return entities;
}

}  // namespace

// Groups hold only users: IAM has no groups in groups (IAM User Guide, "IAM user groups"). So there
// is no walk over levels here.
std::vector<Entity> groups_of(sql::Txn& txn, std::int64_t user) {
  static constexpr auto kSql = "SELECT " + kEntityColumns +
                               R"( FROM group_members
                                   JOIN entities ON entities.id = group_members.in_group
                                   WHERE group_members.member = ?)";
  return sorted_by_name(sql::all_rows(txn.query(kSql, user), read_entity));
}

std::vector<Entity> users_in(sql::Txn& txn, std::int64_t group) {
  static constexpr auto kSql = "SELECT " + kEntityColumns +
                               R"( FROM group_members
                                   JOIN entities ON entities.id = group_members.member
                                   WHERE group_members.in_group = ?)";
  return sorted_by_name(sql::all_rows(txn.query(kSql, group), read_entity));
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

// For the seed file, which says all groups of a user; a deleted user leaves its groups by the
// foreign key.
void remove_from_groups(sql::Txn& txn, std::int64_t user) {
  txn.exec("DELETE FROM group_members WHERE member = ?", user);
}

}  // namespace ecr::storage
