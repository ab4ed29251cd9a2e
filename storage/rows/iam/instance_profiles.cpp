#include "storage/rows/iam/instance_profiles.h"

#include "schemas/base/encoding.h"
#include "storage/sql/columns.h"

namespace ecr::storage {
namespace {

constexpr sql::Literal kInstanceProfileColumns(
    "id, account, name, path, unique_id, created_at, role, partition");

InstanceProfile read_instance_profile(const sql::Rows& row) {
  return {.id = row.integer(0),
          .account = row.string(1),
          .name = row.string(2),
          .path = row.string(3),
          .unique_id = row.string(4),
          .created_at = from_column(row.integer(5)),
          .role = row.optional_integer(6),
          .partition = row.string(7)};
}

}  // namespace

// Names are unique without regard to case, as those of users and roles (IAM User Guide, "IAM and
// AWS STS quotas"), and shown as they were written.
std::optional<std::int64_t> insert_instance_profile(sql::Txn& txn, const InstanceProfile& profile) {
  const auto inserted = txn.exec(
      R"(INSERT INTO instance_profiles (account, name, name_folded, path, unique_id, created_at,
                                        role, partition)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (account, name_folded) DO NOTHING)",
      profile.account, profile.name, base::to_lower(profile.name), profile.path, profile.unique_id,
      to_column(profile.created_at), profile.role, profile.partition);
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

std::optional<InstanceProfile> find_instance_profile(sql::Txn& txn, std::string_view account,
                                                     std::string_view name) {
  static constexpr auto kSql = "SELECT " + kInstanceProfileColumns +
                               " FROM instance_profiles WHERE account = ? AND name_folded = ?";
  return sql::first_row(txn.query(kSql, account, base::to_lower(name)), read_instance_profile);
}

// substr() and not LIKE, as in list_entities(). A path that matches few names reads all profiles of
// the account.
std::vector<InstanceProfile> list_instance_profiles(sql::Txn& txn, std::string_view account,
                                                    std::string_view path_prefix,
                                                    std::string_view after, std::int64_t limit) {
  static constexpr auto kSql = "SELECT " + kInstanceProfileColumns +
                               " FROM instance_profiles WHERE account = ? AND name_folded > ? AND "
                               "substr(path, 1, ?) = ? ORDER BY name_folded LIMIT ?";
  return sql::all_rows(
      txn.query(kSql, account, after, std::int64_t(path_prefix.size()), path_prefix, limit),
      read_instance_profile);
}

// A role may be in several profiles, although a profile holds one role. IAM refuses to delete a
// role while it is in any (IAM API Reference, DeleteRole).
std::vector<InstanceProfile> instance_profiles_of(sql::Txn& txn, std::int64_t role) {
  static constexpr auto kSql = "SELECT " + kInstanceProfileColumns +
                               " FROM instance_profiles WHERE role = ? ORDER BY name_folded";
  return sql::all_rows(txn.query(kSql, role), read_instance_profile);
}

// At most one role, as in AWS. The foreign key sets it to NULL where the role is deleted (test
// IamRows.AnInstanceProfileOutlivesItsRole).
void set_instance_profile_role(sql::Txn& txn, std::int64_t id, std::optional<std::int64_t> role) {
  txn.exec("UPDATE instance_profiles SET role = ? WHERE id = ?", role, id);
}

void delete_instance_profile(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM instance_profiles WHERE id = ?", id);
}

}  // namespace ecr::storage
