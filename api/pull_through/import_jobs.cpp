#include "api/pull_through/import_jobs.h"

#include <memory>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "api/core/background/events.h"
#include "api/core/wire/error.h"
#include "api/images/image_walk.h"
#include "api/images/push/push.h"
#include "api/pull_through/image_import.h"
#include "api/pull_through/upstreams.h"

namespace ecr::api::pull_through {
namespace {

// The image that a tag had before a failed import is served for this long without asking again.
constexpr std::chrono::minutes kRefreshTagAgain{5};
// How long one attempt of the job waits for the download; other jobs run between two attempts.
constexpr std::chrono::milliseconds kWait{500};
// Delays after an upstream that gave no answer, or answered 429.
constexpr std::chrono::seconds kDelays[] = {std::chrono::seconds(1), std::chrono::seconds(10)};

bool is_passing(UpstreamFailure failure) {
  return failure == UpstreamFailure::kUnavailable || failure == UpstreamFailure::kTooManyRequests;
}

void record_sync(const Services& services, storage::sql::Txn& txn,
                 const storage::Repository& repository, const Origin& origin,
                 const model::Digest& digest, const std::string& tag, const UpstreamError* error,
                 base::TimePoint now) {
  PullThroughSync sync{origin.prefix, origin.host, digest, tag, "", ""};
  if (error != nullptr) {
    sync.failure_code = failure_code(error->failure());
    sync.failure_reason = error->what();
  }
  record_event(services, txn, now, pull_through_event(repository, sync));
}

// An image that is new here arrives as one that is pushed does. It is not signed: signing
// needs the permissions of the pusher, and an import has no pusher.
void follow_import(const Services& services, storage::sql::Txn& txn,
                   const storage::Repository& repository, const PutImageResult& result,
                   const std::string& tag, base::TimePoint now) {
  if (!result.unchanged) image_arrived(services, txn, {repository, result.image, tag}, now);
}

// Makes one import an image.
void put_manifest(const Services& services, storage::sql::Txn& txn,
                  const storage::Repository& repository, const SentManifest& sent,
                  base::TimePoint now) {
  const model::Digest& digest = sent.digest;
  const auto import = storage::find_import(txn, repository.id, digest);
  if (!import) return;
  const auto result = put_image(txn, repository, sent, "", now);
  storage::delete_import(txn, repository.id, digest);
  if (import->child) {
    follow_import(services, txn, repository, result, "", now);
  } else {
    move_cached_tags(services, txn, repository, read_origin(import->origin), sent, now);
  }
}

// The import and those of the images that it names, in the order in which they become images.
std::vector<model::Digest> imports_to_put(storage::Store& store, std::int64_t repository,
                                          const model::Digest& digest) {
  auto txn = store.database().begin(storage::sql::Access::kRead);
  return children_first(digest, kMaxWalkedImages, [&](const model::Digest& each) {
    return storage::import_children(txn, repository, each);
  });
}

std::unique_ptr<LoadedManifest> load_import(storage::Store& store, std::int64_t repository,
                                            const model::Digest& digest) {
  auto txn = store.database().begin(storage::sql::Access::kRead);
  auto import = storage::find_import(txn, repository, digest);
  if (!import) return nullptr;  // it is an image already
  return std::make_unique<LoadedManifest>(std::move(import->manifest), import->media_type, digest);
}

// Deletes the import and the children that it alone brought. A child that another import's index
// names belongs to that import too, and stays.
void forget_imports(storage::sql::Txn& txn, std::int64_t repository, const model::Digest& digest) {
  std::vector<model::Digest> left_over{digest};
  while (!left_over.empty()) {
    const model::Digest import = std::move(left_over.back());
    left_over.pop_back();
    const auto children = storage::import_children(txn, repository, import);
    storage::delete_import(txn, repository, import);
    for (const model::Digest& child : children) {
      if (storage::is_left_over_import(txn, repository, child)) left_over.push_back(child);
    }
  }
}

// The payload of the job.
struct ImportPayload {
  std::int64_t repository = 0;
  model::Digest digest;
  std::size_t failures = 0;
};
ImportPayload read_payload(const Json& payload) {
  return {payload.at("repository").get<std::int64_t>(), digest_of(payload),
          payload.at("failures").get<std::size_t>()};
}

void run_again(JobAttempt& attempt, const ImportPayload& job, std::chrono::milliseconds in) {
  storage::sql::Txn& txn = attempt.begin().txn;
  const Json payload = {
      {"repository", job.repository}, {"digest", job.digest.text()}, {"failures", job.failures}};
  enqueue_job(attempt.services, txn, kImportJob.kind, payload, attempt.now + in,
              attempt.job.key.value_or(std::string()));
}

// False: a part of the image is gone again. Sets `failure` where the repository refuses the image.
bool try_to_complete(JobAttempt& attempt, const ImportPayload& job,
                     std::optional<UpstreamError>& failure) {
  try {
    return complete_import(attempt.services, job.repository, job.digest, attempt.now);
  } catch (const ApiError& error) {  // the repository's refusal ends the job, not the runner
    failure = UpstreamError(UpstreamFailure::kInvalid, error.message());
    return true;
  }
}

}  // namespace

std::string_view failure_code(UpstreamFailure failure) {
  switch (failure) {
    case UpstreamFailure::kAccessDenied:
      return "UpstreamAccessDenied";
    case UpstreamFailure::kTooManyRequests:
      return "UpstreamTooManyRequests";
    case UpstreamFailure::kNotFound:
    case UpstreamFailure::kUnavailable:
    case UpstreamFailure::kInvalid:
      break;
  }
  return "UpstreamUnavailable";
}

void move_cached_tags(const Services& services, storage::sql::Txn& txn,
                      const storage::Repository& repository, const Origin& origin,
                      const SentManifest& sent, base::TimePoint now) {
  const model::Digest& digest = sent.digest;
  for (const std::string& tag : storage::cached_tags(txn, repository.id, digest)) {
    const auto there = storage::find_tag(txn, repository.id, tag);
    // Under an immutable setting the tag stays on the image that it has.
    if (there == digest || (there && !tag_may_move(repository, tag))) continue;
    const auto result = put_image(txn, repository, sent, tag, now);
    follow_import(services, txn, repository, result, tag, now);
    record_sync(services, txn, repository, origin, digest, tag, nullptr, now);
  }
}

bool complete_import(const Services& services, std::int64_t repository_id,
                     const model::Digest& digest, base::TimePoint now) {
  storage::Store& store = services.store;
  ManifestSteps steps(imports_to_put(store, repository_id, digest), [&](const model::Digest& each) {
    return load_import(store, repository_id, each);
  });
  try {
    for (auto images = steps.next(); !images.empty(); images = steps.next()) {
      if (services.job_signal.stopping()) throw std::runtime_error("the server is stopping");
      auto txn = store.database().begin(storage::sql::Access::kWrite);
      const auto repository = storage::find_repository(txn, repository_id);
      if (!repository) return true;
      for (const auto& image : images) {
        put_manifest(services, txn, *repository, image->sent, now);
      }
      txn.commit();
    }
  } catch (const ApiError& error) {
    // A blob or child was removed between the download and this transaction.
    const bool lacks = error.code() == ErrorCode::kLayersNotFound ||
                       error.code() == ErrorCode::kReferencedImagesNotFound;
    if (lacks) return false;
    throw;
  }
  return true;
}

void abandon_import(const Services& services, storage::sql::Txn& txn,
                    const storage::Repository& repository, const model::Digest& digest,
                    const UpstreamError& error, base::TimePoint now) {
  const auto import = storage::find_import(txn, repository.id, digest);
  if (!import) return;
  const Origin origin = read_origin(import->origin);
  for (const std::string& tag : storage::cached_tags(txn, repository.id, digest)) {
    // The tag goes on to stand for its old image, where it has one.
    if (const auto there = storage::find_tag(txn, repository.id, tag)) {
      storage::put_cached_tag(txn, repository.id, {tag, *there, now + kRefreshTagAgain});
    } else {
      storage::delete_cached_tag(txn, repository.id, tag);
    }
    record_sync(services, txn, repository, origin, digest, tag, &error, now);
  }
  forget_imports(txn, repository.id, digest);
}

// The download runs on a thread of its own (Upstreams). The job waits for it only for a moment,
// then enqueues itself anew, so that one slow upstream does not hold up other jobs.
void run_import(JobAttempt& attempt) {
  ImportPayload job = read_payload(attempt.payload);
  if (attempt.services.upstreams == nullptr) {
    throw std::runtime_error("no upstream registry can be reached");
  }
  const auto result = attempt.services.upstreams->download_import(attempt.services, job.repository,
                                                                  job.digest, kWait);
  if (!result) return run_again(attempt, job, std::chrono::milliseconds(0));
  std::optional<UpstreamError> failure = result->failure;
  if (!failure && !try_to_complete(attempt, job, failure)) {
    failure = UpstreamError(UpstreamFailure::kUnavailable, "Part of the image is gone again");
  }
  if (!failure) return;
  if (is_passing(failure->failure()) && job.failures < std::size(kDelays)) {
    const auto delay = kDelays[job.failures++];
    return run_again(attempt, job, delay);
  }
  storage::sql::Txn& txn = attempt.begin().txn;
  const auto repository = storage::find_repository(txn, job.repository);
  if (repository) {
    abandon_import(attempt.services, txn, *repository, job.digest, *failure, attempt.now);
  }
}

}  // namespace ecr::api::pull_through
