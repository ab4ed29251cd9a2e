// Sessions of roles: what AssumeRole and AssumeRoleWithWebIdentity share, in the order in which a
// request goes through it. Stateless functions on the request's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "api/sts/sessions.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api::sts {

// The role that RoleArn names, and the session of it that a request asks for.
struct RoleSession : Named<storage::Entity> {
  std::string arn;      // RoleArn, its path included
  std::string account;  // the one in RoleArn
  SessionTags tags = {};
  std::optional<std::string> source_identity = {};
  bool mfa = false;  // the request has a right code of the caller's MFA device

  [[noreturn]] void missing() const;
};
// The role alone. Throws ValidationError where RoleArn is not a role's ARN.
RoleSession requested_role(const ApiRequest& request);

// The role with its trust policy and tags, and the condition keys of the session: its name, tags
// and source identity. No action.
Target role_target(const ApiRequest& request, const RoleSession& asked);
// The actions that the session needs: `action`, sts:TagSession and sts:SetSourceIdentity.
std::vector<Target> targets_of_actions(const Target& role, const RoleSession& asked,
                                       std::string_view action);

// Stores the session and answers with AssumedRoleUser, PackedPolicySize, SourceIdentity and
// Credentials. `session`: what only this kind of session has. Throws ValidationError where it would
// last longer than it may.
Json begin_role_session(ApiRequest& request, const RoleSession& asked,
                        storage::Session session = {});

}  // namespace ecr::api::sts
