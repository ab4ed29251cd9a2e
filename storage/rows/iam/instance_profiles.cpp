#include "storage/rows/iam/instance_profiles.h"

#include "schemas/base/encoding.h"
#include "storage/sql/time_column.h"

namespace ecr::storage {
namespace {

InstanceProfile profile_of(const sql::Rows& row) {
  return {.id = row.integer(0),
          .account = row.string(1),
          .name = row.string(2),
          .path = row.string(3),
          .unique_id = row.string(4),
          .created_at = from_column(row.integer(5)),
          .role = row.optional_integer(6)};
}

}  // namespace

std::optional<std::int64_t> insert_instance_profile(sql::Txn& txn, const InstanceProfile& profile) {
  const auto inserted = txn.exec(
      R"(INSERT INTO instance_profiles (account, name, name_folded, path, unique_id, created_at,
                                        role)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (account, name_folded) DO NOTHING)",
      profile.account, profile.name, base::to_lower(profile.name), profile.path, profile.unique_id,
      to_column(profile.created_at), profile.role);
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

std::optional<InstanceProfile> find_instance_profile(sql::Txn& txn, std::string_view account,
                                                     std::string_view name) {
  auto row = txn.query(
      R"(SELECT id, account, name, path, unique_id, created_at, role
         FROM instance_profiles WHERE account = ? AND name_folded = ?)",
      account, base::to_lower(name));
  return row.next() ? std::optional(profile_of(row)) : std::nullopt;
}

std::vector<InstanceProfile> list_instance_profiles(sql::Txn& txn, std::string_view account,
                                                    std::string_view path_prefix,
                                                    std::string_view after, std::int64_t limit) {
  std::vector<InstanceProfile> profiles;
  for (auto row = txn.query(
           R"(SELECT id, account, name, path, unique_id, created_at, role
              FROM instance_profiles
              WHERE account = ? AND name_folded > ? AND substr(path, 1, ?) = ?
              ORDER BY name_folded LIMIT ?)",
           account, after, std::int64_t(path_prefix.size()), path_prefix, limit);
       row.next();) {
    profiles.push_back(profile_of(row));
  }
  return profiles;
}

std::vector<InstanceProfile> instance_profiles_of(sql::Txn& txn, std::int64_t role) {
  std::vector<InstanceProfile> profiles;
  for (auto row = txn.query(
           R"(SELECT id, account, name, path, unique_id, created_at, role
              FROM instance_profiles WHERE role = ? ORDER BY name_folded)",
           role);
       row.next();) {
    profiles.push_back(profile_of(row));
  }
  return profiles;
}

void set_instance_profile_role(sql::Txn& txn, std::int64_t id, std::optional<std::int64_t> role) {
  txn.exec("UPDATE instance_profiles SET role = ? WHERE id = ?", role, id);
}

void delete_instance_profile(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM instance_profiles WHERE id = ?", id);
}

}  // namespace ecr::storage
