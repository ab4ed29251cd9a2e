// Who calls, and whose key a key is.
#include <nlohmann/json.hpp>

#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "api/sts/operations.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api::sts {
namespace {

using storage::sql::Access;

// Allowed to everyone, even against an explicit deny (AWS STS API Reference); the evaluator knows.
Json get_caller_identity(Call& call) {
  return {{"Arn", call.caller.principal.arn},
          {"UserId", call.caller.user_id},
          {"Account", call.caller.account}};
}

std::optional<std::string> account_of(Call& call, const std::string& id) {
  // Keys that a seed gave need not have the form of AWS's: their rows know better.
  if (const auto key = storage::find_access_key(call.txn, id)) {
    if (const auto owner = storage::find_entity(call.txn, key->entity)) return owner->account;
  }
  if (const auto session = storage::find_session(call.txn, id)) return session->account;
  return account_in_id(id);
}

// Answers for any account's keys, and says nothing of whether the key exists.
Json get_access_key_info(Call& call) {
  const auto account = account_of(call, call.input["AccessKeyId"].get<std::string>());
  if (!account) throw ApiError(ErrorCode::kValidation, "Invalid Access Key ID");  // wording is ours
  return {{"Account", *account}};
}

// Encoded messages come from services that hide their reasons (EC2, say): none of those is here, so
// no message is one of ours. The sentence is from memory.
Json decode_authorization_message(Call&) {
  throw ApiError(ErrorCode::kInvalidAuthorizationMessage, "Message is not valid");
}

constexpr Operation kInspectionOperations[] = {
    {"GetCallerIdentity", "sts:GetCallerIdentity", Access::kRead, caller_target,
     get_caller_identity},
    {"GetAccessKeyInfo", "sts:GetAccessKeyInfo", Access::kRead, caller_target, get_access_key_info},
    {"DecodeAuthorizationMessage", "sts:DecodeAuthorizationMessage", Access::kRead, caller_target,
     decode_authorization_message},
};

}  // namespace

std::vector<const Operation*> inspection_operations() { return pointers(kInspectionOperations); }

}  // namespace ecr::api::sts
