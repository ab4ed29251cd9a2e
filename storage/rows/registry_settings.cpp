#include "storage/rows/registry_settings.h"

#include "storage/sql/columns.h"

namespace ecr::storage {

// ECR has one policy for each account and region, apart from those of repositories (test
// RegistrySettings.APolicyIsKeptForItsRegistryAlone).
std::optional<std::string> registry_policy(sql::Txn& txn, const model::RegistryId& registry) {
  return sql::first_text(
      txn.query("SELECT policy FROM registry_policies WHERE account = ? AND region = ?",
                registry.account, registry.region));
}

std::vector<std::pair<std::string, std::string>> registry_policies(sql::Txn& txn,
                                                                   std::string_view account) {
  return sql::all_rows(
      txn.query("SELECT region, policy FROM registry_policies WHERE account = ? ORDER BY region",
                account),
      [](const sql::Rows& row) { return std::pair(row.string(0), row.string(1)); });
}

void set_registry_policy(sql::Txn& txn, const model::RegistryId& registry,
                         const std::optional<std::string>& policy) {
  txn.exec("DELETE FROM registry_policies WHERE account = ? AND region = ?", registry.account,
           registry.region);
  if (!policy) return;
  txn.exec("INSERT INTO registry_policies (account, region, policy) VALUES (?, ?, ?)",
           registry.account, registry.region, *policy);
}

// A row exists only for a setting that was changed, so that a default of the API holds for every
// registry that did not change it.
std::optional<std::string> registry_setting(sql::Txn& txn, const model::RegistryId& registry,
                                            std::string_view name) {
  return sql::first_text(
      txn.query("SELECT value FROM registry_settings WHERE account = ? AND region = ? AND name = ?",
                registry.account, registry.region, name));
}

void set_registry_setting(sql::Txn& txn, const model::RegistryId& registry, std::string_view name,
                          std::string_view value) {
  txn.exec(
      R"(INSERT INTO registry_settings (account, region, name, value) VALUES (?, ?, ?, ?)
         ON CONFLICT (account, region, name) DO UPDATE SET value = excluded.value)",
      registry.account, registry.region, name, value);
}

void remove_registry_setting(sql::Txn& txn, const model::RegistryId& registry,
                             std::string_view name) {
  txn.exec("DELETE FROM registry_settings WHERE account = ? AND region = ? AND name = ?",
           registry.account, registry.region, name);
}

// False lets the caller answer ExclusionAlreadyExists without a query before: two requests at once
// cannot both add it.
bool add_pull_exclusion(sql::Txn& txn, const model::RegistryId& registry,
                        std::string_view principal, base::TimePoint when) {
  return txn.exec(
             R"(INSERT INTO pull_time_exclusions (account, region, principal, created_at)
                VALUES (?, ?, ?, ?)
                ON CONFLICT (account, region, principal) DO NOTHING)",
             registry.account, registry.region, principal, to_column(when)) != 0;
}

bool remove_pull_exclusion(sql::Txn& txn, const model::RegistryId& registry,
                           std::string_view principal) {
  return txn.exec(
             R"(DELETE FROM pull_time_exclusions
                WHERE account = ? AND region = ? AND principal = ?)",
             registry.account, registry.region, principal) != 0;
}

// ECR User Guide, "Pull time update exclusions": pulls by these principals do not move
// lastRecordedPullTime. Pulls ask this, so it is one look into the primary key.
bool has_pull_exclusion(sql::Txn& txn, const model::RegistryId& registry,
                        std::string_view principal) {
  return txn
      .query(
          R"(SELECT 1 FROM pull_time_exclusions
             WHERE account = ? AND region = ? AND principal = ?)",
          registry.account, registry.region, principal)
      .next();
}

std::vector<std::string> list_pull_exclusions(sql::Txn& txn, const model::RegistryId& registry,
                                              std::string_view after, std::int64_t limit) {
  return sql::all_texts(txn.query(
      R"(SELECT principal FROM pull_time_exclusions
              WHERE account = ? AND region = ? AND principal > ?
              ORDER BY principal LIMIT ?)",
      registry.account, registry.region, after, limit));
}

namespace {

constexpr sql::Literal kTemplateColumns("prefix, template, created_at, updated_at");

// The body is JSON that only the API reads, so a new field of ECR's templates needs no new column.
CreationTemplate read_template(const sql::Rows& row) {
  return {row.string(0), row.string(1), from_column(row.integer(2)), from_column(row.integer(3))};
}

}  // namespace

// A prefix is unique in its registry: ECR answers TemplateAlreadyExists.
bool insert_creation_template(sql::Txn& txn, const model::RegistryId& registry,
                              const CreationTemplate& row) {
  return txn.exec(
             R"(INSERT INTO creation_templates
                  (account, region, prefix, template, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (account, region, prefix) DO NOTHING)",
             registry.account, registry.region, row.prefix, row.body, to_column(row.created_at),
             to_column(row.updated_at)) > 0;
}

// The prefix and created_at stay: the prefix is the template's name.
void update_creation_template(sql::Txn& txn, const model::RegistryId& registry,
                              const CreationTemplate& row) {
  txn.exec(
      R"(UPDATE creation_templates SET template = ?, updated_at = ?
         WHERE account = ? AND region = ? AND prefix = ?)",
      row.body, to_column(row.updated_at), registry.account, registry.region, row.prefix);
}

std::optional<CreationTemplate> find_creation_template(sql::Txn& txn,
                                                       const model::RegistryId& registry,
                                                       std::string_view prefix) {
  static constexpr auto kSql =
      "SELECT " + kTemplateColumns +
      " FROM creation_templates WHERE account = ? AND region = ? AND prefix = ?";
  return sql::first_row(txn.query(kSql, registry.account, registry.region, prefix), read_template);
}

// Repositories keep what they got from the template: ECR reads it only when it creates a
// repository.
void delete_creation_template(sql::Txn& txn, const model::RegistryId& registry,
                              std::string_view prefix) {
  txn.exec("DELETE FROM creation_templates WHERE account = ? AND region = ? AND prefix = ?",
           registry.account, registry.region, prefix);
}

std::vector<CreationTemplate> list_creation_templates(sql::Txn& txn,
                                                      const model::RegistryId& registry,
                                                      std::string_view after, std::int64_t limit) {
  static constexpr auto kSql = "SELECT " + kTemplateColumns +
                               " FROM creation_templates WHERE account = ? AND region = ? AND "
                               "prefix > ? ORDER BY prefix LIMIT ?";
  return sql::all_rows(txn.query(kSql, registry.account, registry.region, after, limit),
                       read_template);
}

}  // namespace ecr::storage
