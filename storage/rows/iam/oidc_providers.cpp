#include "storage/rows/iam/oidc_providers.h"

#include <algorithm>

#include "schemas/base/encoding.h"
#include "storage/sql/lines_column.h"
#include "storage/sql/time_column.h"

namespace ecr::storage {
namespace {

OidcProvider oidc_provider_of(const sql::Rows& row) {
  return {.id = row.integer(0),
          .account = row.string(1),
          .url = row.string(2),
          .client_ids = split_lines(row.text(3)),
          .thumbprints = split_lines(row.text(4)),
          .created_at = from_column(row.integer(5))};
}

}  // namespace

std::string oidc_url(std::string_view issuer) {
  constexpr std::string_view kScheme = "https://";
  if (base::equals_ignore_case(issuer.substr(0, kScheme.size()), kScheme)) {
    issuer.remove_prefix(kScheme.size());
  }
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  const std::size_t path = std::min(issuer.find('/'), issuer.size());
  return base::to_lower(issuer.substr(0, path)) + std::string(issuer.substr(path));
}

std::string oidc_provider_arn(const OidcProvider& provider) {
  return "arn:aws:iam::" + provider.account + ":oidc-provider/" + provider.url;
}

std::optional<std::int64_t> insert_oidc_provider(sql::Txn& txn, const OidcProvider& provider) {
  const auto inserted = txn.exec(
      R"(INSERT INTO oidc_providers (account, url, client_ids, thumbprints, created_at)
         VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (account, url) DO NOTHING)",
      provider.account, provider.url, join_lines(provider.client_ids),
      join_lines(provider.thumbprints), to_column(provider.created_at));
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

std::optional<OidcProvider> find_oidc_provider(sql::Txn& txn, std::string_view account,
                                               std::string_view issuer) {
  auto row = txn.query(
      R"(SELECT id, account, url, client_ids, thumbprints, created_at
         FROM oidc_providers WHERE account = ? AND url = ?)",
      account, oidc_url(issuer));
  return row.next() ? std::optional(oidc_provider_of(row)) : std::nullopt;
}

std::vector<OidcProvider> list_oidc_providers(sql::Txn& txn, std::string_view account) {
  std::vector<OidcProvider> providers;
  for (auto row = txn.query(
           R"(SELECT id, account, url, client_ids, thumbprints, created_at
              FROM oidc_providers WHERE account = ? ORDER BY url)",
           account);
       row.next();) {
    providers.push_back(oidc_provider_of(row));
  }
  return providers;
}

void update_oidc_provider(sql::Txn& txn, const OidcProvider& provider) {
  txn.exec("UPDATE oidc_providers SET client_ids = ?, thumbprints = ? WHERE id = ?",
           join_lines(provider.client_ids), join_lines(provider.thumbprints), provider.id);
}

void delete_oidc_provider(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM oidc_providers WHERE id = ?", id);
}

}  // namespace ecr::storage
