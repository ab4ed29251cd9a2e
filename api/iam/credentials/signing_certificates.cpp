// Signing certificates of users (X.509). In AWS they sign requests of old SOAP interfaces; here
// they are stored and shown. Source: AWS IAM API Reference; the texts of errors are inferred.
#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/iam/credentials/public_keys.h"
#include "api/iam/credentials/user_credentials.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/targets.h"
#include "auth/totp.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::CredentialKind;
using storage::UserCredential;
using storage::sql::Access;

constexpr std::size_t kSigningCertificatesPerUser = 2;  // "IAM and AWS STS quotas"

Json signing_certificate_json(const storage::Entity& user, const UserCredential& certificate) {
  return {{"UserName", user.name},
          {"CertificateId", certificate.id},
          {"CertificateBody", base::parse_json(certificate.detail).value()["body"]},
          {"Status", certificate.status},
          {"UploadDate", iso_time(certificate.created_at)}};
}

// 32 characters, as AWS's ids have, made of account and certificate: the same certificate cannot be
// uploaded twice to one account ("DuplicateCertificate").
std::string signing_certificate_id(const std::string& account, X509* certificate) {
  std::string hash = certificate_hash(certificate);
  for (std::size_t i = 0; i < account.size(); ++i)
    hash[i] = static_cast<char>(hash[i] ^ account[i]);
  return auth::base32_encode(hash);
}

Json upload_signing_certificate(ApiRequest& request, const storage::Entity& user) {
  const std::string body = text_member(request.input, "CertificateBody");
  const auto read = read_one_certificate(body);
  if (valid_until(read.get()) < request.now) {
    throw ApiError(ErrorCode::kInvalidCertificate, "The certificate has expired.");
  }
  if (storage::user_credentials(request.txn, user.id, CredentialKind::kSigning).size() >=
      kSigningCertificatesPerUser) {
    throw limit_exceeded(base::format("Cannot exceed quota for CertificatesPerUser: {}",
                                      kSigningCertificatesPerUser));
  }
  const UserCredential certificate{.id = signing_certificate_id(user.account, read.get()),
                                   .kind = CredentialKind::kSigning,
                                   .entity = user.id,
                                   .status = "Active",
                                   .created_at = request.now,
                                   .detail = base::dump(Json{{"body", body}})};
  if (!storage::insert_user_credential(request.txn, certificate)) {
    throw ApiError(ErrorCode::kDuplicateCertificate,
                   "The same certificate is associated with a user of the account.");
  }
  return {{"Certificate", signing_certificate_json(user, certificate)}};
}

UserCredential require_signing_certificate(const ApiRequest& request, const storage::Entity& user) {
  return require_credential_of(request, user, CredentialKind::kSigning, "CertificateId",
                               "Certificate");
}

Json update_signing_certificate(ApiRequest& request, const storage::Entity& user) {
  UserCredential certificate = require_signing_certificate(request, user);
  certificate.status = requested_status(request);
  storage::update_user_credential(request.txn, certificate);
  return Json::object();
}

Json delete_signing_certificate(ApiRequest& request, const storage::Entity& user) {
  storage::delete_user_credential(request.txn, require_signing_certificate(request, user).id);
  return Json::object();
}

Json list_signing_certificates(ApiRequest& request, NamedEntity& named) {
  const Pager pager(request);
  std::vector<Listed> items;
  if (const storage::Entity* user = listed_user(request, named)) {
    for (const UserCredential& certificate :
         storage::user_credentials(request.txn, user->id, CredentialKind::kSigning)) {
      items.emplace_back(certificate.id, signing_certificate_json(*user, certificate));
    }
  }
  return pager.page("Certificates", std::move(items));
}

constexpr Operation kSigningCertificateOperations[] = {
    {"UploadSigningCertificate", "iam:UploadSigningCertificate", Access::kWrite,
     on<entity_target, upload_signing_certificate>},
    {"UpdateSigningCertificate", "iam:UpdateSigningCertificate", Access::kWrite,
     on<entity_target, update_signing_certificate>},
    {"DeleteSigningCertificate", "iam:DeleteSigningCertificate", Access::kWrite,
     on<entity_target, delete_signing_certificate>},
    {"ListSigningCertificates", "iam:ListSigningCertificates", Access::kRead,
     on<entity_target, list_signing_certificates>},
};

}  // namespace

std::vector<const Operation*> signing_certificate_operations() {
  return pointers(kSigningCertificateOperations);
}

}  // namespace ecr::api::iam
