#include "storage/rows/creation_templates.h"

#include "storage/sql/time_column.h"

namespace ecr::storage {
namespace {

// The columns of every SELECT of whole templates, in order.
CreationTemplate template_of(const sql::Rows& row) {
  return {row.string(0), row.string(1), from_column(row.integer(2)), from_column(row.integer(3))};
}

}  // namespace

bool insert_creation_template(sql::Txn& txn, std::string_view account, std::string_view region,
                              const CreationTemplate& row) {
  return txn.exec(
             R"(INSERT INTO creation_templates
                  (account, region, prefix, template, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (account, region, prefix) DO NOTHING)",
             account, region, row.prefix, row.body, to_column(row.created_at),
             to_column(row.updated_at)) > 0;
}

void update_creation_template(sql::Txn& txn, std::string_view account, std::string_view region,
                              const CreationTemplate& row) {
  txn.exec(
      R"(UPDATE creation_templates SET template = ?, updated_at = ?
         WHERE account = ? AND region = ? AND prefix = ?)",
      row.body, to_column(row.updated_at), account, region, row.prefix);
}

std::optional<CreationTemplate> find_creation_template(sql::Txn& txn, std::string_view account,
                                                       std::string_view region,
                                                       std::string_view prefix) {
  auto row = txn.query(
      R"(SELECT prefix, template, created_at, updated_at FROM creation_templates
         WHERE account = ? AND region = ? AND prefix = ?)",
      account, region, prefix);
  return row.next() ? std::optional(template_of(row)) : std::nullopt;
}

void delete_creation_template(sql::Txn& txn, std::string_view account, std::string_view region,
                              std::string_view prefix) {
  txn.exec("DELETE FROM creation_templates WHERE account = ? AND region = ? AND prefix = ?",
           account, region, prefix);
}

std::vector<CreationTemplate> list_creation_templates(sql::Txn& txn, std::string_view account,
                                                      std::string_view region,
                                                      std::string_view after, std::int64_t limit) {
  std::vector<CreationTemplate> templates;
  for (auto row = txn.query(
           R"(SELECT prefix, template, created_at, updated_at FROM creation_templates
              WHERE account = ? AND region = ? AND prefix > ? ORDER BY prefix LIMIT ?)",
           account, region, after, limit);
       row.next();) {
    templates.push_back(template_of(row));
  }
  return templates;
}

}  // namespace ecr::storage
