// The service's table, and the operations that name the caller and the account of a key:
// GetCallerIdentity, GetAccessKeyInfo, DecodeAuthorizationMessage.
#include "api/sts/sts_api.h"

#include <nlohmann/json.hpp>

#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "schemas/base/text.h"
#include "schemas/model/aws_hosts.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api::sts {
namespace {

using storage::sql::Access;

// Every caller may do this, even against an explicit deny (AWS STS API Reference,
// "GetCallerIdentity"): the evaluator makes the exception, not this table.
Json get_caller_identity(ApiRequest& request) {
  return {{"Arn", request.caller.principal.arn},
          {"UserId", request.caller.user_id},
          {"Account", request.caller.account}};
}

std::optional<std::string> account_of(ApiRequest& request, const std::string& id) {
  // Keys from a seed need not have the form of AWS's, which contains the account: rows come first.
  if (const auto key = storage::find_access_key(request.txn, id)) {
    if (const auto owner = storage::find_entity(request.txn, key->entity)) return owner->account;
  }
  if (const auto session = storage::find_session(request.txn, id)) return session->account;
  return account_in_id(id);
}

// Answers for the keys of every account, and does not say whether the key exists (AWS STS API
// Reference, "GetAccessKeyInfo"): the account is read out of the id itself.
Json get_access_key_info(ApiRequest& request) {
  const auto account = account_of(request, request.input["AccessKeyId"].get<std::string>());
  if (!account) throw ApiError(ErrorCode::kValidation, "Invalid Access Key ID");  // wording is ours
  return {{"Account", *account}};
}

// Encoded messages come from services that hide the reasons of a denial (EC2, for example). No such
// service is here, so no message is valid. The sentence is from memory.
Json decode_authorization_message(ApiRequest&) {
  throw ApiError(ErrorCode::kInvalidAuthorizationMessage, "Message is not valid");
}

constexpr Operation kInspectionOperations[] = {
    {"GetCallerIdentity", "sts:GetCallerIdentity", Access::kRead,
     on<caller_target, get_caller_identity>},
    {"GetAccessKeyInfo", "sts:GetAccessKeyInfo", Access::kRead,
     on<caller_target, get_access_key_info>, Credentials::kSignature, nullptr, kBodyLimit,
     kRoleSession},
    {"DecodeAuthorizationMessage", "sts:DecodeAuthorizationMessage", Access::kRead,
     on<caller_target, decode_authorization_message>, Credentials::kSignature, nullptr, kBodyLimit,
     kRoleSession},
};

}  // namespace

// "The API is not available on the AWS STS Global endpoint". Which error AWS answers there is not
// published: this is the one for an operation that is not known.
void require_regional_endpoint(const ApiRequest& request) {
  const auto host = model::parse_api_host(request.http.host());
  if (!host || !host->region.empty()) return;
  throw ApiError::unknown_operation(
      base::format("Could not find operation {} for version {}",
                   request.action.substr(request.action.find(':') + 1),
                   model::ServiceModel::sts().api_version()));
}

std::vector<Target> caller_target(const ApiRequest& request) {
  return {plain_target(request, "*")};
}

ServiceApi make_api() {
  std::vector<const Operation*> operations = pointers(kInspectionOperations);
  for (const auto& table : {assume_role_operations(), assume_role_with_web_identity_operations(),
                            user_token_operations(), scoped_credentials_operations(),
                            web_identity_token_operations()}) {
    operations.insert(operations.end(), table.begin(), table.end());
  }
  return {"sts", Protocol::kQuery, &model::ServiceModel::sts, std::move(operations)};
}

}  // namespace ecr::api::sts
