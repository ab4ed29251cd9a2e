// Service-specific credentials: user name and password for CodeCommit and Keyspaces, API keys of
// Amazon Bedrock. Those services are not here, so the credentials are listed, and their secrets are
// shown once and not stored. Source: AWS IAM API Reference; the texts of errors are inferred.
#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "api/iam/credentials/user_credentials.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::CredentialKind;
using storage::UserCredential;
using storage::sql::Access;

// IAM User Guide, "Service-specific credentials for IAM users".
constexpr std::string_view kBedrock = "bedrock.amazonaws.com";
constexpr std::array<std::string_view, 3> kCredentialServices = {
    "codecommit.amazonaws.com", "cassandra.amazonaws.com", kBedrock};
constexpr std::size_t kCredentialsPerService = 2;  // of one user
constexpr std::string_view kServiceCredentialId = "ACCA";

std::string make_service_password(base::Random& random) {
  std::array<std::uint8_t, 32> noise;
  random.fill(noise);
  return base::base64_encode({reinterpret_cast<const char*>(noise.data()), noise.size()});
}

Json service_credential_json(const storage::Entity& user, const UserCredential& credential) {
  Json json = base::parse_json(credential.detail).value();  // the members that are given once
  json["UserName"] = user.name;
  json["Status"] = credential.status;
  json["CreateDate"] = iso_time(credential.created_at);
  json["ServiceSpecificCredentialId"] = credential.id;
  return json;
}

// With the secret, which no later answer has.
Json with_secret(ApiRequest& request, const storage::Entity& user,
                 const UserCredential& credential) {
  Json json = service_credential_json(user, credential);
  const bool key = json["ServiceName"] == kBedrock;
  json[key ? "ServiceCredentialSecret" : "ServicePassword"] =
      make_service_password(request.core.random);
  return {{"ServiceSpecificCredential", std::move(json)}};
}

std::vector<UserCredential> credentials_for(const ApiRequest& request, const storage::Entity& user,
                                            const std::string& service) {
  auto list = storage::user_credentials(request.txn, user.id, CredentialKind::kService);
  if (service.empty()) return list;
  std::erase_if(list, [&](const UserCredential& one) {
    return base::parse_json(one.detail).value()["ServiceName"] != service;
  });
  return list;
}

// The user name of the service: "jane-at-111122223333", and with "+1" the second one.
std::string service_user_name(const storage::Entity& user,
                              const std::vector<UserCredential>& others) {
  const std::string first = base::format("{}-at-{}", user.name, user.account);
  for (const UserCredential& other : others) {
    const Json detail = base::parse_json(other.detail).value();
    if (detail.value("ServiceUserName", "") == first) {
      return base::format("{}+1-at-{}", user.name, user.account);
    }
  }
  return first;
}

Json create_service_credential(ApiRequest& request, const storage::Entity& user) {
  const std::string service = text_member(request.input, "ServiceName");
  if (std::find(kCredentialServices.begin(), kCredentialServices.end(), service) ==
      kCredentialServices.end()) {
    throw ApiError(
        ErrorCode::kServiceNotSupported,
        base::format("No such service {} is supported for Service Specific Credentials", service));
  }
  const bool expires = request.input.contains("CredentialAgeDays");
  if (expires && service != kBedrock) {
    throw validation_error("CredentialAgeDays is only supported for bedrock.amazonaws.com.");
  }
  const auto others = credentials_for(request, user, service);
  if (others.size() >= kCredentialsPerService) {
    throw limit_exceeded(base::format(
        "Cannot exceed quota for ServiceSpecificCredentialsPerUser: {}", kCredentialsPerService));
  }
  const std::string name = service_user_name(user, others);
  Json detail = {{"ServiceName", service}};
  detail[service == kBedrock ? "ServiceCredentialAlias" : "ServiceUserName"] = name;
  if (expires) {
    detail["ExpirationDate"] = iso_time(
        request.now + std::chrono::hours(24) * request.input["CredentialAgeDays"].get<int>());
  }
  const UserCredential credential{
      .id = make_unique_id(request.core.random, kServiceCredentialId, user.account),
      .kind = CredentialKind::kService,
      .entity = user.id,
      .status = "Active",
      .created_at = request.now,
      .detail = base::dump(detail)};
  storage::insert_user_credential(request.txn, credential);
  return with_secret(request, user, credential);
}

UserCredential require_service_credential(const ApiRequest& request, const storage::Entity& user) {
  return require_credential_of(request, user, CredentialKind::kService,
                               "ServiceSpecificCredentialId", "Service Specific Credential");
}

Json reset_service_credential(ApiRequest& request, const storage::Entity& user) {
  return with_secret(request, user, require_service_credential(request, user));
}

Json update_service_credential(ApiRequest& request, const storage::Entity& user) {
  UserCredential credential = require_service_credential(request, user);
  credential.status = requested_status(request);
  storage::update_user_credential(request.txn, credential);
  return Json::object();
}

Json delete_service_credential(ApiRequest& request, const storage::Entity& user) {
  storage::delete_user_credential(request.txn, require_service_credential(request, user).id);
  return Json::object();
}

constexpr std::int64_t kEveryUser = 1'000'000;

// AllUsers lists those of the whole account; it excludes UserName (API Reference).
Json list_service_credentials(ApiRequest& request, NamedEntity& named) {
  const Pager pager(request);
  const std::string service = text_member(request.input, "ServiceName");
  std::vector<storage::Entity> users;
  if (request.input.value("AllUsers", false)) {
    if (request.input.contains("UserName")) {
      throw validation_error("AllUsers cannot be specified together with UserName.");
    }
    users = storage::list_entities(request.txn, request.caller.account, storage::EntityKind::kUser,
                                   "", "", kEveryUser);
  } else if (const storage::Entity* user = listed_user(request, named)) {
    users.push_back(*user);
  }
  std::vector<Listed> items;
  for (const storage::Entity& user : users) {
    for (const UserCredential& credential : credentials_for(request, user, service)) {
      items.emplace_back(credential.id, service_credential_json(user, credential));
    }
  }
  std::sort(items.begin(), items.end(),
            [](const Listed& a, const Listed& b) { return a.first < b.first; });
  return pager.page("ServiceSpecificCredentials", std::move(items));
}

constexpr Operation kServiceCredentialOperations[] = {
    {"CreateServiceSpecificCredential", "iam:CreateServiceSpecificCredential", Access::kWrite,
     on<entity_target, create_service_credential>},
    {"ResetServiceSpecificCredential", "iam:ResetServiceSpecificCredential", Access::kWrite,
     on<entity_target, reset_service_credential>},
    {"UpdateServiceSpecificCredential", "iam:UpdateServiceSpecificCredential", Access::kWrite,
     on<entity_target, update_service_credential>},
    {"DeleteServiceSpecificCredential", "iam:DeleteServiceSpecificCredential", Access::kWrite,
     on<entity_target, delete_service_credential>},
    {"ListServiceSpecificCredentials", "iam:ListServiceSpecificCredentials", Access::kRead,
     on<entity_target, list_service_credentials>},
};

}  // namespace

std::vector<const Operation*> service_credential_operations() {
  return pointers(kServiceCredentialOperations);
}

}  // namespace ecr::api::iam
