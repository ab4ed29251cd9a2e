// Rows of SAML identity providers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct SamlProvider {
  std::int64_t id = 0;
  std::string account = {};
  std::string name = {};
  std::string uuid = {};
  std::string metadata = {};  // XML, as it was given
  base::TimePoint created_at = {};
  base::TimePoint valid_until = {};
};

// arn:aws:iam::<account>:saml-provider/<name>
std::string saml_provider_arn(const SamlProvider& provider);

// nullopt: the name is taken.
std::optional<std::int64_t> insert_saml_provider(sql::Txn& txn, const SamlProvider& provider);
std::optional<SamlProvider> find_saml_provider(sql::Txn& txn, std::string_view account,
                                               std::string_view name);
std::vector<SamlProvider> list_saml_providers(sql::Txn& txn, std::string_view account);  // by name
// Metadata and validity as `provider` has them.
void update_saml_provider(sql::Txn& txn, const SamlProvider& provider);
void delete_saml_provider(sql::Txn& txn, std::int64_t id);

}  // namespace ecr::storage
