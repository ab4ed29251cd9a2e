#include "api/core/access/session_limits.h"

#include "api/core/wire/error.h"
#include "schemas/base/text.h"

namespace ecr::api {
namespace {

using storage::SessionKind;

bool may_call_sts(SessionKind kind, std::string_view operation) {
  switch (kind) {
    case SessionKind::kRole:
      return operation != "GetFederationToken" && operation != "GetSessionToken";
    case SessionKind::kUser:
      return operation == "AssumeRole" || operation == "GetCallerIdentity";
    case SessionKind::kFederatedUser:
      return operation == "GetCallerIdentity";
  }
  return false;
}

bool may_call_iam(const storage::Session& session) {
  switch (session.kind) {
    case SessionKind::kRole:
      return true;
    case SessionKind::kUser:
      return session.mfa;
    case SessionKind::kFederatedUser:
      return false;
  }
  return false;
}

}  // namespace

void check_session_limits(const Caller& caller, std::string_view service,
                          std::string_view operation) {
  if (!caller.temporary) return;
  // The sentence is AWS's for GetSessionToken and GetFederationToken; of the others by analogy.
  if (service == "sts" && !may_call_sts(caller.temporary->kind, operation)) {
    throw ApiError::access_denied(
        base::format("Cannot call {} with session credentials", operation));
  }
  if (service == "iam" && !may_call_iam(*caller.temporary)) {
    throw ApiError(ErrorCode::kUnrecognizedClient,
                   "The security token included in the request is invalid");
  }
}

}  // namespace ecr::api
