// GetScopedCredentials: temporary credentials make others of the same session that may do less, or
// end sooner. Sources: AWS STS API Reference, "GetScopedCredentials"; IAM User Guide, "Permissions
// for GetScopedCredentials".
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/sts/sessions.h"
#include "api/sts/sts_api.h"
#include "schemas/base/json.h"

namespace ecr::api::sts {
namespace {

using storage::sql::Access;

// "You cannot call it with IAM user credentials or root credentials." The error is the operation's
// own for callers that are no session; its words are ours.
std::vector<Target> scoped_credentials_target(const ApiRequest& request) {
  require_regional_endpoint(request);
  if (!request.caller.temporary) {
    throw ApiError(ErrorCode::kInvalidSubjectCredentials,
                   "GetScopedCredentials must be called with temporary security credentials");
  }
  return caller_target(request);
}

// The rest of the calling session, or less. A begun second counts: issue_credentials() rounds the
// end down, so the new credentials end with the session, and never after it. The words of the error
// are ours.
std::chrono::seconds scoped_lifetime(const ApiRequest& request) {
  const auto rest =
      std::chrono::ceil<std::chrono::seconds>(request.caller.temporary->expires_at - request.now);
  const auto wanted = duration_of(request.input, rest);
  if (wanted > rest) {
    throw ApiError(ErrorCode::kInsufficientSessionLifetime,
                   "The requested DurationSeconds exceeds the remaining lifetime of the calling "
                   "session.");
  }
  return wanted;
}

// The new credentials are the same session in all but permissions and end: ARN, name, tags, source
// identity, and when it began, so that a policy which revokes sessions by aws:TokenIssueTime
// revokes these, too (inferred).
Json get_scoped_credentials(ApiRequest& request) {
  const bool has_policy = request.input.contains("Policy");
  if (!has_policy && !request.input.contains("DurationSeconds")) {  // the words are ours
    throw ApiError(ErrorCode::kValidation,
                   "At least one of Policy and DurationSeconds must be specified");
  }
  const auto lifetime = scoped_lifetime(request);
  storage::Session session = *request.caller.temporary;
  Json documents = base::parse_json(session.scope_down).value();
  if (has_policy) {
    documents.push_back(request.input["Policy"]);
    check_session_policy(documents.back().get_ref<const std::string&>());
    session.scope_down = base::dump(documents);
  }
  Json output = {
      {"SessionInfo",
       {{"ScopedSessionId", request.caller.user_id}, {"Arn", request.caller.principal.arn}}},
      {"ScopedPoliciesCount", documents.size()}};
  if (session.source_identity) output["SourceIdentity"] = *session.source_identity;
  issue_credentials(request, std::move(session), lifetime, output);
  return output;
}

constexpr Operation kScopedCredentialsOperations[] = {
    {"GetScopedCredentials", "sts:GetScopedCredentials", Access::kWrite,
     on<scoped_credentials_target, get_scoped_credentials>},
};

}  // namespace

std::vector<const Operation*> scoped_credentials_operations() {
  return pointers(kScopedCredentialsOperations);
}

}  // namespace ecr::api::sts
