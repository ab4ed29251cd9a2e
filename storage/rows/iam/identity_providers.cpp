#include "storage/rows/iam/identity_providers.h"

#include <algorithm>

#include "schemas/base/encoding.h"
#include "storage/sql/columns.h"

namespace ecr::storage {

namespace {

constexpr sql::Literal kOidcProviderColumns(
    "id, account, url, client_ids, thumbprints, created_at, partition");

// Client ids and thumbprints are lists in one column: they are read and written together with their
// provider, and nothing searches them.
OidcProvider read_oidc_provider(const sql::Rows& row) {
  return {.id = row.integer(0),
          .account = row.string(1),
          .url = row.string(2),
          .client_ids = split_lines(row.text(3)),
          .thumbprints = split_lines(row.text(4)),
          .created_at = from_column(row.integer(5)),
          .partition = row.string(6)};
}

}  // namespace

// A token's "iss" has the scheme, and the ARN of the provider has not. Only the host is without
// regard to case (RFC 3986, section 6.2.2.1); the path is kept as it is (test
// IamRows.AnOidcProviderIsFoundByItsIssuerHoweverItIsWritten).
std::string oidc_url(std::string_view issuer) {
  constexpr std::string_view kScheme = "https://";
  if (base::equals_ignore_case(issuer.substr(0, kScheme.size()), kScheme)) {
    issuer.remove_prefix(kScheme.size());
  }
  // Issuers differ in this slash between token and configuration. Both spellings are one provider
  // here (inferred).
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  const std::size_t path = std::min(issuer.find('/'), issuer.size());
  return base::to_lower(issuer.substr(0, path)) + std::string(issuer.substr(path));
}

std::string oidc_provider_arn(const OidcProvider& provider) {
  return "arn:" + provider.partition + ":iam::" + provider.account + ":oidc-provider/" +
         provider.url;
}

// REQUIRES: the URL is in the form of oidc_url(). The unique index compares bytes.
std::optional<std::int64_t> insert_oidc_provider(sql::Txn& txn, const OidcProvider& provider) {
  const auto inserted = txn.exec(
      R"(INSERT INTO oidc_providers (account, url, client_ids, thumbprints, created_at, partition)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (account, url) DO NOTHING)",
      provider.account, provider.url, join_lines(provider.client_ids),
      join_lines(provider.thumbprints), to_column(provider.created_at), provider.partition);
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

// Only in the given account: a role trusts the providers of its own account by their ARN.
std::optional<OidcProvider> find_oidc_provider(sql::Txn& txn, std::string_view account,
                                               std::string_view issuer) {
  static constexpr auto kSql =
      "SELECT " + kOidcProviderColumns + " FROM oidc_providers WHERE account = ? AND url = ?";
  return sql::first_row(txn.query(kSql, account, oidc_url(issuer)), read_oidc_provider);
}

std::vector<OidcProvider> list_oidc_providers(sql::Txn& txn, std::string_view account) {
  static constexpr auto kSql =
      "SELECT " + kOidcProviderColumns + " FROM oidc_providers WHERE account = ? ORDER BY url";
  return sql::all_rows(txn.query(kSql, account), read_oidc_provider);
}

// The URL stays: it is part of the ARN that trust policies name.
void update_oidc_provider(sql::Txn& txn, const OidcProvider& provider) {
  txn.exec("UPDATE oidc_providers SET client_ids = ?, thumbprints = ? WHERE id = ?",
           join_lines(provider.client_ids), join_lines(provider.thumbprints), provider.id);
}

void delete_oidc_provider(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM oidc_providers WHERE id = ?", id);
}

namespace {

constexpr sql::Literal kSamlProviderColumns(
    "id, account, name, uuid, metadata, created_at, valid_until, partition");

SamlProvider read_saml_provider(const sql::Rows& row) {
  return {.id = row.integer(0),
          .account = row.string(1),
          .name = row.string(2),
          .uuid = row.string(3),
          .metadata = row.string(4),
          .created_at = from_column(row.integer(5)),
          .valid_until = from_column(row.integer(6)),
          .partition = row.string(7)};
}

}  // namespace

std::string saml_provider_arn(const SamlProvider& provider) {
  return "arn:" + provider.partition + ":iam::" + provider.account + ":saml-provider/" +
         provider.name;
}

// There is no folded name here: names of SAML providers are compared as they are written (inferred;
// test IamRows.ASamlProviderByItsName).
std::optional<std::int64_t> insert_saml_provider(sql::Txn& txn, const SamlProvider& provider) {
  const auto inserted = txn.exec(
      R"(INSERT INTO saml_providers (account, name, uuid, metadata, created_at, valid_until,
                                     partition)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (account, name) DO NOTHING)",
      provider.account, provider.name, provider.uuid, provider.metadata,
      to_column(provider.created_at), to_column(provider.valid_until), provider.partition);
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

std::optional<SamlProvider> find_saml_provider(sql::Txn& txn, std::string_view account,
                                               std::string_view name) {
  static constexpr auto kSql =
      "SELECT " + kSamlProviderColumns + " FROM saml_providers WHERE account = ? AND name = ?";
  return sql::first_row(txn.query(kSql, account, name), read_saml_provider);
}

std::vector<SamlProvider> list_saml_providers(sql::Txn& txn, std::string_view account) {
  static constexpr auto kSql =
      "SELECT " + kSamlProviderColumns + " FROM saml_providers WHERE account = ? ORDER BY name";
  return sql::all_rows(txn.query(kSql, account), read_saml_provider);
}

void update_saml_provider(sql::Txn& txn, const SamlProvider& provider) {
  txn.exec("UPDATE saml_providers SET metadata = ?, valid_until = ? WHERE id = ?",
           provider.metadata, to_column(provider.valid_until), provider.id);
}

// The tags of a provider are by ARN, without a foreign key: the caller removes them in the same
// transaction.
void delete_saml_provider(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM saml_providers WHERE id = ?", id);
}

}  // namespace ecr::storage
