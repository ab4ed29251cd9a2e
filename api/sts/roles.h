// The role that a call asks for, as what the call touches and as whose session begins. Shared by
// the AssumeRole operations. Stateless functions on the request's transaction.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/core/access/operation.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api::sts {

// nullopt: there is no role of that ARN, its path included. Throws ValidationError where the text
// is not a role's ARN.
std::optional<storage::Entity> find_role(storage::sql::Txn& txn, const std::string& arn);
// The same, once the call has been authorized (or enforcement is off).
storage::Entity require_role(const Call& call);

// The account in RoleArn. REQUIRES: find_role() did not throw.
std::string role_account(const std::string& arn);

// The role with its trust policy and tags, and sts:RoleSessionName.
Target role_target(const Call& call, const std::optional<storage::Entity>& role);

// How long the session lasts. Throws ValidationError beyond the role's maximum.
std::chrono::seconds session_duration(const Call& call, const storage::Entity& role);

// AssumedRoleUser.
Json assumed_role_user(const storage::Entity& role, const std::string& session_name);

}  // namespace ecr::api::sts
