// Settings of repositories, images and registries.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep05Statements[] = {
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
    // As the manifest describes the blob; empty where it does not say.
    "ALTER TABLE image_blobs ADD COLUMN media_type TEXT NOT NULL DEFAULT ''",
    // Of an upload by the API: its last part was shorter than a part must be, which only the last
    // part of all may be; a part before the last was.
    "ALTER TABLE uploads ADD COLUMN parts BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE uploads ADD COLUMN last_part_short INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE uploads ADD COLUMN short_part_inside INTEGER NOT NULL DEFAULT 0",
    "PRAGMA user_version = 5",
};

}  // namespace

Migration step_5_ecr_settings() { return kStep05Statements; }

}  // namespace ecr::storage::sql
