#include "storage/rows/iam/saml_providers.h"

#include "storage/sql/time_column.h"

namespace ecr::storage {
namespace {

SamlProvider saml_provider_of(const sql::Rows& row) {
  return {.id = row.integer(0),
          .account = row.string(1),
          .name = row.string(2),
          .uuid = row.string(3),
          .metadata = row.string(4),
          .created_at = from_column(row.integer(5)),
          .valid_until = from_column(row.integer(6))};
}

}  // namespace

std::string saml_provider_arn(const SamlProvider& provider) {
  return "arn:aws:iam::" + provider.account + ":saml-provider/" + provider.name;
}

std::optional<std::int64_t> insert_saml_provider(sql::Txn& txn, const SamlProvider& provider) {
  const auto inserted = txn.exec(
      R"(INSERT INTO saml_providers (account, name, uuid, metadata, created_at, valid_until)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (account, name) DO NOTHING)",
      provider.account, provider.name, provider.uuid, provider.metadata,
      to_column(provider.created_at), to_column(provider.valid_until));
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

std::optional<SamlProvider> find_saml_provider(sql::Txn& txn, std::string_view account,
                                               std::string_view name) {
  auto row = txn.query(
      R"(SELECT id, account, name, uuid, metadata, created_at, valid_until
         FROM saml_providers WHERE account = ? AND name = ?)",
      account, name);
  return row.next() ? std::optional(saml_provider_of(row)) : std::nullopt;
}

std::vector<SamlProvider> list_saml_providers(sql::Txn& txn, std::string_view account) {
  std::vector<SamlProvider> providers;
  for (auto row = txn.query(
           R"(SELECT id, account, name, uuid, metadata, created_at, valid_until
              FROM saml_providers WHERE account = ? ORDER BY name)",
           account);
       row.next();) {
    providers.push_back(saml_provider_of(row));
  }
  return providers;
}

void update_saml_provider(sql::Txn& txn, const SamlProvider& provider) {
  txn.exec("UPDATE saml_providers SET metadata = ?, valid_until = ? WHERE id = ?",
           provider.metadata, to_column(provider.valid_until), provider.id);
}

void delete_saml_provider(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM saml_providers WHERE id = ?", id);
}

}  // namespace ecr::storage
