// The movable clock, background work, lifecycle policies and what they do to images.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep06Statements[] = {
    // ACTIVE, ARCHIVED or ACTIVATING; the times of the last change to archive and back.
    "ALTER TABLE images ADD COLUMN status TEXT NOT NULL DEFAULT 'ACTIVE'",
    "ALTER TABLE images ADD COLUMN last_archived_at BIGINT",
    "ALTER TABLE images ADD COLUMN last_activated_at BIGINT",

    // How the clock differs from the machine's; one row, or none where it does not.
    R"(CREATE TABLE emulated_clock (
         id INTEGER PRIMARY KEY,
         offset_ms BIGINT NOT NULL,
         frozen_at BIGINT))",

    // Background work to do, or given up. Of jobs with a key there is one a kind and key.
    R"(CREATE TABLE jobs (
         id INTEGER PRIMARY KEY,
         kind TEXT NOT NULL,
         job_key TEXT,
         payload TEXT NOT NULL,  -- JSON
         state TEXT NOT NULL,    -- pending, failed
         due_at BIGINT NOT NULL,
         attempts BIGINT NOT NULL,
         created_at BIGINT NOT NULL,
         error TEXT NOT NULL,
         UNIQUE (kind, job_key)))",
    "CREATE INDEX jobs_by_due ON jobs (state, due_at, id)",

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

    "PRAGMA user_version = 6",
};

}  // namespace

Migration step_6_jobs() { return kStep06Statements; }

}  // namespace ecr::storage::sql
