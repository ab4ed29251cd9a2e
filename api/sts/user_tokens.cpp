// GetSessionToken and GetFederationToken: temporary credentials of a user, or of the root user.
// Source: AWS STS API Reference.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/sts/common.h"
#include "api/sts/session_policies.h"
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

std::chrono::seconds lifetime(const Call& call) {
  const auto wanted = duration_of(call.input, kDefaultUserSession);
  return is_root(call.caller) ? std::min<std::chrono::seconds>(wanted, kRootLimit) : wanted;
}

// A session of the calling user, or of the root user.
storage::Session session_of(const Call& call, storage::SessionKind kind) {
  storage::Session session;
  session.kind = kind;
  session.account = call.caller.account;
  if (!is_root(call.caller)) {
    const auto user = storage::find_entity(call.txn, call.caller.account,
                                           storage::EntityKind::kUser, call.caller.user_name);
    // Only a long-term key gets here (test SomeCallsAreClosedToTemporaryCredentials), and such a
    // key is a user's.
    if (!user) throw ApiError::access_denied("Only users can call this operation");
    session.entity = user->id;
  }
  return session;
}

// No permission is needed, and no policy can deny it (AWS STS API Reference, "GetSessionToken").
// The session is the user, with the user's policies.
Json get_session_token(Call& call) {
  if (call.input.contains("SerialNumber") || call.input.contains("TokenCode")) refuse_mfa_code();
  return {{"Credentials",
           issue_credentials(call, session_of(call, storage::SessionKind::kUser), lifetime(call))}};
}

std::string federated_arn(const Call& call) {
  return base::format("arn:aws:sts::{}:federated-user/{}", call.caller.account,
                      call.input["Name"].get<std::string>());
}

// The resource is the federated user that the session will be. Like AssumeRole, STS does not say
// why it denies.
std::vector<Target> federation_targets(const Call& call) {
  Target target;
  target.resource = federated_arn(call);
  target.account = call.caller.account;
  const storage::Tags tags = requested_tags(call.input);
  std::vector<Target> targets;
  if (!tags.empty()) target.request_tags = tags;
  for (const std::string_view action : {"sts:GetFederationToken", "sts:TagSession"}) {
    if (action == "sts:TagSession" && tags.empty()) continue;
    target.action = action;
    target.denial = base::format("User: {} is not authorized to perform: {} on resource: {}",
                                 call.caller.principal.arn, action, target.resource);
    targets.push_back(target);
  }
  return targets;
}

// A federated user has what both its session policies and its user's policies allow; without
// session policies it has nothing but what resource policies give it by name (test
// AFederatedUserHasWhatItsPolicyAndItsUserAllow).
Json get_federation_token(Call& call) {
  const storage::Tags tags = requested_tags(call.input);
  storage::Session session = session_of(call, storage::SessionKind::kFederatedUser);
  session.name = call.input["Name"].get<std::string>();
  session.policies = session_policies(call, session.account);
  session.tags = to_json_text(tags);
  const int packed = packed_size(call.input, tags);
  Json output = {
      {"FederatedUser",
       {{"FederatedUserId", session.account + ":" + session.name}, {"Arn", federated_arn(call)}}}};
  // There without policies and tags, too, unlike in AssumeRole (recorded of GetFederationToken).
  output["PackedPolicySize"] = packed;
  output["Credentials"] = issue_credentials(call, std::move(session), lifetime(call));
  return output;
}

constexpr Operation kUserTokenOperations[] = {
    {"GetSessionToken", "sts:GetSessionToken", Access::kWrite, caller_target, get_session_token},
    {"GetFederationToken", "sts:GetFederationToken", Access::kWrite, federation_targets,
     get_federation_token},
};

}  // namespace

std::vector<const Operation*> user_token_operations() { return pointers(kUserTokenOperations); }

}  // namespace ecr::api::sts
