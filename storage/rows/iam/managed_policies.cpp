#include "storage/rows/iam/managed_policies.h"

#include "schemas/base/encoding.h"
#include "storage/sql/columns.h"

namespace ecr::storage {
namespace {

constexpr sql::Literal kManagedPolicyColumns(
    "id, arn, account, name, path, unique_id, created_at, default_version, last_version, "
    "description");

ManagedPolicy read_managed_policy(const sql::Rows& row) {
  return {.id = row.integer(0),
          .arn = row.string(1),
          .account = row.string(2),
          .name = row.string(3),
          .path = row.string(4),
          .unique_id = row.string(5),
          .created_at = from_column(row.integer(6)),
          .default_version = row.integer(7),
          .last_version = row.integer(8),
          .description = row.optional_string(9)};
}

constexpr sql::Literal kVersionColumns("version, document, created_at");

PolicyVersion read_version(const sql::Rows& row) {
  return {row.integer(0), row.string(1), from_column(row.integer(2))};
}

}  // namespace

// The first version is v1, and the default. Only the ARN, which holds the path, is unique in the
// table. IAM allows a name once in an account whatever its path, so the caller asks
// find_managed_policy_named() first, in the same transaction.
std::optional<std::int64_t> insert_managed_policy(sql::Txn& txn, const ManagedPolicy& policy,
                                                  std::string_view document) {
  const auto inserted = txn.exec(
      R"(INSERT INTO managed_policies (arn, account, name, name_folded, path, unique_id, created_at,
                                       default_version, description)
         VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)
         ON CONFLICT (arn) DO NOTHING)",
      policy.arn, policy.account, policy.name, base::to_lower(policy.name), policy.path,
      policy.unique_id, to_column(policy.created_at), policy.description);
  if (inserted == 0) return std::nullopt;
  const std::int64_t id = txn.last_insert_id();
  txn.exec(
      "INSERT INTO policy_versions (policy, version, document, created_at) VALUES (?, 1, ?, ?)", id,
      document, to_column(policy.created_at));
  return id;
}

std::optional<ManagedPolicy> find_managed_policy(sql::Txn& txn, std::string_view arn) {
  static constexpr auto kSql =
      "SELECT " + kManagedPolicyColumns + " FROM managed_policies WHERE arn = ?";
  return sql::first_row(txn.query(kSql, arn), read_managed_policy);
}

std::optional<ManagedPolicy> find_managed_policy_named(sql::Txn& txn, std::string_view account,
                                                       std::string_view name) {
  static constexpr auto kSql = "SELECT " + kManagedPolicyColumns +
                               " FROM managed_policies WHERE account = ? AND name_folded = ?";
  return sql::first_row(txn.query(kSql, account, base::to_lower(name)), read_managed_policy);
}

// Only the account's own policies: AWS-managed ones have no rows. substr() and not LIKE, as in
// list_entities().
std::vector<ManagedPolicy> list_managed_policies(sql::Txn& txn, std::string_view account,
                                                 std::string_view path_prefix,
                                                 std::string_view after, std::int64_t limit) {
  static constexpr auto kSql = "SELECT " + kManagedPolicyColumns +
                               " FROM managed_policies WHERE account = ? AND name_folded > ? AND "
                               "substr(path, 1, ?) = ? ORDER BY name_folded LIMIT ?";
  return sql::all_rows(
      txn.query(kSql, account, after, std::int64_t(path_prefix.size()), path_prefix, limit),
      read_managed_policy);
}

std::int64_t count_managed_policies(sql::Txn& txn, std::string_view account) {
  return sql::only_integer(
      txn.query("SELECT count(*) FROM managed_policies WHERE account = ?", account));
}

// Attachments are by ARN and would stay, so the caller refuses a policy that is attached (IAM API
// Reference, DeletePolicy: DeleteConflict).
void delete_managed_policy(sql::Txn& txn, std::int64_t policy) {
  txn.exec("DELETE FROM managed_policies WHERE id = ?", policy);
}

std::vector<PolicyVersion> policy_versions(sql::Txn& txn, std::int64_t policy) {
  static constexpr auto kSql =
      "SELECT " + kVersionColumns + " FROM policy_versions WHERE policy = ? ORDER BY version DESC";
  return sql::all_rows(txn.query(kSql, policy), read_version);
}

std::optional<PolicyVersion> find_policy_version(sql::Txn& txn, std::int64_t policy,
                                                 std::int64_t version) {
  static constexpr auto kSql =
      "SELECT " + kVersionColumns + " FROM policy_versions WHERE policy = ? AND version = ?";
  return sql::first_row(txn.query(kSql, policy, version), read_version);
}

// The number of a deleted version is not given again: last_version only grows (test
// IamRows.NumbersOfPolicyVersionsAreNotUsedAgain).
std::int64_t add_policy_version(sql::Txn& txn, std::int64_t policy, std::string_view document,
                                base::TimePoint when) {
  txn.exec("UPDATE managed_policies SET last_version = last_version + 1 WHERE id = ?", policy);
  const std::int64_t number = sql::only_integer(
      txn.query("SELECT last_version FROM managed_policies WHERE id = ?", policy));
  txn.exec(
      "INSERT INTO policy_versions (policy, version, document, created_at) VALUES (?, ?, ?, ?)",
      policy, number, document, to_column(when));
  return number;
}

// The default version alone counts for decisions. To go back to an old one is a change of this
// number (IAM User Guide, "Versioning IAM policies").
void set_default_version(sql::Txn& txn, std::int64_t policy, std::int64_t version) {
  txn.exec("UPDATE managed_policies SET default_version = ? WHERE id = ?", version, policy);
}

// The caller refuses the default version: managed_policy_document() would find nothing, and the
// policy would allow nothing and deny nothing.
void delete_policy_version(sql::Txn& txn, std::int64_t policy, std::int64_t version) {
  txn.exec("DELETE FROM policy_versions WHERE policy = ? AND version = ?", policy, version);
}

// Decisions ask for this; one join, so that the number of the default version and its text are of
// one moment.
std::optional<std::string> managed_policy_document(sql::Txn& txn, std::string_view arn) {
  return sql::first_text(txn.query(
      R"(SELECT document FROM managed_policies
         JOIN policy_versions ON policy_versions.policy = managed_policies.id
                             AND policy_versions.version = managed_policies.default_version
         WHERE arn = ?)",
      arn));
}

// For the seed file: to apply it again and again must not use up the five versions of a policy.
void set_managed_policy_document(sql::Txn& txn, std::int64_t policy, std::string_view document) {
  txn.exec(
      R"(UPDATE policy_versions SET document = ?
         WHERE policy = ?
           AND version = (SELECT default_version FROM managed_policies WHERE id = ?))",
      document, policy, policy);
}

// Sorted, so that a decision names the same policy each time where several decide alike.
std::vector<std::string> attached_policies(sql::Txn& txn, std::int64_t entity) {
  return sql::all_texts(txn.query(
      "SELECT policy_arn FROM attached_policies WHERE entity = ? ORDER BY policy_arn", entity));
}

// By ARN, without a foreign key: an AWS-managed policy has no row and can be attached all the same.
void attach_policy(sql::Txn& txn, std::int64_t entity, std::string_view arn) {
  txn.exec(
      R"(INSERT INTO attached_policies (entity, policy_arn) VALUES (?, ?)
         ON CONFLICT (entity, policy_arn) DO NOTHING)",
      entity, arn);
}

// The answer tells a caller to say NoSuchEntity, as IAM does for a policy that is not attached.
bool detach_policy(sql::Txn& txn, std::int64_t entity, std::string_view arn) {
  return txn.exec("DELETE FROM attached_policies WHERE entity = ? AND policy_arn = ?", entity,
                  arn) != 0;
}

// The account is asked too, because an AWS-managed policy has the same ARN in every account.
std::vector<std::int64_t> entities_with_policy(sql::Txn& txn, std::string_view account,
                                               std::string_view arn) {
  return sql::all_integers(txn.query(
      R"(SELECT entities.id FROM attached_policies
         JOIN entities ON entities.id = attached_policies.entity
         WHERE attached_policies.policy_arn = ? AND entities.account = ?)",
      arn, account));
}

// Two queries for all policies: a listing that asked for each of AWS's would take thousands.
// Counted here, because to group by ARN the database would have to sort.
PolicyUses policy_uses(sql::Txn& txn, std::string_view account) {
  PolicyUses uses;
  auto attached = txn.query(
      R"(SELECT attached_policies.policy_arn FROM entities
         JOIN attached_policies ON attached_policies.entity = entities.id
         WHERE entities.account = ?)",
      account);
  while (attached.next()) ++uses[attached.string(0)].attachments;
  auto boundaries = txn.query(
      "SELECT boundary FROM entities WHERE account = ? AND boundary IS NOT NULL", account);
  while (boundaries.next()) ++uses[boundaries.string(0)].boundaries;
  return uses;
}

void detach_all_policies(sql::Txn& txn, std::int64_t entity) {
  txn.exec("DELETE FROM attached_policies WHERE entity = ?", entity);
}

}  // namespace ecr::storage
