#include "storage/managed_policies.h"

#include "storage/time_column.h"

namespace ecr::storage {

std::optional<std::int64_t> insert_managed_policy(sql::Txn& txn, const ManagedPolicy& policy,
                                                  std::string_view document) {
  const auto inserted = txn.exec(
      R"(INSERT INTO managed_policies (arn, account, name, path, unique_id, created_at,
                                       default_version)
         VALUES (?, ?, ?, ?, ?, ?, 1)
         ON CONFLICT (arn) DO NOTHING)",
      policy.arn, policy.account, policy.name, policy.path, policy.unique_id,
      to_column(policy.created_at));
  if (inserted == 0) return std::nullopt;
  const std::int64_t id = txn.last_insert_id();
  txn.exec(
      "INSERT INTO policy_versions (policy, version, document, created_at) VALUES (?, 1, ?, ?)", id,
      document, to_column(policy.created_at));
  return id;
}

std::optional<ManagedPolicy> find_managed_policy(sql::Txn& txn, std::string_view arn) {
  auto row = txn.query(
      R"(SELECT id, arn, account, name, path, unique_id, created_at, default_version
         FROM managed_policies WHERE arn = ?)",
      arn);
  if (!row.next()) return std::nullopt;
  return ManagedPolicy{.id = row.integer(0),
                       .arn = row.string(1),
                       .account = row.string(2),
                       .name = row.string(3),
                       .path = row.string(4),
                       .unique_id = row.string(5),
                       .created_at = from_column(row.integer(6)),
                       .default_version = row.integer(7)};
}

std::optional<std::string> managed_policy_document(sql::Txn& txn, std::string_view arn) {
  auto row = txn.query(
      R"(SELECT document FROM managed_policies
         JOIN policy_versions ON policy_versions.policy = managed_policies.id
                             AND policy_versions.version = managed_policies.default_version
         WHERE arn = ?)",
      arn);
  return row.next() ? std::optional(row.string(0)) : std::nullopt;
}

void set_managed_policy_document(sql::Txn& txn, std::int64_t policy, std::string_view document) {
  txn.exec(
      R"(UPDATE policy_versions SET document = ?
         WHERE policy = ?
           AND version = (SELECT default_version FROM managed_policies WHERE id = ?))",
      document, policy, policy);
}

std::vector<std::string> attached_policies(sql::Txn& txn, std::int64_t entity) {
  std::vector<std::string> arns;
  for (auto row = txn.query(
           "SELECT policy_arn FROM attached_policies WHERE entity = ? ORDER BY policy_arn", entity);
       row.next();) {
    arns.push_back(row.string(0));
  }
  return arns;
}

void attach_policy(sql::Txn& txn, std::int64_t entity, std::string_view arn) {
  txn.exec(
      R"(INSERT INTO attached_policies (entity, policy_arn) VALUES (?, ?)
         ON CONFLICT (entity, policy_arn) DO NOTHING)",
      entity, arn);
}

void detach_all_policies(sql::Txn& txn, std::int64_t entity) {
  txn.exec("DELETE FROM attached_policies WHERE entity = ?", entity);
}

}  // namespace ecr::storage
