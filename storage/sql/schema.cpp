// What the steps make of an empty database. Written by a test: migrations.h.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStatements[] = {
    R"(CREATE TABLE repositories (
         id INTEGER PRIMARY KEY,
         account TEXT NOT NULL,
         region TEXT NOT NULL,
         name TEXT NOT NULL,
         created_at BIGINT NOT NULL,
         tag_mutability TEXT NOT NULL,
         mutability_exclusions TEXT NOT NULL,  -- one a line
         scan_on_push INTEGER NOT NULL,
         encryption_type TEXT NOT NULL,
         kms_key TEXT NOT NULL,
         policy TEXT,
         UNIQUE (account, region, name)))",
    R"(CREATE TABLE repository_tags (
         repository BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
         key TEXT NOT NULL,
         value TEXT NOT NULL,
         PRIMARY KEY (repository, key)))",
    R"(CREATE TABLE blobs (
         digest TEXT NOT NULL PRIMARY KEY,
         size BIGINT NOT NULL))",
    R"(CREATE TABLE repository_blobs (
         repository BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
         digest TEXT NOT NULL REFERENCES blobs (digest),
         needed_at BIGINT NOT NULL,
         PRIMARY KEY (repository, digest)))",
    R"(CREATE INDEX repository_blobs_by_digest ON repository_blobs (digest))",
    R"(CREATE TABLE images (
         id INTEGER PRIMARY KEY,
         repository BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
         digest TEXT NOT NULL,
         media_type TEXT NOT NULL,
         artifact_media_type TEXT NOT NULL,
         size_bytes BIGINT NOT NULL,
         pushed_at BIGINT NOT NULL,
         last_pulled_at BIGINT,
         subject TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'ACTIVE', last_archived_at BIGINT, last_activated_at BIGINT, tagged INTEGER NOT NULL DEFAULT 0, nesting INTEGER NOT NULL DEFAULT 0,
         UNIQUE (repository, digest)))",
    R"(CREATE INDEX images_by_subject ON images (repository, subject, digest))",
    R"(CREATE TABLE image_manifests (
         image INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
         manifest BLOB NOT NULL))",
    R"(CREATE TABLE image_blobs (
         image BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
         repository BIGINT NOT NULL,
         digest TEXT NOT NULL, media_type TEXT NOT NULL DEFAULT '',
         PRIMARY KEY (image, digest),
         FOREIGN KEY (repository, digest) REFERENCES repository_blobs (repository, digest)))",
    R"(CREATE INDEX image_blobs_by_blob ON image_blobs (repository, digest))",
    R"(CREATE TABLE image_children (
         image BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
         repository BIGINT NOT NULL,
         digest TEXT NOT NULL,
         PRIMARY KEY (image, digest)))",
    R"(CREATE INDEX image_children_by_child ON image_children (repository, digest))",
    R"(CREATE TABLE image_tags (
         repository BIGINT NOT NULL,
         tag TEXT NOT NULL,
         digest TEXT NOT NULL,
         PRIMARY KEY (repository, tag),
         FOREIGN KEY (repository, digest) REFERENCES images (repository, digest)
           ON DELETE CASCADE))",
    R"(CREATE INDEX image_tags_by_image ON image_tags (repository, digest, tag))",
    R"(CREATE TABLE uploads (
         id TEXT NOT NULL PRIMARY KEY,
         repository BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
         principal TEXT NOT NULL,
         active_at BIGINT NOT NULL, parts BIGINT NOT NULL DEFAULT 0, last_part_short INTEGER NOT NULL DEFAULT 0, short_part_inside INTEGER NOT NULL DEFAULT 0))",
    R"(CREATE INDEX uploads_by_repository ON uploads (repository, id))",
    R"(CREATE INDEX uploads_by_start ON uploads (active_at, id))",
    R"(CREATE TABLE entities (
         id INTEGER PRIMARY KEY,
         account TEXT NOT NULL,
         kind TEXT NOT NULL,
         name TEXT NOT NULL,
         name_folded TEXT NOT NULL,
         path TEXT NOT NULL,
         unique_id TEXT NOT NULL,
         created_at BIGINT NOT NULL, boundary TEXT, trust_policy TEXT, max_session_seconds BIGINT, description TEXT, last_used_at BIGINT, last_used_region TEXT, partition TEXT NOT NULL DEFAULT 'aws', last_used_service TEXT,
         UNIQUE (account, kind, name_folded)))",
    R"(CREATE TABLE entity_tags (
         entity BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         key TEXT NOT NULL,
         value TEXT NOT NULL,
         PRIMARY KEY (entity, key)))",
    R"(CREATE TABLE access_keys (
         id TEXT NOT NULL PRIMARY KEY,
         secret TEXT NOT NULL,
         entity BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         active INTEGER NOT NULL,
         created_at BIGINT NOT NULL, last_used_at BIGINT, last_used_region TEXT, last_used_service TEXT))",
    R"(CREATE INDEX access_keys_by_entity ON access_keys (entity, created_at, id))",
    R"(CREATE TABLE inline_policies (
         entity BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         name TEXT NOT NULL,
         document TEXT NOT NULL,
         PRIMARY KEY (entity, name)))",
    R"(CREATE TABLE group_members (
         member BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         in_group BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         PRIMARY KEY (member, in_group)))",
    R"(CREATE INDEX group_members_by_group ON group_members (in_group, member))",
    R"(CREATE TABLE managed_policies (
         id INTEGER PRIMARY KEY,
         arn TEXT NOT NULL UNIQUE,
         account TEXT NOT NULL,
         name TEXT NOT NULL,
         path TEXT NOT NULL,
         unique_id TEXT NOT NULL,
         created_at BIGINT NOT NULL,
         default_version BIGINT NOT NULL, last_version BIGINT NOT NULL DEFAULT 1, description TEXT, name_folded TEXT))",
    R"(CREATE INDEX managed_policies_by_name ON managed_policies (account, name))",
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
    R"(CREATE INDEX attached_policies_by_policy ON attached_policies (policy_arn, entity))",
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
         expires_at BIGINT NOT NULL, transitive_keys TEXT NOT NULL DEFAULT '[]', claims TEXT NOT NULL DEFAULT '{}', scope_down TEXT NOT NULL DEFAULT '[]'))",
    R"(CREATE INDEX sessions_by_expiry ON sessions (expires_at))",
    R"(CREATE INDEX sessions_by_entity ON sessions (entity))",
    R"(CREATE TABLE organizations (
         id TEXT NOT NULL PRIMARY KEY,
         management_account TEXT NOT NULL, scps_enabled INTEGER NOT NULL DEFAULT 1, rcps_enabled INTEGER NOT NULL DEFAULT 1, partition TEXT NOT NULL DEFAULT 'aws'))",
    R"(CREATE TABLE organization_targets (
         id TEXT NOT NULL PRIMARY KEY,  -- root, OU, or the account's 12 digits
         organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
         parent TEXT, name TEXT, email TEXT, joined_at BIGINT))",
    R"(CREATE TABLE organization_policies (
         id TEXT NOT NULL PRIMARY KEY,
         organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
         kind TEXT NOT NULL,  -- scp, rcp
         name TEXT NOT NULL,
         document TEXT NOT NULL, description TEXT))",
    R"(CREATE TABLE organization_attachments (
         target TEXT NOT NULL REFERENCES organization_targets (id) ON DELETE CASCADE,
         policy TEXT NOT NULL REFERENCES organization_policies (id) ON DELETE CASCADE,
         PRIMARY KEY (target, policy)))",
    R"(CREATE TABLE registry_policies (
         account TEXT NOT NULL,
         region TEXT NOT NULL,
         policy TEXT NOT NULL,
         PRIMARY KEY (account, region)))",
    R"(CREATE INDEX organization_targets_by_organization ON organization_targets (organization, id))",
    R"(CREATE INDEX organization_policies_by_kind
         ON organization_policies (organization, kind, id))",
    R"(CREATE INDEX organization_attachments_by_policy
         ON organization_attachments (policy, target))",
    R"(CREATE TABLE registry_settings (
         account TEXT NOT NULL,
         region TEXT NOT NULL,
         name TEXT NOT NULL,
         value TEXT NOT NULL,
         PRIMARY KEY (account, region, name)))",
    R"(CREATE TABLE pull_time_exclusions (
         account TEXT NOT NULL,
         region TEXT NOT NULL,
         principal TEXT NOT NULL,  -- ARN of a user or role
         created_at BIGINT NOT NULL,
         PRIMARY KEY (account, region, principal)))",
    R"(CREATE TABLE emulated_clock (
         id INTEGER PRIMARY KEY,
         offset_ms BIGINT NOT NULL,
         frozen_at BIGINT))",
    R"(CREATE TABLE jobs (
         id INTEGER PRIMARY KEY,
         kind TEXT NOT NULL,
         job_key TEXT,
         payload TEXT NOT NULL,  -- JSON
         state TEXT NOT NULL,    -- pending, failed
         due_at BIGINT NOT NULL,
         attempts BIGINT NOT NULL,
         created_at BIGINT NOT NULL,
         error TEXT NOT NULL, unfinished INTEGER NOT NULL DEFAULT 0,
         UNIQUE (kind, job_key)))",
    R"(CREATE INDEX jobs_by_due ON jobs (state, due_at, id))",
    R"(CREATE TABLE lifecycle_policies (
         repository BIGINT NOT NULL PRIMARY KEY REFERENCES repositories (id) ON DELETE CASCADE,
         policy TEXT NOT NULL,
         last_evaluated_at BIGINT))",
    R"(CREATE TABLE lifecycle_previews (
         repository BIGINT NOT NULL PRIMARY KEY REFERENCES repositories (id) ON DELETE CASCADE,
         policy TEXT NOT NULL,
         status TEXT NOT NULL,  -- IN_PROGRESS, COMPLETE, FAILED
         expiring BIGINT NOT NULL,
         transitioning BIGINT NOT NULL))",
    R"(CREATE TABLE lifecycle_preview_results (
         repository BIGINT NOT NULL
           REFERENCES lifecycle_previews (repository) ON DELETE CASCADE,
         position BIGINT NOT NULL,
         digest TEXT NOT NULL,
         tags TEXT NOT NULL,  -- one a line
         pushed_at BIGINT NOT NULL,
         storage_class TEXT NOT NULL,
         action TEXT NOT NULL,
         rule_priority BIGINT NOT NULL,
         PRIMARY KEY (repository, position),
         UNIQUE (repository, digest)))",
    R"(CREATE TABLE events (
         sequence INTEGER PRIMARY KEY,
         kind TEXT NOT NULL,
         type TEXT NOT NULL,
         source TEXT NOT NULL,
         account TEXT NOT NULL,
         region TEXT NOT NULL,
         time BIGINT NOT NULL,
         request_id TEXT NOT NULL,
         body TEXT NOT NULL))",
    R"(CREATE INDEX events_by_kind ON events (kind, sequence))",
    R"(CREATE TABLE event_positions (
         reader TEXT NOT NULL PRIMARY KEY,
         sequence BIGINT NOT NULL))",
    R"(CREATE INDEX event_positions_by_sequence ON event_positions (sequence))",
    R"(CREATE UNIQUE INDEX images_by_state ON images (repository, status, tagged, digest))",
    R"(CREATE TABLE image_scans (
         repository BIGINT NOT NULL,
         digest TEXT NOT NULL,
         type TEXT NOT NULL,      -- BASIC, ENHANCED
         status TEXT NOT NULL,    -- as the API has it
         description TEXT NOT NULL,
         requested_at BIGINT NOT NULL,
         completed_at BIGINT,
         source_updated_at BIGINT,
         severities TEXT NOT NULL,  -- "HIGH 2", one a line
         PRIMARY KEY (repository, digest),
         FOREIGN KEY (repository, digest) REFERENCES images (repository, digest)
           ON DELETE CASCADE))",
    R"(CREATE TABLE image_scan_findings (
         repository BIGINT NOT NULL,
         digest TEXT NOT NULL,
         position BIGINT NOT NULL,  -- from 1
         finding TEXT NOT NULL,     -- JSON
         PRIMARY KEY (repository, digest, position),
         FOREIGN KEY (repository, digest) REFERENCES image_scans (repository, digest)
           ON DELETE CASCADE))",
    R"(CREATE TABLE creation_templates (
         account TEXT NOT NULL,
         region TEXT NOT NULL,
         prefix TEXT NOT NULL,  -- without a slash at its end; ROOT: of every name
         template TEXT NOT NULL,  -- JSON
         created_at BIGINT NOT NULL,
         updated_at BIGINT NOT NULL,
         PRIMARY KEY (account, region, prefix)))",
    R"(CREATE TABLE image_signings (
         repository BIGINT NOT NULL,
         digest TEXT NOT NULL,
         profile TEXT NOT NULL,  -- ARN
         status TEXT NOT NULL,   -- IN_PROGRESS, COMPLETE, FAILED
         failure_code TEXT NOT NULL,
         failure_reason TEXT NOT NULL,
         PRIMARY KEY (repository, digest, profile),
         FOREIGN KEY (repository, digest) REFERENCES images (repository, digest)
           ON DELETE CASCADE))",
    R"(CREATE TABLE signing_key (
         id INTEGER PRIMARY KEY,
         private_key TEXT NOT NULL,   -- PEM
         certificate TEXT NOT NULL))",
    R"(CREATE TABLE image_replications (
         image BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
         account TEXT NOT NULL,  -- the destination's
         region TEXT NOT NULL,
         status TEXT NOT NULL,
         failure_code TEXT NOT NULL,
         PRIMARY KEY (image, account, region)))",
    R"(CREATE INDEX entities_by_unique_id ON entities (unique_id))",
    R"(CREATE INDEX entities_by_boundary ON entities (boundary, account))",
    R"(CREATE INDEX managed_policies_by_folded_name ON managed_policies (account, name_folded))",
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
         role BIGINT REFERENCES entities (id) ON DELETE SET NULL, partition TEXT NOT NULL DEFAULT 'aws',
         UNIQUE (account, name_folded)))",
    R"(CREATE INDEX instance_profiles_by_role ON instance_profiles (role, name_folded))",
    R"(CREATE TABLE oidc_providers (
         id INTEGER PRIMARY KEY,
         account TEXT NOT NULL,
         url TEXT NOT NULL,          -- without "https://", as in the ARN
         client_ids TEXT NOT NULL,   -- one a line
         thumbprints TEXT NOT NULL,  -- one a line
         created_at BIGINT NOT NULL, partition TEXT NOT NULL DEFAULT 'aws',
         UNIQUE (account, url)))",
    R"(CREATE TABLE saml_providers (
         id INTEGER PRIMARY KEY,
         account TEXT NOT NULL,
         name TEXT NOT NULL,
         uuid TEXT NOT NULL,
         metadata TEXT NOT NULL,
         created_at BIGINT NOT NULL,
         valid_until BIGINT NOT NULL, partition TEXT NOT NULL DEFAULT 'aws',
         UNIQUE (account, name)))",
    R"(CREATE TABLE account_aliases (
         account TEXT NOT NULL PRIMARY KEY,
         alias TEXT NOT NULL UNIQUE))",
    R"(CREATE TABLE password_policies (
         account TEXT NOT NULL PRIMARY KEY,
         policy TEXT NOT NULL))",
    R"(CREATE TABLE login_profiles (
         entity BIGINT NOT NULL PRIMARY KEY REFERENCES entities (id) ON DELETE CASCADE,
         reset_required INTEGER NOT NULL,
         created_at BIGINT NOT NULL, password TEXT))",
    R"(CREATE TABLE role_deletions (
         id TEXT NOT NULL PRIMARY KEY,
         account TEXT NOT NULL))",
    R"(CREATE TABLE pull_through_rules (
         account TEXT NOT NULL,
         region TEXT NOT NULL,
         prefix TEXT NOT NULL,  -- without a slash at its end; ROOT: of every name
         rule TEXT NOT NULL,    -- JSON
         created_at BIGINT NOT NULL,
         updated_at BIGINT NOT NULL,
         PRIMARY KEY (account, region, prefix)))",
    R"(CREATE TABLE pull_through_tags (
         repository BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
         tag TEXT NOT NULL,
         digest TEXT NOT NULL,
         check_at BIGINT NOT NULL,
         PRIMARY KEY (repository, tag)))",
    R"(CREATE INDEX pull_through_tags_by_digest ON pull_through_tags (repository, digest, tag))",
    R"(CREATE TABLE pull_through_imports (
         repository BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
         digest TEXT NOT NULL,
         media_type TEXT NOT NULL,
         origin TEXT NOT NULL,  -- JSON
         child INTEGER NOT NULL,  -- 1: of an index, and imported with that
         manifest BLOB NOT NULL,
         PRIMARY KEY (repository, digest)))",
    R"(CREATE TABLE pull_through_import_children (
         repository BIGINT NOT NULL,
         import TEXT NOT NULL,  -- digest of the index
         digest TEXT NOT NULL,
         PRIMARY KEY (repository, import, digest),
         FOREIGN KEY (repository, import)
           REFERENCES pull_through_imports (repository, digest) ON DELETE CASCADE))",
    R"(CREATE INDEX pull_through_import_children_by_child
         ON pull_through_import_children (repository, digest, import))",
    R"(CREATE TABLE pull_through_import_blobs (
         repository BIGINT NOT NULL,
         import TEXT NOT NULL,  -- digest of the manifest
         digest TEXT NOT NULL,
         size BIGINT NOT NULL,
         PRIMARY KEY (repository, import, digest),
         FOREIGN KEY (repository, import)
           REFERENCES pull_through_imports (repository, digest) ON DELETE CASCADE))",
    R"(CREATE INDEX pull_through_import_blobs_by_blob
         ON pull_through_import_blobs (repository, digest, import))",
    R"(CREATE TABLE replication_backfills (
         number INTEGER PRIMARY KEY,
         id TEXT NOT NULL UNIQUE,
         account TEXT NOT NULL,  -- the source's
         region TEXT NOT NULL,
         to_account TEXT NOT NULL,
         to_region TEXT NOT NULL,
         status TEXT NOT NULL,  -- as the API has it
         failure_code TEXT NOT NULL,
         started_at BIGINT NOT NULL,
         ended_at BIGINT,  -- NULL: it has not ended
         total BIGINT NOT NULL,
         completed BIGINT NOT NULL,
         failed BIGINT NOT NULL,
         failure_codes TEXT NOT NULL,  -- one a line
         at_repository TEXT NOT NULL,  -- the last that was looked at for images
         at_digest TEXT NOT NULL,
         at_tag TEXT NOT NULL))",
    R"(CREATE INDEX replication_backfills_by_registry
         ON replication_backfills (account, region, number))",
    R"(CREATE INDEX replication_backfills_by_end ON replication_backfills (ended_at))",
    R"(CREATE TABLE replication_backfill_results (
         backfill BIGINT NOT NULL REFERENCES replication_backfills (number) ON DELETE CASCADE,
         position BIGINT NOT NULL,  -- from 1
         repository TEXT NOT NULL,
         digest TEXT NOT NULL,
         tag TEXT NOT NULL,
         status TEXT NOT NULL,  -- PENDING, COMPLETE, FAILED
         failure_code TEXT NOT NULL,
         child_failure_codes TEXT,  -- one a line; NULL: the image is no index, or did not fail
         PRIMARY KEY (backfill, position)))",
    R"(CREATE INDEX replication_backfill_results_by_status
         ON replication_backfill_results (backfill, status, position))",
    R"(CREATE TABLE web_identity_issuers (
         account TEXT NOT NULL PRIMARY KEY,
         issuer TEXT NOT NULL,  -- URL
         enabled INTEGER NOT NULL))",
    R"(CREATE TABLE web_identity_keys (
         algorithm TEXT NOT NULL PRIMARY KEY,
         id TEXT NOT NULL,
         private_key TEXT NOT NULL))",
    R"(CREATE TABLE mfa_devices (
         id INTEGER PRIMARY KEY,
         serial TEXT NOT NULL UNIQUE,  -- the ARN
         account TEXT NOT NULL,
         seed TEXT NOT NULL,           -- base32
         created_at BIGINT NOT NULL,
         entity BIGINT REFERENCES entities (id) ON DELETE SET NULL,  -- NULL: not enabled
         enabled_at BIGINT,
         drift BIGINT NOT NULL,        -- steps that the device is ahead of the machine's clock
         last_step BIGINT NOT NULL))",
    R"(CREATE INDEX mfa_devices_by_account ON mfa_devices (account, serial))",
    R"(CREATE INDEX mfa_devices_by_entity ON mfa_devices (entity, serial))",
    R"(CREATE TABLE user_credentials (
         id TEXT NOT NULL PRIMARY KEY,
         kind TEXT NOT NULL,     -- ssh, signing, service
         entity BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         status TEXT NOT NULL,   -- as the API has it
         created_at BIGINT NOT NULL,
         detail TEXT NOT NULL))",
    R"(CREATE INDEX user_credentials_by_entity ON user_credentials (entity, kind, id))",
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
         report TEXT NOT NULL))",
    R"(CREATE INDEX access_reports_by_time ON access_reports (account, created_at))",
    R"(CREATE TABLE service_uses (
         entity BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         service TEXT NOT NULL,
         used_at BIGINT NOT NULL,
         region TEXT NOT NULL,
         PRIMARY KEY (entity, service)))",
    R"(CREATE TABLE role_templates (
         arn TEXT NOT NULL PRIMARY KEY,  -- with the major version at its end
         service TEXT NOT NULL,
         name TEXT NOT NULL,
         major_version BIGINT NOT NULL,
         description TEXT,
         default_minor_version BIGINT NOT NULL,
         enabled INTEGER NOT NULL))",
    R"(CREATE TABLE role_template_versions (
         template TEXT NOT NULL REFERENCES role_templates (arn) ON DELETE CASCADE,
         minor_version BIGINT NOT NULL,
         enabled INTEGER NOT NULL,
         created_at BIGINT NOT NULL,
         updated_at BIGINT NOT NULL,
         definition TEXT NOT NULL,  -- JSON object, as GetRoleTemplateVersion answers it
         PRIMARY KEY (template, minor_version)))",
    R"(CREATE TABLE role_sources (
         entity BIGINT NOT NULL PRIMARY KEY REFERENCES entities (id) ON DELETE CASCADE,
         template TEXT NOT NULL,
         minor_version BIGINT NOT NULL,
         parameters TEXT NOT NULL))",
    "PRAGMA user_version = 21",
};

}  // namespace

Migration schema() { return kStatements; }

}  // namespace ecr::storage::sql
