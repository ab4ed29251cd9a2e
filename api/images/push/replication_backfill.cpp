#include "api/images/push/replication_backfill.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/images/push/replication.h"
#include "storage/rows/image_listing.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api::replication {
namespace {

using storage::BackfillResultStatus;
using storage::BackfillStatus;
using storage::ImageStatus;
using storage::ReplicationBackfill;
using storage::ReplicationBackfillResult;

// What one step does at most. There is one writer: its transactions are short.
constexpr std::int64_t kListedAtOnce = 500;  // images and tags
constexpr std::int64_t kRepositoriesAtOnce = 100;
constexpr std::int64_t kCopiedAtOnce = 50;
constexpr std::int64_t kDroppedAtOnce = 2000;

// A backfill fails where half of its replications have failed, once a hundred are done (ECR User
// Guide, "Replication backfill").
constexpr std::int64_t kFewestJudged = 100;

// AWS publishes no codes. Those of single images are the API's own error types (image_copy.h); for
// an image that the configuration no longer sends there, it is what StartReplicationBackfill
// answers then. The code of a whole backfill is our own.
constexpr const char* kNoLongerConfigured = "InvalidParameterException";
constexpr const char* kTooManyFailures = "FailureThresholdExceeded";

ImageCopy copy_of(const ReplicationBackfill& backfill, const ReplicationBackfillResult& result) {
  return {backfill.source, result.repository, result.digest, result.tag, backfill.destination};
}

std::int64_t processed(const ReplicationBackfill& backfill) {
  return backfill.completed + backfill.failed;
}

bool has_failed(const ReplicationBackfill& backfill) {
  return processed(backfill) >= kFewestJudged && 2 * backfill.failed >= processed(backfill);
}

// --- PREPARING

// Adds images of the repository, from the backfill's position on, `room` at most. Returns how many.
// "Each image and tag combination is replicated as a single replication" (ECR API Reference,
// ReplicationBackfillResult). That archived images are left out is inferred: they are replicated
// once they are restored.
std::int64_t list_images_to_copy(storage::sql::Txn& txn, const storage::Repository& repository,
                                 ReplicationBackfill& backfill, std::int64_t room) {
  const std::string after = backfill.at_digest ? backfill.at_digest->text() : std::string();
  const auto ids = storage::list_image_ids(txn, repository.id, storage::TagStatus::kAny, after,
                                           backfill.at_tag, room, ImageStatus::kActive);
  for (const storage::ImageId& id : ids) {
    backfill.at_digest = id.digest;
    backfill.at_tag = id.tag.value_or("");
    storage::insert_replication_backfill_result(txn, backfill.number,
                                                {.repository = repository.name,
                                                 .digest = id.digest,
                                                 .position = ++backfill.total,
                                                 .tag = backfill.at_tag});
  }
  return std::ssize(ids);
}

// False: the step has no room left, and the next one goes on in this repository.
bool prepare_repository(storage::sql::Txn& txn, const storage::Repository& repository,
                        ReplicationBackfill& backfill, std::int64_t& room) {
  room -= list_images_to_copy(txn, repository, backfill, room);
  if (room == 0) return false;
  backfill.at_digest.reset();
  backfill.at_tag.clear();
  return true;
}

// Lists some of what the configuration, as it is now, sends to the destination. True: that was all.
bool prepare_some(storage::sql::Txn& txn, ReplicationBackfill& backfill) {
  const Json rules = configuration(txn, backfill.source);
  const auto is_wanted = [&](const model::RepositoryName& name) {
    return is_destination_of(rules, name, backfill.destination);
  };
  std::int64_t room = kListedAtOnce;
  if (backfill.at_digest) {  // the last step ended inside of this one
    const auto repository = storage::find_repository(txn, backfill.source, *backfill.at_repository);
    if (repository && is_wanted(repository->name) &&
        !prepare_repository(txn, *repository, backfill, room)) {
      return false;
    }
    backfill.at_digest.reset();
    backfill.at_tag.clear();
  }
  const std::string_view after =
      backfill.at_repository ? std::string_view(backfill.at_repository->text()) : "";
  const auto repositories =
      storage::list_repositories(txn, backfill.source, after, kRepositoriesAtOnce);
  for (const storage::Repository& repository : repositories) {
    backfill.at_repository = repository.name;
    if (is_wanted(repository.name) && !prepare_repository(txn, repository, backfill, room)) {
      return false;
    }
  }
  return std::ssize(repositories) < kRepositoriesAtOnce;
}

// --- IN_PROGRESS

// Some of what there is to copy, read and then copied before the step's own transaction begins.
struct Batch {
  ReplicationBackfill backfill;
  Json rules;
  std::vector<ReplicationBackfillResult> results = {};
};

// nullopt: the backfill is over, or gone.
std::optional<Batch> read_batch(storage::Store& store, const std::string& id) {
  auto txn = store.database().begin(storage::sql::Access::kRead);
  auto backfill = storage::find_replication_backfill(txn, id);
  if (!backfill || backfill->ended_at) return std::nullopt;
  Batch batch{*backfill, configuration(txn, backfill->source)};
  if (backfill->status == BackfillStatus::kInProgress) {
    batch.results = storage::list_replication_backfill_results(txn, backfill->number, std::nullopt,
                                                               processed(*backfill), kCopiedAtOnce);
  }
  return batch;
}

void set_failure(ReplicationBackfillResult& result, std::string_view code) {
  result.status = BackfillResultStatus::kFailed;
  result.failure_code = code;
}

// The image as it is now; the code of the error where it is gone.
std::pair<std::optional<storage::Image>, ErrorCode> look_up(storage::Store& store,
                                                            const ImageCopy& copy) {
  auto txn = store.database().begin(storage::sql::Access::kRead);
  const auto source = storage::find_repository(txn, copy.from, copy.repository);
  if (!source) return {std::nullopt, ErrorCode::kRepositoryNotFound};
  return {storage::find_image(txn, source->id, copy.digest), ErrorCode::kImageNotFound};
}

// An image that is gone before its turn has failed: it was counted, and is not at the destination.
void copy_result(const JobAttempt& attempt, const Batch& batch, ReplicationBackfillResult& result) {
  const model::RegistryId to = batch.backfill.destination;
  if (!is_destination_of(batch.rules, result.repository, to)) {
    return set_failure(result, kNoLongerConfigured);
  }
  const ImageCopy copy = copy_of(batch.backfill, result);
  const CopyFailure failure = copy_image(attempt.services, attempt.now, copy);
  const auto [image, missing] = look_up(attempt.services.store, copy);
  if (!image) return set_failure(result, names_of(missing).json_type);
  result.status = BackfillResultStatus::kComplete;
  if (failure.code.empty()) return;
  set_failure(result, failure.code);
  if (image->nesting == 0) return;
  // "Present only when the image is a manifest list" (ECR API Reference). The copy ends with the
  // first failure, so there is one code at most.
  result.child_failure_codes.emplace();
  if (failure.of_child) result.child_failure_codes->push_back(failure.code);
}

void count_result(ReplicationBackfill& backfill, const ReplicationBackfillResult& result) {
  ++(result.status == BackfillResultStatus::kComplete ? backfill.completed : backfill.failed);
  auto& codes = backfill.failure_codes;
  if (result.failure_code.empty()) return;
  if (std::find(codes.begin(), codes.end(), result.failure_code) == codes.end()) {
    codes.push_back(result.failure_code);
  }
}

// Ends early where the backfill thereby fails.
void copy_batch(const JobAttempt& attempt, Batch& batch) {
  ReplicationBackfill counted = batch.backfill;
  for (std::size_t i = 0; i < batch.results.size(); ++i) {
    if (attempt.services.job_signal.stopping()) throw std::runtime_error("the server is stopping");
    copy_result(attempt, batch, batch.results[i]);
    count_result(counted, batch.results[i]);
    if (has_failed(counted)) {
      batch.results.erase(batch.results.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                          batch.results.end());
    }
  }
}

// --- the end of a step

// `backfill` is the row as it is now: it may have been stopped while the batch was copied.
void record_batch(const JobAttempt& attempt, storage::sql::Txn& txn, const Batch& batch,
                  ReplicationBackfill& backfill) {
  for (const ReplicationBackfillResult& result : batch.results) {
    if (result.position != processed(backfill) + 1) return;  // another attempt has been here
    storage::update_replication_backfill_result(txn, backfill.number, result);
    count_result(backfill, result);
    record_copy(attempt.services, txn, attempt.now, copy_of(backfill, result), result.failure_code);
  }
}

// The status that the backfill goes on with. One that was stopped is STOPPED at the end of the step
// that was under way. That one of which single images failed is COMPLETE, below the threshold of
// FAILED, is inferred: its results and its progress tell which.
BackfillStatus next_status(const ReplicationBackfill& backfill, bool prepared) {
  if (backfill.status == BackfillStatus::kStopping) return BackfillStatus::kStopped;
  if (!prepared) return BackfillStatus::kPreparing;
  if (has_failed(backfill)) return BackfillStatus::kFailed;
  return processed(backfill) == backfill.total ? BackfillStatus::kComplete
                                               : BackfillStatus::kInProgress;
}

}  // namespace

void enqueue_backfill(const Core& core, storage::sql::Txn& txn, std::string_view id,
                      base::TimePoint now) {
  enqueue_job(core, txn, kReplicationBackfill.kind, {{"backfill", id}}, now, id);
}

// A server that is killed after the copying and before the end copies the same images again, which
// finds them there.
void run_replication_backfill(JobAttempt& attempt) {
  const std::string id = attempt.payload.at("backfill").get<std::string>();
  auto batch = read_batch(attempt.services.store, id);
  if (!batch) return;
  copy_batch(attempt, *batch);
  storage::sql::Txn& txn = attempt.begin().txn;
  auto backfill = storage::find_replication_backfill(txn, id);
  if (!backfill || backfill->ended_at) return;
  record_batch(attempt, txn, *batch, *backfill);
  const bool prepared =
      backfill->status != BackfillStatus::kPreparing || prepare_some(txn, *backfill);
  backfill->status = next_status(*backfill, prepared);
  if (backfill->status == BackfillStatus::kFailed) backfill->failure_code = kTooManyFailures;
  if (backfill->status == BackfillStatus::kPreparing ||
      backfill->status == BackfillStatus::kInProgress) {
    enqueue_backfill(attempt.services, txn, id, attempt.now);
  } else {
    backfill->ended_at = attempt.now;
  }
  storage::update_replication_backfill(txn, *backfill);
}

void drop_expired_backfills(JobAttempt& attempt) {
  auto& database = attempt.services.store.database();
  while (!attempt.services.job_signal.stopping()) {
    auto txn = database.begin(storage::sql::Access::kWrite);
    const auto number = storage::ended_replication_backfill(txn, attempt.now - kBackfillsKept);
    if (!number) return;
    if (storage::delete_replication_backfill_results(txn, *number, kDroppedAtOnce) == 0) {
      storage::delete_replication_backfill(txn, *number);
    }
    txn.commit(storage::sql::Durability::kRelaxed);
  }
}

}  // namespace ecr::api::replication
