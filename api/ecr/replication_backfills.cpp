// StartReplicationBackfill, StopReplicationBackfill, ListReplicationBackfills,
// DescribeReplicationBackfillResults. The work itself is a job of api/images/push/.
#include "storage/rows/replication_backfills.h"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/images/push/replication.h"
#include "api/images/push/replication_backfill.h"
#include "schemas/base/text.h"

namespace ecr::api::ecr {
namespace {

using storage::BackfillResultStatus;
using storage::BackfillStatus;
using storage::ReplicationBackfill;
using storage::ReplicationBackfillResult;
using storage::sql::Access;

constexpr std::int64_t kBackfillsOfAPage = 25;  // ECR API Reference, ListReplicationBackfills

Json destination_json(const ReplicationBackfill& backfill) {
  return {{"region", backfill.destination.region}, {"registryId", backfill.destination.account}};
}

// What starting and stopping answer.
Json started_json(const ReplicationBackfill& backfill) {
  return {{"replicationBackfillId", backfill.id},
          {"registryId", backfill.source.account},
          {"destination", destination_json(backfill)},
          {"status", storage::word_of(backfill.status)},
          {"startedAt", base::to_epoch_seconds(backfill.started_at)}};
}

// While a backfill is PREPARING, its total is what it has counted so far.
Json backfill_json(const ReplicationBackfill& backfill) {
  Json json = {{"replicationBackfillId", backfill.id},
               {"destination", destination_json(backfill)},
               {"status", storage::word_of(backfill.status)},
               {"progress",
                {{"totalReplicationCount", backfill.total},
                 {"completedReplicationCount", backfill.completed},
                 {"failedReplicationCount", backfill.failed},
                 {"failureCodes", backfill.failure_codes}}},
               {"startedAt", base::to_epoch_seconds(backfill.started_at)}};
  if (!backfill.failure_code.empty()) json["failureCode"] = backfill.failure_code;
  if (backfill.ended_at) json["endedAt"] = base::to_epoch_seconds(*backfill.ended_at);
  return json;
}

Json backfill_result_json(const ReplicationBackfillResult& result) {
  Json json = {{"repositoryName", result.repository.text()},
               {"imageId", {{"imageDigest", result.digest.text()}}},
               {"status", storage::word_of(result.status)}};
  if (!result.tag.empty()) json["imageId"]["imageTag"] = result.tag;
  if (!result.failure_code.empty()) json["failureCode"] = result.failure_code;
  if (result.child_failure_codes) json["subImageFailureCodes"] = *result.child_failure_codes;
  return json;
}

// Those that ended then, or before, are no longer known, be their rows there or not.
base::TimePoint forgotten_at(const ApiRequest& request) {
  return request.now - replication::kBackfillsKept;
}

// AWS has published the types of the errors here, not their texts.
ReplicationBackfill require_backfill(ApiRequest& request) {
  const model::RegistryId registry = registry_of(request);
  const std::string id = text_member(request.input, "replicationBackfillId");
  auto backfill = storage::find_replication_backfill(request.txn, id);
  const bool there = backfill && backfill->source == registry &&
                     (!backfill->ended_at || *backfill->ended_at > forgotten_at(request));
  if (!there) {
    throw ApiError(ErrorCode::kReplicationBackfillNotFound,
                   base::format("The replication backfill with id '{}' does not exist in the "
                                "registry with id '{}'",
                                id, registry.account));
  }
  return std::move(*backfill);
}

// One at a time for each destination Region, whatever the account there, and ten for a registry
// (ECR API Reference, StartReplicationBackfill). Which of the two ECR checks first is not
// documented.
void check_running(ApiRequest& request, const model::RegistryId& registry,
                   const model::RegistryId& to) {
  const auto running = storage::running_replication_backfills(request.txn, registry);
  const bool busy = std::any_of(running.begin(), running.end(), [&](const auto& other) {
    return other.destination.region == to.region;
  });
  if (busy) {
    throw ApiError(
        ErrorCode::kReplicationBackfillInProgress,
        base::format("A replication backfill to the Region '{}' is in progress for the registry "
                     "with id '{}'",
                     to.region, registry.account));
  }
  if (running.size() >= replication::kMostBackfills) {
    throw ApiError(ErrorCode::kLimitExceeded,
                   base::format("The registry with id '{}' has {} replication backfills in "
                                "progress, which is the most it may have",
                                registry.account, running.size()));
  }
}

// The answer says PREPARING: the work is a job (test ABackfillCopiesWhatWasThereBefore).
Json start_backfill(ApiRequest& request) {
  const model::RegistryId registry = registry_of(request);
  const Json& destination = request.input.at("destination");
  const model::RegistryId to{text_member(destination, "registryId"),
                             text_member(destination, "region")};
  const Json rules = replication::configuration(request.txn, registry);
  if (!replication::is_destination(rules, to)) {
    throw ApiError::invalid_parameter(
        "destination", "Destination must be in the registry's replication configuration");
  }
  check_running(request, registry, to);
  // The form of the ids is not documented.
  const ReplicationBackfill backfill{.id = base::make_uuid(request.core.random),
                                     .source = registry,
                                     .destination = to,
                                     .started_at = request.now};
  storage::insert_replication_backfill(request.txn, backfill);
  replication::enqueue_backfill(request.core, request.txn, backfill.id, request.now);
  return started_json(backfill);
}

// The job is enqueued anew: one that was given up would never see that it is to stop.
Json stop_backfill(ApiRequest& request) {
  ReplicationBackfill backfill = require_backfill(request);
  if (backfill.status != BackfillStatus::kPreparing &&
      backfill.status != BackfillStatus::kInProgress) {
    throw ApiError(
        ErrorCode::kReplicationBackfillInvalidStatus,
        base::format("The replication backfill with id '{}' cannot be stopped: its status is {}",
                     backfill.id, storage::word_of(backfill.status)));
  }
  backfill.status = BackfillStatus::kStopping;
  storage::update_replication_backfill(request.txn, backfill);
  replication::enqueue_backfill(request.core, request.txn, backfill.id, request.now);
  return started_json(backfill);
}

// The newest first; ECR's order is not documented.
Json list_backfills(ApiRequest& request) {
  const model::RegistryId registry = registry_of(request);
  const Page page =
      requested_page(request, "ListReplicationBackfills\n" + registry.account, kBackfillsOfAPage);
  auto backfills = storage::list_replication_backfills(
      request.txn, registry, forgotten_at(request),
      page.after_number(std::numeric_limits<std::int64_t>::max()), page.query_limit());
  Json output = {{"registryId", registry.account}, {"backfills", Json::array()}};
  const auto token = page.cut(backfills, [](const auto& backfill) { return backfill.number; });
  if (token) output["nextToken"] = *token;
  for (const auto& backfill : backfills) output["backfills"].push_back(backfill_json(backfill));
  return output;
}

// "The per-image results are available only after the replication backfill reaches a terminal
// status" (ECR API Reference). Until then the list is empty. What was not reached before the end
// has no result.
void add_results(ApiRequest& request, const ReplicationBackfill& backfill, Json& output) {
  const std::string status = text_member(request.input, "resultStatusFilter");
  const Page page = requested_page(
      request, base::format("DescribeReplicationBackfillResults\n{}\n{}", backfill.id, status));
  output["results"] = Json::array();
  if (!backfill.ended_at) return;
  auto results = storage::list_replication_backfill_results(
      request.txn, backfill.number,
      status.empty() ? std::nullopt
                     : std::optional(storage::value_of<BackfillResultStatus>(status)),
      page.after_number(), page.query_limit());
  // Images are copied in the order of their results, so that the pending ones are the last.
  const auto pending = std::find_if(results.begin(), results.end(), [](const auto& result) {
    return result.status == BackfillResultStatus::kPending;
  });
  results.erase(pending, results.end());
  const auto token = page.cut(results, [](const auto& result) { return result.position; });
  if (token) output["nextToken"] = *token;
  for (const auto& result : results) output["results"].push_back(backfill_result_json(result));
}

Json describe_backfill_results(ApiRequest& request) {
  const ReplicationBackfill backfill = require_backfill(request);
  Json output = backfill_json(backfill);
  output["registryId"] = backfill.source.account;
  add_results(request, backfill, output);
  return output;
}

// The actions are those of the Service Authorization Reference, which has no resource type for
// them.
constexpr Operation kReplicationBackfillOperations[] = {
    {"StartReplicationBackfill", "ecr:StartReplicationBackfill", Access::kWrite,
     on<registry_target, start_backfill>},
    {"StopReplicationBackfill", "ecr:StopReplicationBackfill", Access::kWrite,
     on<registry_target, stop_backfill>},
    {"ListReplicationBackfills", "ecr:ListReplicationBackfills", Access::kRead,
     on<registry_target, list_backfills>},
    {"DescribeReplicationBackfillResults", "ecr:DescribeReplicationBackfillResults", Access::kRead,
     on<registry_target, describe_backfill_results>},
};

}  // namespace

std::vector<const Operation*> replication_backfill_operations() {
  return pointers(kReplicationBackfillOperations);
}

}  // namespace ecr::api::ecr
