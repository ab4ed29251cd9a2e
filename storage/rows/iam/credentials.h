// Rows of credentials that IAM stores and that no request to this server is signed with: SSH public
// keys, signing certificates and service-specific credentials of users, server certificates of
// accounts. No private key and no password is in them. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

enum class CredentialKind { kSshKey, kSigning, kService };  // "ssh", "signing", "service"

struct UserCredential {
  std::string id;
  CredentialKind kind = CredentialKind::kSshKey;
  std::int64_t entity = 0;
  std::string status = {};  // "Active", "Inactive"
  base::TimePoint created_at = {};
  std::string detail = {};  // JSON object; its members depend on the kind
};

// False: the id is taken.
bool insert_user_credential(sql::Txn& txn, const UserCredential& credential);
std::optional<UserCredential> find_user_credential(sql::Txn& txn, std::string_view id);
std::vector<UserCredential> user_credentials(sql::Txn& txn, std::int64_t entity,
                                             CredentialKind kind);  // by id
// Writes status, time and detail.
void update_user_credential(sql::Txn& txn, const UserCredential& credential);
void delete_user_credential(sql::Txn& txn, std::string_view id);

struct ServerCertificate {
  std::int64_t id = 0;
  std::string account = {};
  std::string name;  // unique in its account without regard to case
  std::string path = "/";
  std::string unique_id = {};  // ASCA...
  std::string body = {};       // PEM
  std::string chain = {};      // PEM; empty: none
  base::TimePoint uploaded_at = {};
  base::TimePoint expires_at = {};
  std::string partition = "aws";  // of the Region in which it was uploaded; its ARN is in it
};

std::string server_certificate_arn(const ServerCertificate& certificate);
// nullopt: the name is taken.
std::optional<std::int64_t> insert_server_certificate(sql::Txn& txn,
                                                      const ServerCertificate& certificate);
std::optional<ServerCertificate> find_server_certificate(sql::Txn& txn, std::string_view account,
                                                         std::string_view name);
std::vector<ServerCertificate> server_certificates(sql::Txn& txn, std::string_view account);
// Writes name and path.
void update_server_certificate(sql::Txn& txn, const ServerCertificate& certificate);
void delete_server_certificate(sql::Txn& txn, std::int64_t id);

}  // namespace ecr::storage
