// Groups, roles, boundaries, managed policies, temporary credentials, organizations, registry
// policies.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep02Statements[] = {
    "ALTER TABLE entities ADD COLUMN boundary TEXT",  // ARN of a managed policy
    "ALTER TABLE entities ADD COLUMN trust_policy TEXT",
    "ALTER TABLE entities ADD COLUMN max_session_seconds BIGINT",
    R"(CREATE TABLE group_members (
         member BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         in_group BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         PRIMARY KEY (member, in_group)))",
    "CREATE INDEX group_members_by_group ON group_members (in_group, member)",
    R"(CREATE TABLE managed_policies (
         id INTEGER PRIMARY KEY,
         arn TEXT NOT NULL UNIQUE,
         account TEXT NOT NULL,
         name TEXT NOT NULL,
         path TEXT NOT NULL,
         unique_id TEXT NOT NULL,
         created_at BIGINT NOT NULL,
         default_version BIGINT NOT NULL))",
    "CREATE INDEX managed_policies_by_name ON managed_policies (account, name)",
    R"(CREATE TABLE policy_versions (
         policy BIGINT NOT NULL REFERENCES managed_policies (id) ON DELETE CASCADE,
         version BIGINT NOT NULL,
         document TEXT NOT NULL,
         created_at BIGINT NOT NULL,
         PRIMARY KEY (policy, version)))",
    R"(CREATE TABLE attached_policies (
         entity BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         policy_arn TEXT NOT NULL,
         PRIMARY KEY (entity, policy_arn)))",
    "CREATE INDEX attached_policies_by_policy ON attached_policies (policy_arn, entity)",
    R"(CREATE TABLE sessions (
         access_key TEXT NOT NULL PRIMARY KEY,
         secret TEXT NOT NULL,
         token TEXT NOT NULL,
         kind TEXT NOT NULL,
         account TEXT NOT NULL,
         entity BIGINT REFERENCES entities (id) ON DELETE CASCADE,  -- NULL: the root user's
         name TEXT NOT NULL,
         source_identity TEXT,
         provider TEXT,
         mfa INTEGER NOT NULL,
         policies TEXT NOT NULL,  -- JSON array of documents
         tags TEXT NOT NULL,      -- JSON object
         created_at BIGINT NOT NULL,
         expires_at BIGINT NOT NULL))",
    "CREATE INDEX sessions_by_expiry ON sessions (expires_at)",
    "CREATE INDEX sessions_by_entity ON sessions (entity)",
    R"(CREATE TABLE organizations (
         id TEXT NOT NULL PRIMARY KEY,
         management_account TEXT NOT NULL))",
    R"(CREATE TABLE organization_targets (
         id TEXT NOT NULL PRIMARY KEY,  -- root, OU, or the account's 12 digits
         organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
         parent TEXT))",
    R"(CREATE TABLE organization_policies (
         id TEXT NOT NULL PRIMARY KEY,
         organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
         kind TEXT NOT NULL,  -- scp, rcp
         name TEXT NOT NULL,
         document TEXT NOT NULL))",
    R"(CREATE TABLE organization_attachments (
         target TEXT NOT NULL REFERENCES organization_targets (id) ON DELETE CASCADE,
         policy TEXT NOT NULL REFERENCES organization_policies (id) ON DELETE CASCADE,
         PRIMARY KEY (target, policy)))",
    R"(CREATE TABLE registry_policies (
         account TEXT NOT NULL,
         region TEXT NOT NULL,
         policy TEXT NOT NULL,
         PRIMARY KEY (account, region)))",

    "PRAGMA user_version = 2",
};

}  // namespace

Migration step_2_principals() { return kStep02Statements; }

}  // namespace ecr::storage::sql
