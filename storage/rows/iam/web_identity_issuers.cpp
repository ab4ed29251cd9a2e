#include "storage/rows/iam/web_identity_issuers.h"

#include "storage/sql/columns.h"

namespace ecr::storage {
namespace {

WebIdentityKey read_web_identity_key(const sql::Rows& row) {
  return {row.string(0), row.string(1), row.string(2)};
}

}  // namespace

std::optional<WebIdentityIssuer> find_web_identity_issuer(sql::Txn& txn, std::string_view account) {
  auto row =
      txn.query("SELECT issuer, enabled FROM web_identity_issuers WHERE account = ?", account);
  if (!row.next()) return std::nullopt;
  return WebIdentityIssuer{std::string(account), row.string(0), row.integer(1) != 0};
}

bool is_web_identity_issuer(sql::Txn& txn, std::string_view account, std::string_view issuer) {
  const auto found = find_web_identity_issuer(txn, account);
  return found && found->issuer == issuer;
}

void put_web_identity_issuer(sql::Txn& txn, const WebIdentityIssuer& issuer) {
  txn.exec("DELETE FROM web_identity_issuers WHERE account = ?", issuer.account);
  txn.exec("INSERT INTO web_identity_issuers (account, issuer, enabled) VALUES (?, ?, ?)",
           issuer.account, issuer.issuer, issuer.enabled);
}

std::optional<WebIdentityKey> find_web_identity_key(sql::Txn& txn, std::string_view algorithm) {
  return sql::first_row(
      txn.query("SELECT algorithm, id, private_key FROM web_identity_keys WHERE algorithm = ?",
                algorithm),
      read_web_identity_key);
}

std::vector<WebIdentityKey> web_identity_keys(sql::Txn& txn) {
  return sql::all_rows(
      txn.query("SELECT algorithm, id, private_key FROM web_identity_keys ORDER BY algorithm"),
      read_web_identity_key);
}

void insert_web_identity_key(sql::Txn& txn, const WebIdentityKey& key) {
  txn.exec("INSERT INTO web_identity_keys (algorithm, id, private_key) VALUES (?, ?, ?)",
           key.algorithm, key.id, key.private_key);
}

}  // namespace ecr::storage
