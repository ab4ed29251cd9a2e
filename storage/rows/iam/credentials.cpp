#include "storage/rows/iam/credentials.h"

#include "schemas/base/encoding.h"
#include "storage/sql/columns.h"

namespace ecr::storage {
namespace {

constexpr EnumColumn<CredentialKind, 3> kCredentialKinds({"ssh", "signing", "service"});

constexpr sql::Literal kCredentialColumns("id, kind, entity, status, created_at, detail");

UserCredential read_user_credential(const sql::Rows& row) {
  return {.id = row.string(0),
          .kind = kCredentialKinds.value(row.text(1)),
          .entity = row.integer(2),
          .status = row.string(3),
          .created_at = from_column(row.integer(4)),
          .detail = row.string(5)};
}

constexpr sql::Literal kCertificateColumns(
    "id, account, name, path, unique_id, body, chain, uploaded_at, expires_at, partition");

ServerCertificate read_server_certificate(const sql::Rows& row) {
  return {.id = row.integer(0),
          .account = row.string(1),
          .name = row.string(2),
          .path = row.string(3),
          .unique_id = row.string(4),
          .body = row.string(5),
          .chain = row.string(6),
          .uploaded_at = from_column(row.integer(7)),
          .expires_at = from_column(row.integer(8)),
          .partition = row.string(9)};
}

}  // namespace

bool insert_user_credential(sql::Txn& txn, const UserCredential& credential) {
  return txn.exec(
             R"(INSERT INTO user_credentials (id, kind, entity, status, created_at, detail)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO NOTHING)",
             credential.id, kCredentialKinds.text(credential.kind), credential.entity,
             credential.status, to_column(credential.created_at), credential.detail) != 0;
}

std::optional<UserCredential> find_user_credential(sql::Txn& txn, std::string_view id) {
  static constexpr auto kSql =
      "SELECT " + kCredentialColumns + " FROM user_credentials WHERE id = ?";
  return sql::first_row(txn.query(kSql, id), read_user_credential);
}

std::vector<UserCredential> user_credentials(sql::Txn& txn, std::int64_t entity,
                                             CredentialKind kind) {
  static constexpr auto kSql = "SELECT " + kCredentialColumns +
                               " FROM user_credentials WHERE entity = ? AND kind = ? ORDER BY id";
  return sql::all_rows(txn.query(kSql, entity, kCredentialKinds.text(kind)), read_user_credential);
}

void update_user_credential(sql::Txn& txn, const UserCredential& credential) {
  txn.exec("UPDATE user_credentials SET status = ?, created_at = ?, detail = ? WHERE id = ?",
           credential.status, to_column(credential.created_at), credential.detail, credential.id);
}

void delete_user_credential(sql::Txn& txn, std::string_view id) {
  txn.exec("DELETE FROM user_credentials WHERE id = ?", id);
}

std::string server_certificate_arn(const ServerCertificate& certificate) {
  return "arn:" + certificate.partition + ":iam::" + certificate.account + ":server-certificate" +
         certificate.path + certificate.name;
}

std::optional<std::int64_t> insert_server_certificate(sql::Txn& txn,
                                                      const ServerCertificate& certificate) {
  const auto inserted = txn.exec(
      R"(INSERT INTO server_certificates (account, name, name_folded, path, unique_id, body, chain,
                                          uploaded_at, expires_at, partition)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (account, name_folded) DO NOTHING)",
      certificate.account, certificate.name, base::to_lower(certificate.name), certificate.path,
      certificate.unique_id, certificate.body, certificate.chain,
      to_column(certificate.uploaded_at), to_column(certificate.expires_at), certificate.partition);
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

std::optional<ServerCertificate> find_server_certificate(sql::Txn& txn, std::string_view account,
                                                         std::string_view name) {
  static constexpr auto kSql = "SELECT " + kCertificateColumns +
                               " FROM server_certificates WHERE account = ? AND name_folded = ?";
  return sql::first_row(txn.query(kSql, account, base::to_lower(name)), read_server_certificate);
}

std::vector<ServerCertificate> server_certificates(sql::Txn& txn, std::string_view account) {
  static constexpr auto kSql = "SELECT " + kCertificateColumns +
                               " FROM server_certificates WHERE account = ? ORDER BY name_folded";
  return sql::all_rows(txn.query(kSql, account), read_server_certificate);
}

void update_server_certificate(sql::Txn& txn, const ServerCertificate& certificate) {
  txn.exec("UPDATE server_certificates SET name = ?, name_folded = ?, path = ? WHERE id = ?",
           certificate.name, base::to_lower(certificate.name), certificate.path, certificate.id);
}

void delete_server_certificate(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM server_certificates WHERE id = ?", id);
}

}  // namespace ecr::storage
