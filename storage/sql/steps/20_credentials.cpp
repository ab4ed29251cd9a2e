// The IAM API: MFA devices, certificates and other credentials of users, settings of an account,
// reports.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep20Statements[] = {
    R"(CREATE TABLE mfa_devices (
         id INTEGER PRIMARY KEY,
         serial TEXT NOT NULL UNIQUE,  -- the ARN
         account TEXT NOT NULL,
         seed TEXT NOT NULL,           -- base32
         created_at BIGINT NOT NULL,
         entity BIGINT REFERENCES entities (id) ON DELETE SET NULL,  -- NULL: not enabled
         enabled_at BIGINT,
         drift BIGINT NOT NULL,        -- steps that the device is ahead of the machine's clock
         last_step BIGINT NOT NULL))",  // of the newest code that was taken
    "CREATE INDEX mfa_devices_by_account ON mfa_devices (account, serial)",
    "CREATE INDEX mfa_devices_by_entity ON mfa_devices (entity, serial)",
    // SSH public keys, signing certificates, service-specific credentials.
    R"(CREATE TABLE user_credentials (
         id TEXT NOT NULL PRIMARY KEY,
         kind TEXT NOT NULL,     -- ssh, signing, service
         entity BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         status TEXT NOT NULL,   -- as the API has it
         created_at BIGINT NOT NULL,
         detail TEXT NOT NULL))",  // JSON object
    "CREATE INDEX user_credentials_by_entity ON user_credentials (entity, kind, id)",
    R"(CREATE TABLE server_certificates (
         id INTEGER PRIMARY KEY,
         account TEXT NOT NULL,
         name TEXT NOT NULL,
         name_folded TEXT NOT NULL,
         path TEXT NOT NULL,
         unique_id TEXT NOT NULL,
         body TEXT NOT NULL,
         chain TEXT NOT NULL,
         uploaded_at BIGINT NOT NULL,
         expires_at BIGINT NOT NULL,
         partition TEXT NOT NULL,
         UNIQUE (account, name_folded)))",
    R"(CREATE TABLE account_settings (
         account TEXT NOT NULL,
         name TEXT NOT NULL,
         value TEXT NOT NULL,
         PRIMARY KEY (account, name)))",
    R"(CREATE TABLE access_reports (
         id TEXT NOT NULL PRIMARY KEY,
         account TEXT NOT NULL,
         kind TEXT NOT NULL,  -- the operation that made it
         created_at BIGINT NOT NULL,
         report TEXT NOT NULL))",  // JSON object
    "CREATE INDEX access_reports_by_time ON access_reports (account, created_at)",
    // When a user or role used a service last. The service of the very last use is a column, too,
    // so that no further row is read for each request.
    R"(CREATE TABLE service_uses (
         entity BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         service TEXT NOT NULL,
         used_at BIGINT NOT NULL,
         region TEXT NOT NULL,
         PRIMARY KEY (entity, service)))",
    "ALTER TABLE entities ADD COLUMN last_used_service TEXT",  // roles
    // A hash of the password. NULL: the profile is older than this column.
    "ALTER TABLE login_profiles ADD COLUMN password TEXT",
    "PRAGMA user_version = 20",
};

}  // namespace

Migration step_20_credentials() { return kStep20Statements; }

}  // namespace ecr::storage::sql
