// The parts that the STS operations share: the role that a call asks for, the temporary credentials
// that it answers with, and the tables of operations. Stateless functions on the request's
// transaction.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api::sts {

// nullopt: there is no role of that ARN, its path included. Throws ValidationError where the text
// is not a role's ARN.
std::optional<storage::Entity> find_role(storage::sql::Txn& txn, const std::string& arn);
// The same, once the call has been authorized (or enforcement is off).
storage::Entity require_role(const ApiRequest& request);

// The account in RoleArn. REQUIRES: find_role() did not throw.
std::string role_account(const std::string& arn);

// The role with its trust policy and tags, and sts:RoleSessionName.
Target role_target(const ApiRequest& request, const std::optional<storage::Entity>& role);
// For operations that are about no resource: "*" in the caller's account.
std::vector<Target> caller_target(const ApiRequest& request);

// DurationSeconds, or `fallback`.
std::chrono::seconds duration_of(const Json& input, std::chrono::seconds fallback);
// How long a session of the role lasts. Throws ValidationError beyond the role's maximum.
std::chrono::seconds role_session_duration(const ApiRequest& request, const storage::Entity& role);

// Fills in the keys and the times of `session`, stores it, and returns the Credentials structure.
// Also deletes sessions that ended long ago. REQUIRES: a write transaction.
Json issue_credentials(ApiRequest& request, storage::Session session, std::chrono::seconds lifetime);

// The member AssumedRoleUser of an answer.
Json assumed_role_user(const storage::Entity& role, const std::string& session_name);

// There are no MFA devices here, so no code is ever right.
[[noreturn]] void refuse_mfa_code();

// The tables of operations, each in the file of its name.
std::vector<const Operation*> assume_role_operations();
std::vector<const Operation*> assume_role_with_web_identity_operations();
std::vector<const Operation*> user_token_operations();

}  // namespace ecr::api::sts
