// Collects the policies of a principal from the rows: identity policies of users, their groups and
// roles, permissions boundaries, session policies, the control policies of its organization.
// Stateless functions on the request's transaction.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/core/access/identity.h"
#include "api/core/access/policy_reader.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api {

// arn:<its partition>:iam::<account>:user/<path><name>, role/..., group/...
std::string entity_arn(const storage::Entity& entity);
// Those of principals that have no row of their own.
std::string root_arn(std::string_view partition, std::string_view account);
std::string federated_user_arn(std::string_view partition, std::string_view account,
                               std::string_view name);
// Without the role's path, as AWS has it.
std::string role_session_arn(const storage::Entity& role, std::string_view session);
// The user or role that has exactly this ARN: a name is unique in its account without the path, but
// an ARN with another path is nobody's. nullopt: there is none, or the ARN is of another kind.
std::optional<storage::Entity> entity_of_arn(storage::sql::Txn& txn, const model::Arn& arn);

// The document of a managed policy, the customer's or AWS's, as it is in force; nullopt: there is
// no such policy. AWS's are unpacked each time, which takes milliseconds.
std::optional<std::string> managed_document(storage::sql::Txn& txn, const std::string& arn);
bool managed_policy_exists(storage::sql::Txn& txn, const std::string& arn);

// "Allow everything": the root user's permissions are a policy like any other, so that service
// control policies and explicit denies limit it in the usual way.
auth::iam::AttachedPolicy root_policy(const Core& core);

// Adds the inline and managed policies of the entity, of a user's groups too, and the boundary.
void add_identity_policies(const Core& core, storage::sql::Txn& txn, const storage::Entity& entity,
                           Caller& caller, const PolicyReader& reader = stored_policies());
// A session policy is a document, or the ARN of a managed policy, which counts as it is now.
void add_session_policies(const Core& core, storage::sql::Txn& txn, const storage::Session& session,
                          Caller& caller, const PolicyReader& reader = stored_policies());
// The scope-down policies of GetScopedCredentials, the earliest first: each is a document.
void add_scope_down_policies(const Core& core, const storage::Session& session, Caller& caller);
storage::Tags session_tags(const storage::Session& session);
// Condition keys that the token of a web identity gave the session, with their values.
std::vector<std::pair<std::string, std::string>> session_claims(const storage::Session& session);
// The session's tags win over the role's, whatever the case of the key.
storage::Tags merge_tags(storage::Tags role, const storage::Tags& session);

// SCPs by level, aws:PrincipalOrgID. The management account is exempt from its own policies (AWS
// Organizations User Guide, "Service control policies").
void add_organization(const Core& core, storage::sql::Txn& txn, Caller& caller,
                      const PolicyReader& reader = stored_policies());
// RCPs by level, for resources of an account of that organization.
std::vector<std::vector<auth::iam::AttachedPolicy>> resource_control_policies(
    const Core& core, storage::sql::Txn& txn, const storage::Organization& organization,
    std::string_view account, const PolicyReader& reader = stored_policies());

}  // namespace ecr::api
