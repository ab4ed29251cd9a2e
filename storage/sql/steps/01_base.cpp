// Repositories, blobs, images, uploads; users with keys and inline policies.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep01Statements[] = {
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

}  // namespace

Migration step_1_base() { return kStep01Statements; }

}  // namespace ecr::storage::sql
