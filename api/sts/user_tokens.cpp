// GetSessionToken and GetFederationToken: temporary credentials of a user, or of the root user.
// Source: AWS STS API Reference.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "api/sts/sessions.h"
#include "api/sts/sts_api.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/tags.h"

namespace ecr::api::sts {
namespace {

using storage::sql::Access;

constexpr std::chrono::hours kDefaultUserSession{12};
// AWS STS API Reference, "GetSessionToken": "If the duration is longer than one hour, the session
// for AWS account owners defaults to one hour." It is no error (test TheRootUsersLastAnHourAtMost).
constexpr std::chrono::hours kRootLimit{1};

bool is_root(const Caller& caller) {
  return caller.principal.kind == auth::iam::PrincipalKind::kRoot;
}

std::chrono::seconds lifetime(const ApiRequest& request) {
  const auto wanted = duration_of(request.input, kDefaultUserSession);
  return is_root(request.caller) ? std::min<std::chrono::seconds>(wanted, kRootLimit) : wanted;
}

// A session of the calling user, or of the root user.
storage::Session session_of(const ApiRequest& request, storage::SessionKind kind) {
  storage::Session session;
  session.kind = kind;
  session.account = request.caller.account;
  if (!is_root(request.caller)) {
    const auto user = storage::find_entity(request.txn, request.caller.account,
                                           storage::EntityKind::kUser, request.caller.user_name);
    // Only a long-term key gets here (test SomeCallsAreClosedToTemporaryCredentials), and such a
    // key is a user's.
    if (!user) throw ApiError::access_denied("Only users can call this operation");
    session.entity = user->id;
  }
  return session;
}

// No permission is needed, and no policy can deny it (AWS STS API Reference, "GetSessionToken").
// The session is the user, with the user's policies.
Json get_session_token(ApiRequest& request) {
  storage::Session session = session_of(request, storage::SessionKind::kUser);
  session.mfa = take_mfa_code(request);
  Json output;
  issue_credentials(request, std::move(session), lifetime(request), output);
  return output;
}

// The federated user that a request asks for.
struct FederatedUser {
  std::string arn;
  SessionTags tags;
};

// The resource is the federated user that the session will be. Like AssumeRole, STS does not say
// why it denies.
Resolved<FederatedUser> federation_targets(const ApiRequest& request) {
  FederatedUser user;
  user.arn = federated_user_arn(request.caller.partition, request.caller.account,
                                request.input["Name"].get<std::string>());
  user.tags = requested_tags(request.input);
  Target target = plain_target(request, user.arn);
  if (user.tags.any()) target.request_tags = user.tags.requested;
  std::vector<Target> targets;
  const auto add = [&](std::string_view action) {
    target.action = action;
    target.denial = base::format("User: {} is not authorized to perform: {} on resource: {}",
                                 request.caller.principal.arn, action, target.resource);
    targets.push_back(target);
  };
  add("sts:GetFederationToken");
  if (user.tags.any()) add("sts:TagSession");
  return {std::move(targets), std::move(user)};
}

// A federated user has what both its session policies and its user's policies allow; without
// session policies it has nothing but what resource policies give it by name (test
// AFederatedUserHasWhatItsPolicyAndItsUserAllow).
Json get_federation_token(ApiRequest& request, FederatedUser& user) {
  storage::Session session = session_of(request, storage::SessionKind::kFederatedUser);
  session.name = request.input["Name"].get<std::string>();
  const auto packed = add_policies_and_tags(request, user.tags, session);
  Json output = {{"FederatedUser",
                  {{"FederatedUserId", session.account + ":" + session.name}, {"Arn", user.arn}}}};
  // There without policies and tags, too, unlike in AssumeRole (recorded of GetFederationToken).
  output["PackedPolicySize"] = packed.value_or(0);
  issue_credentials(request, std::move(session), lifetime(request), output);
  return output;
}

constexpr Operation kUserTokenOperations[] = {
    {"GetSessionToken", "sts:GetSessionToken", Access::kWrite, on<caller_target, get_session_token>,
     Credentials::kSignature, nullptr, kBodyLimit, kNoSession},
    {"GetFederationToken", "sts:GetFederationToken", Access::kWrite,
     on<federation_targets, get_federation_token>, Credentials::kSignature, nullptr, kBodyLimit,
     kNoSession},
};

}  // namespace

std::vector<const Operation*> user_token_operations() { return pointers(kUserTokenOperations); }

}  // namespace ecr::api::sts
