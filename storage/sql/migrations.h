// The schema, as numbered steps that are never edited once released: a change is a new step.
// `PRAGMA user_version` holds the number of the last one applied. All that are missing run in one
// transaction.
//
// The SQL keeps to what PostgreSQL shares: TEXT, BIGINT, BLOB (there: BYTEA), foreign keys, plain
// indexes. Times are milliseconds since the epoch, UTC. Text compares by bytes.
#pragma once

#include <span>

#include "storage/sql/database.h"

namespace ecr::storage::sql {

// The statements of one step; the last one sets user_version to the step's number (from 1).
using Migration = std::span<const char* const>;

std::span<const Migration> migrations();
// Each is in its own file, steps/<number>_<name>.cpp.
Migration step_1_base();
Migration step_2_principals();
Migration step_3_iam();
Migration step_4_sts();
Migration step_5_ecr_settings();
Migration step_6_jobs();
Migration step_7_events();
Migration step_8_registry();
Migration step_9_garbage();
Migration step_10_image_listing();
Migration step_11_registry_behaviours();
Migration step_12_replication();
Migration step_13_iam();
Migration step_14_web_identity();
Migration step_15_pull_through();
Migration step_16_walks();
Migration step_17_replication_backfills();
Migration step_18_partitions();
Migration step_19_sts();
Migration step_20_credentials();
Migration step_21_role_templates();

// The schema that all of them together make of an empty database, in one go (SQLite reads the whole
// schema anew after each ALTER TABLE). The test MigrationSteps.SchemaIsWhatTheyMake writes it, and
// says how where it differs.
Migration schema();

// Applies the missing steps; to a database that has none it applies `whole` instead, where that is
// not empty. Throws StorageError::kUnavailable where the database is newer than `steps`: an older
// program must not touch it.
void migrate(Database& database, std::span<const Migration> steps, Migration whole = {});

}  // namespace ecr::storage::sql
