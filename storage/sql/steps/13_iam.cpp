// The IAM API: identity providers, instance profiles, what the account itself has; further columns
// of users, roles, keys and managed policies.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep13Statements[] = {
    "ALTER TABLE entities ADD COLUMN description TEXT",  // roles
    "ALTER TABLE entities ADD COLUMN last_used_at BIGINT",
    "ALTER TABLE entities ADD COLUMN last_used_region TEXT",
    "CREATE INDEX entities_by_unique_id ON entities (unique_id)",
    "CREATE INDEX entities_by_boundary ON entities (boundary, account)",

    "ALTER TABLE access_keys ADD COLUMN last_used_at BIGINT",
    "ALTER TABLE access_keys ADD COLUMN last_used_region TEXT",
    "ALTER TABLE access_keys ADD COLUMN last_used_service TEXT",

    // Numbers of versions are never used again, also after the newest version went.
    "ALTER TABLE managed_policies ADD COLUMN last_version BIGINT NOT NULL DEFAULT 1",
    "ALTER TABLE managed_policies ADD COLUMN description TEXT",
    "ALTER TABLE managed_policies ADD COLUMN name_folded TEXT",
    "UPDATE managed_policies SET name_folded = lower(name)",
    "CREATE INDEX managed_policies_by_folded_name ON managed_policies (account, name_folded)",

    // Tags of everything that is no user and no role, by ARN.
    R"(CREATE TABLE resource_tags (
         arn TEXT NOT NULL,
         key TEXT NOT NULL,
         value TEXT NOT NULL,
         PRIMARY KEY (arn, key)))",

    R"(CREATE TABLE instance_profiles (
         id INTEGER PRIMARY KEY,
         account TEXT NOT NULL,
         name TEXT NOT NULL,
         name_folded TEXT NOT NULL,
         path TEXT NOT NULL,
         unique_id TEXT NOT NULL,
         created_at BIGINT NOT NULL,
         role BIGINT REFERENCES entities (id) ON DELETE SET NULL,
         UNIQUE (account, name_folded)))",
    "CREATE INDEX instance_profiles_by_role ON instance_profiles (role, name_folded)",

    R"(CREATE TABLE oidc_providers (
         id INTEGER PRIMARY KEY,
         account TEXT NOT NULL,
         url TEXT NOT NULL,          -- without "https://", as in the ARN
         client_ids TEXT NOT NULL,   -- one a line
         thumbprints TEXT NOT NULL,  -- one a line
         created_at BIGINT NOT NULL,
         UNIQUE (account, url)))",
    R"(CREATE TABLE saml_providers (
         id INTEGER PRIMARY KEY,
         account TEXT NOT NULL,
         name TEXT NOT NULL,
         uuid TEXT NOT NULL,
         metadata TEXT NOT NULL,
         created_at BIGINT NOT NULL,
         valid_until BIGINT NOT NULL,
         UNIQUE (account, name)))",

    R"(CREATE TABLE account_aliases (
         account TEXT NOT NULL PRIMARY KEY,
         alias TEXT NOT NULL UNIQUE))",
    R"(CREATE TABLE password_policies (
         account TEXT NOT NULL PRIMARY KEY,
         policy TEXT NOT NULL))",  // JSON object, as the API has it
    R"(CREATE TABLE login_profiles (
         entity BIGINT NOT NULL PRIMARY KEY REFERENCES entities (id) ON DELETE CASCADE,
         reset_required INTEGER NOT NULL,
         created_at BIGINT NOT NULL))",
    R"(CREATE TABLE role_deletions (
         id TEXT NOT NULL PRIMARY KEY,
         account TEXT NOT NULL))",

    "PRAGMA user_version = 13",
};

}  // namespace

Migration step_13_iam() { return kStep13Statements; }

}  // namespace ecr::storage::sql
