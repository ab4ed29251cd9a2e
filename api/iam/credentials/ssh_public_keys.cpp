// SSH public keys of users. In AWS they open repositories of CodeCommit; here they are stored and
// shown. Source: AWS IAM API Reference; the texts of errors are inferred.
#include <nlohmann/json.hpp>

#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "api/iam/credentials/public_keys.h"
#include "api/iam/credentials/user_credentials.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::CredentialKind;
using storage::UserCredential;
using storage::sql::Access;

constexpr std::size_t kSshKeysPerUser = 5;  // IAM User Guide, "IAM and AWS STS quotas"
constexpr std::string_view kSshKeyId = "APKA";

Json ssh_key_metadata(const storage::Entity& user, const UserCredential& key) {
  return {{"UserName", user.name},
          {"SSHPublicKeyId", key.id},
          {"Status", key.status},
          {"UploadDate", iso_time(key.created_at)}};
}

Json ssh_key_json(const storage::Entity& user, const UserCredential& key, const char* form) {
  const Json detail = base::parse_json(key.detail).value();
  Json json = ssh_key_metadata(user, key);
  json["Fingerprint"] = detail["fingerprint"];
  json["SSHPublicKeyBody"] = detail[form];
  return {{"SSHPublicKey", std::move(json)}};
}

// The same key twice is refused for one user. That other users may have it is inferred.
Json upload_ssh_key(ApiRequest& request, const storage::Entity& user) {
  const std::string body = text_member(request.input, "SSHPublicKeyBody");
  const SshPublicKey read = read_ssh_public_key(body);
  const auto keys = storage::user_credentials(request.txn, user.id, CredentialKind::kSshKey);
  for (const UserCredential& other : keys) {
    if (base::parse_json(other.detail).value()["ssh"] == read.ssh) {
      throw ApiError(ErrorCode::kDuplicateSshPublicKey,
                     "The SSH public key is already associated with this user.");
    }
  }
  if (keys.size() >= kSshKeysPerUser) {
    throw limit_exceeded(
        base::format("Cannot exceed quota for SSHPublicKeysPerUser: {}", kSshKeysPerUser));
  }
  UserCredential key;
  key.id = make_unique_id(request.core.random, kSshKeyId, user.account);
  key.kind = CredentialKind::kSshKey;
  key.entity = user.id;
  key.status = "Active";
  key.created_at = request.now;
  key.detail = base::dump(Json{
      {"body", body}, {"ssh", read.ssh}, {"pem", read.pem}, {"fingerprint", read.fingerprint}});
  storage::insert_user_credential(request.txn, key);
  return ssh_key_json(user, key, "body");
}

UserCredential require_ssh_key(const ApiRequest& request, const storage::Entity& user) {
  return require_credential_of(request, user, CredentialKind::kSshKey, "SSHPublicKeyId",
                               "SSH Public Key");
}

Json get_ssh_key(ApiRequest& request, const storage::Entity& user) {
  const bool pem = text_member(request.input, "Encoding") == "PEM";
  return ssh_key_json(user, require_ssh_key(request, user), pem ? "pem" : "ssh");
}

Json update_ssh_key(ApiRequest& request, const storage::Entity& user) {
  UserCredential key = require_ssh_key(request, user);
  key.status = requested_status(request);
  storage::update_user_credential(request.txn, key);
  return Json::object();
}

Json delete_ssh_key(ApiRequest& request, const storage::Entity& user) {
  storage::delete_user_credential(request.txn, require_ssh_key(request, user).id);
  return Json::object();
}

Json list_ssh_keys(ApiRequest& request, NamedEntity& named) {
  const Pager pager(request);
  std::vector<Listed> items;
  if (const storage::Entity* user = listed_user(request, named)) {
    for (const UserCredential& key :
         storage::user_credentials(request.txn, user->id, CredentialKind::kSshKey)) {
      items.emplace_back(key.id, ssh_key_metadata(*user, key));
    }
  }
  return pager.page("SSHPublicKeys", std::move(items));
}

constexpr Operation kSshKeyOperations[] = {
    {"UploadSSHPublicKey", "iam:UploadSSHPublicKey", Access::kWrite,
     on<entity_target, upload_ssh_key>},
    {"GetSSHPublicKey", "iam:GetSSHPublicKey", Access::kRead, on<entity_target, get_ssh_key>},
    {"UpdateSSHPublicKey", "iam:UpdateSSHPublicKey", Access::kWrite,
     on<entity_target, update_ssh_key>},
    {"DeleteSSHPublicKey", "iam:DeleteSSHPublicKey", Access::kWrite,
     on<entity_target, delete_ssh_key>},
    {"ListSSHPublicKeys", "iam:ListSSHPublicKeys", Access::kRead, on<entity_target, list_ssh_keys>},
};

}  // namespace

std::vector<const Operation*> ssh_key_operations() { return pointers(kSshKeyOperations); }

}  // namespace ecr::api::iam
