// Replication backfills: which were started, how far each has got, and what became of each image.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep17Statements[] = {
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
    "CREATE INDEX replication_backfills_by_end ON replication_backfills (ended_at)",
    // One row for each tag of an image, and one for an image without tags. They name the repository
    // as text: they outlive it.
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
    "PRAGMA user_version = 17",
};

}  // namespace

Migration step_17_replication_backfills() { return kStep17Statements; }

}  // namespace ecr::storage::sql
