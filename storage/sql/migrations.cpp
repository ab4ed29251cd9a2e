#include "storage/sql/migrations.h"

#include <string>

#include "storage/error.h"

namespace ecr::storage::sql {

namespace {

constexpr const char* kVersion1[] = {
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

    // Blobs: one row a file; a repository sees those it has a membership of.
    R"(CREATE TABLE blobs (
         digest TEXT NOT NULL PRIMARY KEY,
         size BIGINT NOT NULL))",
    R"(CREATE TABLE repository_blobs (
         repository BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
         digest TEXT NOT NULL REFERENCES blobs (digest),
         added_at BIGINT NOT NULL,
         PRIMARY KEY (repository, digest)))",
    "CREATE INDEX repository_blobs_by_digest ON repository_blobs (digest)",

    // Images. The manifest has a table of its own, so that a listing does not read it.
    R"(CREATE TABLE images (
         id INTEGER PRIMARY KEY,
         repository BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
         digest TEXT NOT NULL,
         media_type TEXT NOT NULL,
         artifact_media_type TEXT NOT NULL,
         size_bytes BIGINT NOT NULL,
         pushed_at BIGINT NOT NULL,
         last_pulled_at BIGINT,
         subject TEXT NOT NULL,
         UNIQUE (repository, digest)))",
    "CREATE INDEX images_by_subject ON images (repository, subject, digest)",
    R"(CREATE TABLE image_manifests (
         image INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
         manifest BLOB NOT NULL))",
    // A membership cannot go while an image of the repository names the blob.
    R"(CREATE TABLE image_blobs (
         image BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
         repository BIGINT NOT NULL,
         digest TEXT NOT NULL,
         PRIMARY KEY (image, digest),
         FOREIGN KEY (repository, digest) REFERENCES repository_blobs (repository, digest)))",
    "CREATE INDEX image_blobs_by_blob ON image_blobs (repository, digest)",
    // No foreign key on the child: whether it may go before its index is the API's rule.
    R"(CREATE TABLE image_children (
         image BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
         repository BIGINT NOT NULL,
         digest TEXT NOT NULL,
         PRIMARY KEY (image, digest)))",
    "CREATE INDEX image_children_by_child ON image_children (repository, digest)",
    R"(CREATE TABLE image_tags (
         repository BIGINT NOT NULL,
         tag TEXT NOT NULL,
         digest TEXT NOT NULL,
         PRIMARY KEY (repository, tag),
         FOREIGN KEY (repository, digest) REFERENCES images (repository, digest)
           ON DELETE CASCADE))",
    "CREATE INDEX image_tags_by_image ON image_tags (repository, digest, tag)",

    R"(CREATE TABLE uploads (
         id TEXT NOT NULL PRIMARY KEY,
         repository BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
         principal TEXT NOT NULL,
         started_at BIGINT NOT NULL))",
    "CREATE INDEX uploads_by_repository ON uploads (repository, id)",
    "CREATE INDEX uploads_by_start ON uploads (started_at, id)",

    // IAM. Names are unique without regard to case: name_folded is the name in lower case.
    R"(CREATE TABLE entities (
         id INTEGER PRIMARY KEY,
         account TEXT NOT NULL,
         kind TEXT NOT NULL,
         name TEXT NOT NULL,
         name_folded TEXT NOT NULL,
         path TEXT NOT NULL,
         unique_id TEXT NOT NULL,
         created_at BIGINT NOT NULL,
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
         created_at BIGINT NOT NULL))",
    "CREATE INDEX access_keys_by_entity ON access_keys (entity, created_at, id)",
    R"(CREATE TABLE inline_policies (
         entity BIGINT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
         name TEXT NOT NULL,
         document TEXT NOT NULL,
         PRIMARY KEY (entity, name)))",

    "PRAGMA user_version = 1",
};

// Groups, roles, boundaries, managed policies, temporary credentials, organizations, registry
// policies.
constexpr const char* kVersion2[] = {
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

constexpr Migration kMigrations[] = {kVersion1, kVersion2};

std::size_t version_of(Txn& txn) {
  auto rows = txn.query("PRAGMA user_version");
  rows.next();
  return static_cast<std::size_t>(rows.integer(0));
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

void migrate(Database& database, std::span<const Migration> steps) {
  for (;;) {
    Txn txn = database.begin(Access::kWrite);
    const std::size_t version = version_of(txn);
    if (version == steps.size()) return;
    if (version > steps.size()) {
      throw StorageError(StorageError::Kind::kUnavailable,
                         "the database has schema version " + std::to_string(version) +
                             ", this program knows up to " + std::to_string(steps.size()) +
                             ": a newer ecr-local wrote it");
    }
    for (const char* statement : steps[version]) txn.exec(statement);
    txn.commit();
  }
}

}  // namespace ecr::storage::sql
