// Rows of the tokens that this server vouches for (GetWebIdentityToken): the accounts that may ask
// for them, and the keys that sign them. Free functions on Txn.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sql/database.h"

namespace ecr::storage {

struct WebIdentityIssuer {
  std::string account;
  std::string issuer;  // URL, with its scheme
  bool enabled = true;
};
std::optional<WebIdentityIssuer> find_web_identity_issuer(sql::Txn& txn, std::string_view account);
// Whether the account has, or had, this issuer: tokens outlive the feature.
bool is_web_identity_issuer(sql::Txn& txn, std::string_view account, std::string_view issuer);
// Replaces the account's.
void put_web_identity_issuer(sql::Txn& txn, const WebIdentityIssuer& issuer);

struct WebIdentityKey {
  std::string algorithm;    // "RS256", "ES384"
  std::string id;           // kid
  std::string private_key;  // PEM
};
std::optional<WebIdentityKey> find_web_identity_key(sql::Txn& txn, std::string_view algorithm);
std::vector<WebIdentityKey> web_identity_keys(sql::Txn& txn);  // by algorithm
// REQUIRES: the algorithm has none.
void insert_web_identity_key(sql::Txn& txn, const WebIdentityKey& key);

}  // namespace ecr::storage
