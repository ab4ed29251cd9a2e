#include "api/sts/sts_api.h"

#include "api/core/wire/error.h"
#include "api/sts/operations.h"

namespace ecr::api::sts {

std::vector<Target> caller_target(const Call& call) {
  Target target;
  target.resource = "*";
  target.account = call.caller.account;
  return {target};
}

// AWS's sentence.
void refuse_mfa_code() {
  throw ApiError::access_denied(
      "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA "
      "serial number is valid and associated with this user.");
}

ServiceApi make_api() {
  std::vector<const Operation*> operations;
  for (const auto& group : {assume_role_operations(), inspection_operations(),
                            user_token_operations(), web_identity_operations()}) {
    operations.insert(operations.end(), group.begin(), group.end());
  }
  return {"sts", Protocol::kQuery, &model::ServiceModel::sts, std::move(operations)};
}

}  // namespace ecr::api::sts
