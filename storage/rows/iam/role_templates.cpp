#include "storage/rows/iam/role_templates.h"

#include "storage/sql/columns.h"

namespace ecr::storage {
namespace {

RoleTemplate read_role_template(const sql::Rows& row) {
  return {.arn = row.string(0),
          .service = row.string(1),
          .name = row.string(2),
          .major_version = row.integer(3),
          .description = row.optional_string(4),
          .default_minor_version = row.integer(5),
          .enabled = row.integer(6) != 0};
}

constexpr sql::Literal kRoleTemplateVersionColumns(
    "minor_version, enabled, created_at, updated_at, definition");

RoleTemplateVersion read_role_template_version(const sql::Rows& row) {
  return {.minor_version = row.integer(0),
          .enabled = row.integer(1) != 0,
          .created_at = from_column(row.integer(2)),
          .updated_at = from_column(row.integer(3)),
          .definition = row.string(4)};
}

}  // namespace

// An update and not a new row: the versions refer to the row, and would go with it.
void put_role_template(sql::Txn& txn, const RoleTemplate& role_template) {
  txn.exec(
      R"(INSERT INTO role_templates (arn, service, name, major_version, description,
                                     default_minor_version, enabled)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (arn) DO UPDATE
         SET description = excluded.description,
             default_minor_version = excluded.default_minor_version, enabled = excluded.enabled)",
      role_template.arn, role_template.service, role_template.name, role_template.major_version,
      role_template.description, role_template.default_minor_version, role_template.enabled);
}

std::optional<RoleTemplate> find_role_template(sql::Txn& txn, std::string_view arn) {
  return sql::first_row(
      txn.query(
          R"(SELECT arn, service, name, major_version, description, default_minor_version, enabled
             FROM role_templates WHERE arn = ?)",
          arn),
      read_role_template);
}

std::vector<RoleTemplateVersion> role_template_versions(sql::Txn& txn, std::string_view arn) {
  static constexpr auto kSql = "SELECT " + kRoleTemplateVersionColumns +
                               " FROM role_template_versions WHERE template = ? "
                               "ORDER BY minor_version";
  return sql::all_rows(txn.query(kSql, arn), read_role_template_version);
}

std::optional<RoleTemplateVersion> find_role_template_version(sql::Txn& txn, std::string_view arn,
                                                              std::int64_t minor_version) {
  static constexpr auto kSql =
      "SELECT " + kRoleTemplateVersionColumns +
      " FROM role_template_versions WHERE template = ? AND minor_version = ?";
  return sql::first_row(txn.query(kSql, arn, minor_version), read_role_template_version);
}

void put_role_template_version(sql::Txn& txn, std::string_view arn,
                               const RoleTemplateVersion& version) {
  txn.exec(
      R"(INSERT INTO role_template_versions (template, minor_version, enabled, created_at,
                                             updated_at, definition)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (template, minor_version) DO UPDATE
         SET enabled = excluded.enabled, created_at = excluded.created_at,
             updated_at = excluded.updated_at, definition = excluded.definition)",
      arn, version.minor_version, version.enabled, to_column(version.created_at),
      to_column(version.updated_at), version.definition);
}

void delete_role_template_version(sql::Txn& txn, std::string_view arn, std::int64_t minor_version) {
  txn.exec("DELETE FROM role_template_versions WHERE template = ? AND minor_version = ?", arn,
           minor_version);
}

void insert_role_source(sql::Txn& txn, std::int64_t role, const RoleSource& source) {
  txn.exec(
      "INSERT INTO role_sources (entity, template, minor_version, parameters) VALUES (?, ?, ?, ?)",
      role, source.template_arn, source.minor_version, source.parameters);
}

std::optional<RoleSource> find_role_source(sql::Txn& txn, std::int64_t role) {
  return sql::first_row(
      txn.query("SELECT template, minor_version, parameters FROM role_sources WHERE entity = ?",
                role),
      [](const sql::Rows& row) {
        return RoleSource{row.string(0), row.integer(1), row.string(2)};
      });
}

void delete_role_source(sql::Txn& txn, std::int64_t role) {
  txn.exec("DELETE FROM role_sources WHERE entity = ?", role);
}

}  // namespace ecr::storage
