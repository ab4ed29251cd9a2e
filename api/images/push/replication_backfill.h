// Replication backfill: copies the images that a registry has already to one destination of its
// replication configuration. A backfill is a row, and its job works in steps: each ends with the
// transaction that notes how far the backfill has got, so that a server that is killed goes on from
// there, and that sees whether it is to be stopped. First the steps of PREPARING list what there is
// to copy, then those of IN_PROGRESS copy. No state. ECR User Guide, "Replication backfill".
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "api/core/background/jobs.h"
#include "storage/rows/replication_backfills.h"
#include "storage/sql/database.h"

namespace ecr::api::replication {

// That a registry may have running at a time.
inline constexpr std::size_t kMostBackfills = 10;
// For how long a backfill is known after its end, by services.clock.
inline constexpr std::chrono::hours kBackfillsKept{24 * 90};

// Adds the job of that backfill, or takes it up again. REQUIRES: a write transaction.
void enqueue_backfill(const Core& core, storage::sql::Txn& txn, std::string_view id,
                      base::TimePoint now);

// Payload: {"backfill": id}; key: the id.
void run_replication_backfill(JobAttempt& attempt);
inline constexpr JobKind kReplicationBackfill{"replication-backfill", run_replication_backfill};

// Removes backfills that ended kBackfillsKept ago, with their results.
void drop_expired_backfills(JobAttempt& attempt);
inline constexpr JobKind kExpiredBackfills{"expired-replication-backfills", drop_expired_backfills,
                                           std::chrono::hours(1)};

}  // namespace ecr::api::replication
