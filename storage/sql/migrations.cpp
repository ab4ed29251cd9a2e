#include "storage/sql/migrations.h"

#include <string>

#include "storage/os/error.h"

namespace ecr::storage::sql {

namespace {

// user_version is in the header of the database file and part of the transaction, so a rollback
// takes it back too.
std::size_t version_of(Txn& txn) {
  return static_cast<std::size_t>(only_integer(txn.query("PRAGMA user_version")));
}

void run_all(Txn& txn, const Migration& statements) {
  for (const char* statement : statements) txn.exec_once(statement);
}

}  // namespace

// In the order of their numbers: the position is the number.
std::span<const Migration> migrations() {
  static const Migration kMigrations[] = {
      step_1_base(),
      step_2_principals(),
      step_3_iam(),
      step_4_sts(),
      step_5_ecr_settings(),
      step_6_jobs(),
      step_7_events(),
      step_8_registry(),
      step_9_garbage(),
      step_10_image_listing(),
      step_11_registry_behaviours(),
      step_12_replication(),
      step_13_iam(),
      step_14_web_identity(),
      step_15_pull_through(),
      step_16_walks(),
      step_17_replication_backfills(),
      step_18_partitions(),
      step_19_sts(),
      step_20_credentials(),
      step_21_role_templates(),
  };
  return kMigrations;
}

// All steps in one transaction: one sync to disk, and never a schema halfway.
void migrate(Database& database, std::span<const Migration> steps, Migration whole) {
  Txn txn = database.begin(Access::kWrite);
  const std::size_t version = version_of(txn);
  if (version == steps.size()) return;
  if (version > steps.size()) {
    throw StorageError(StorageError::Kind::kUnavailable,
                       "the database has schema version " + std::to_string(version) +
                           ", this program knows up to " + std::to_string(steps.size()) +
                           ": a newer ecr-local wrote it");
  }
  // A new database gets the final schema in one go. The test MigrationSteps.SchemaIsWhatTheyMake
  // shows that the result is the same.
  if (version == 0 && !whole.empty()) {
    run_all(txn, whole);
  } else {
    for (const Migration& step : steps.subspan(version)) run_all(txn, step);
  }
  // The last statement of each step has set user_version, so there is nothing to add here (test
  // MigrationSteps.EachSetsItsOwnNumberLast).
  txn.commit();
}

}  // namespace ecr::storage::sql
