// Scans of images, repository creation templates, signatures of images.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep11Statements[] = {
    // The last scan of each image that had one.
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
    // One row, made when the first image is signed.
    R"(CREATE TABLE signing_key (
         id INTEGER PRIMARY KEY,
         private_key TEXT NOT NULL,   -- PEM
         certificate TEXT NOT NULL))",  // PEM
    "PRAGMA user_version = 11",
};

}  // namespace

Migration step_11_registry_behaviours() { return kStep11Statements; }

}  // namespace ecr::storage::sql
