// Rows of replication backfills and of what each does with each image. Free functions on Txn; they
// decide no rule of ECR's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "schemas/model/digest.h"
#include "schemas/model/registry_id.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/states.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct ReplicationBackfill {
  std::int64_t number = 0;  // in the order in which they were started
  std::string id = {};
  model::RegistryId source = {};
  model::RegistryId destination = {};
  BackfillStatus status = BackfillStatus::kPreparing;
  std::string failure_code = {};  // empty: none
  base::TimePoint started_at = {};
  std::optional<base::TimePoint> ended_at = {};  // set: it changes no more
  std::int64_t total = 0;                        // results, pending ones included
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::vector<std::string> failure_codes = {};  // each once
  // The preparation has looked at everything up to here, in the order of repository, digest and
  // tag. Without a digest: at all of the repository.
  std::optional<model::RepositoryName> at_repository = {};
  std::optional<model::Digest> at_digest = {};
  std::string at_tag = {};
};

// `number` is given by the table.
void insert_replication_backfill(sql::Txn& txn, const ReplicationBackfill& backfill);
std::optional<ReplicationBackfill> find_replication_backfill(sql::Txn& txn, std::string_view id);
// Everything but the id, the registries and the start.
void update_replication_backfill(sql::Txn& txn, const ReplicationBackfill& backfill);
// Those of the registry that have not ended, in the order in which they were started.
std::vector<ReplicationBackfill> running_replication_backfills(sql::Txn& txn,
                                                               const model::RegistryId& registry);
// Those of the registry that have not ended, or ended after `ended_after`: the newest first, from
// those with a lower number than `before` on.
std::vector<ReplicationBackfill> list_replication_backfills(sql::Txn& txn,
                                                            const model::RegistryId& registry,
                                                            base::TimePoint ended_after,
                                                            std::int64_t before,
                                                            std::int64_t limit);
// The number of one that ended at `ended_by` or earlier.
std::optional<std::int64_t> ended_replication_backfill(sql::Txn& txn, base::TimePoint ended_by);
// Its results go with it.
void delete_replication_backfill(sql::Txn& txn, std::int64_t number);

struct ReplicationBackfillResult {
  model::RepositoryName repository;
  model::Digest digest;
  std::int64_t position = 0;  // from 1
  std::string tag = {};       // empty: of an image without tags
  BackfillResultStatus status = BackfillResultStatus::kPending;
  std::string failure_code = {};  // empty: it has not failed
  // The same of the images that an index names. nullopt: it is no index, or has not failed.
  std::optional<std::vector<std::string>> child_failure_codes = {};
};

void insert_replication_backfill_result(sql::Txn& txn, std::int64_t backfill,
                                        const ReplicationBackfillResult& result);
// Status and failure codes of the result at that position.
void update_replication_backfill_result(sql::Txn& txn, std::int64_t backfill,
                                        const ReplicationBackfillResult& result);
// By position, after `after` (exclusive). `status` nullopt: any.
std::vector<ReplicationBackfillResult> list_replication_backfill_results(
    sql::Txn& txn, std::int64_t backfill, std::optional<BackfillResultStatus> status,
    std::int64_t after, std::int64_t limit);
// Deletes the `most` first results at most. Returns how many.
std::int64_t delete_replication_backfill_results(sql::Txn& txn, std::int64_t backfill,
                                                 std::int64_t most);

}  // namespace ecr::storage
