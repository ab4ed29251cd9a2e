// Rows of identity providers, OpenID Connect and SAML: an account's roles may trust the identities
// that they vouch for. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct OidcProvider {
  std::int64_t id = 0;
  std::string account = {};
  std::string url = {};  // the issuer without "https://": "token.actions.githubusercontent.com"
  std::vector<std::string> client_ids = {};   // audiences, in the order they were added
  std::vector<std::string> thumbprints = {};  // SHA-1 of certificates, 40 hex digits
  base::TimePoint created_at = {};
  std::string partition = "aws";  // of the Region in which it was made; its ARN is in it
};

// "https://example.com/x" in the form of the rows and ARNs: without scheme and trailing slash, the
// host in lower case.
std::string oidc_url(std::string_view issuer);
// arn:aws:iam::<account>:oidc-provider/<url>
std::string oidc_provider_arn(const OidcProvider& provider);

// nullopt: the account has a provider of that URL.
std::optional<std::int64_t> insert_oidc_provider(sql::Txn& txn, const OidcProvider& provider);
// `issuer` with or without its scheme, as in a token's "iss" or an ARN.
std::optional<OidcProvider> find_oidc_provider(sql::Txn& txn, std::string_view account,
                                               std::string_view issuer);
std::vector<OidcProvider> list_oidc_providers(sql::Txn& txn, std::string_view account);  // by URL
// Writes client ids and thumbprints of `provider`.
void update_oidc_provider(sql::Txn& txn, const OidcProvider& provider);
void delete_oidc_provider(sql::Txn& txn, std::int64_t id);

struct SamlProvider {
  std::int64_t id = 0;
  std::string account = {};
  std::string name = {};
  std::string uuid = {};
  std::string metadata = {};  // XML, as it was given
  base::TimePoint created_at = {};
  base::TimePoint valid_until = {};
  std::string partition = "aws";
};

// arn:aws:iam::<account>:saml-provider/<name>
std::string saml_provider_arn(const SamlProvider& provider);

// nullopt: the name is taken.
std::optional<std::int64_t> insert_saml_provider(sql::Txn& txn, const SamlProvider& provider);
std::optional<SamlProvider> find_saml_provider(sql::Txn& txn, std::string_view account,
                                               std::string_view name);
std::vector<SamlProvider> list_saml_providers(sql::Txn& txn, std::string_view account);  // by name
// Writes metadata and validity of `provider`.
void update_saml_provider(sql::Txn& txn, const SamlProvider& provider);
void delete_saml_provider(sql::Txn& txn, std::int64_t id);

}  // namespace ecr::storage
