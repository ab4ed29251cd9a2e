#include "api/pull_through/finish.h"

#include <set>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/core/work/events.h"
#include "api/images/replication/replicate.h"
#include "api/images/scan/scan_jobs.h"
#include "api/pull_through/imports.h"
#include "api/pull_through/upstreams.h"

namespace ecr::api::pull_through {
namespace {

constexpr std::chrono::minutes kRefreshTagAgain{5};
constexpr std::chrono::milliseconds kWait{500};
// After an upstream that gave no answer, or told to come later.
constexpr std::chrono::seconds kDelays[] = {std::chrono::seconds(1), std::chrono::seconds(10)};

bool is_passing(UpstreamFailure failure) {
  return failure == UpstreamFailure::kUnavailable || failure == UpstreamFailure::kTooManyRequests;
}

void tell(const Services& services, storage::sql::Txn& txn, const storage::Repository& repository,
          const Origin& origin, const std::string& digest, const std::string& tag,
          const UpstreamError* error, base::TimePoint now) {
  PullThroughSync sync{origin.prefix, origin.host, digest, tag, "", ""};
  if (error != nullptr) {
    sync.failure_code = event_code(error->failure());
    sync.failure_reason = error->what();
  }
  record_event(services, txn, now, pull_through_event(repository, sync));
}

// An image that was not there before, whatever index brought it.
void follow_import(const Services& services, storage::sql::Txn& txn,
                   const storage::Repository& repository, const PutImageResult& result,
                   const std::string& tag, base::TimePoint now) {
  if (result.unchanged) return;
  replication::image_arrived(services, txn, repository, result.image.digest, tag, now);
  scan::scan_pushed_image(services, txn, repository, result.image, now);
}

// Children before what names them: an index of images that are not there is refused.
void put_manifests(const Services& services, storage::sql::Txn& txn,
                   const storage::Repository& repository, const std::string& digest,
                   base::TimePoint now, std::set<std::string>& put) {
  if (!put.insert(digest).second) return;
  const auto import = storage::find_import(txn, repository.id, digest);
  if (!import) return;
  for (const Descriptor& child : parse_manifest(import->manifest, import->media_type).manifests) {
    put_manifests(services, txn, repository, child.digest, now, put);
  }
  const auto result =
      put_image(txn, repository, read_sent(import->manifest, import->media_type, digest), "", now);
  storage::delete_import(txn, repository.id, digest);
  if (import->child) {
    follow_import(services, txn, repository, result, "", now);
  } else {
    tag_image(services, txn, repository, read_origin(import->origin), digest, now);
  }
}

// What only this import brought: a child that another index names too is that one's.
void forget_manifests(storage::sql::Txn& txn, std::int64_t repository, const std::string& digest) {
  const auto import = storage::find_import(txn, repository, digest);
  if (!import) return;
  storage::delete_import(txn, repository, digest);
  std::set<std::string> named;
  for (const storage::Import& other : storage::list_imports(txn, repository)) {
    for (const Descriptor& child : parse_manifest(other.manifest, other.media_type).manifests) {
      named.insert(child.digest);
    }
  }
  for (const Descriptor& child : parse_manifest(import->manifest, import->media_type).manifests) {
    const auto found = storage::find_import(txn, repository, child.digest);
    if (found && found->child && !named.contains(child.digest)) {
      forget_manifests(txn, repository, child.digest);
    }
  }
}

// A job's payload.
struct Order {
  std::int64_t repository = 0;
  std::string digest;
  std::size_t failures = 0;
};
Order order_of(const Json& payload) {
  return {payload.at("repository").get<std::int64_t>(), payload.at("digest").get<std::string>(),
          payload.at("failures").get<std::size_t>()};
}

void run_again(JobCall& call, const Order& order, std::chrono::milliseconds in) {
  storage::sql::Txn& txn = call.begin();
  const Json payload = {
      {"repository", order.repository}, {"digest", order.digest}, {"failures", order.failures}};
  enqueue_job(call.services, txn, kImport.kind, payload, call.now + in,
              call.job.key.value_or(std::string()));
}

// False: something of it is gone again. `failure`: the repository does not take it.
bool try_to_finish(JobCall& call, const Order& order, std::optional<UpstreamError>& failure) {
  auto txn = call.services.store.database().begin(storage::sql::Access::kWrite);
  const auto repository = storage::find_repository(txn, order.repository);
  if (!repository) return true;
  try {
    if (!finish_import(call.services, txn, *repository, order.digest, call.now)) return false;
  } catch (const ApiError& error) {  // the repository's refusal ends the job, not the runner
    failure = UpstreamError(UpstreamFailure::kInvalid, error.message());
    return true;
  }
  txn.commit();
  return true;
}

}  // namespace

std::string_view event_code(UpstreamFailure failure) {
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

void tag_image(const Services& services, storage::sql::Txn& txn,
               const storage::Repository& repository, const Origin& origin,
               const std::string& digest, base::TimePoint now) {
  const auto image = storage::find_image(txn, repository.id, digest);
  const auto text = storage::image_manifest(txn, repository.id, digest);
  const SentManifest sent = read_sent(*text, image->media_type, digest);
  for (const std::string& tag : storage::cached_tags(txn, repository.id, digest)) {
    const auto there = storage::find_tag(txn, repository.id, tag);
    if (there == digest || (there && !tag_may_move(repository, tag))) continue;
    const auto result = put_image(txn, repository, sent, tag, now);
    follow_import(services, txn, repository, result, tag, now);
    tell(services, txn, repository, origin, digest, tag, nullptr, now);
  }
}

bool finish_import(const Services& services, storage::sql::Txn& txn,
                   const storage::Repository& repository, const std::string& digest,
                   base::TimePoint now) {
  std::set<std::string> put;
  try {
    put_manifests(services, txn, repository, digest, now, put);
  } catch (const ApiError& error) {
    const bool lacks = error.code() == ErrorCode::kLayersNotFound ||
                       error.code() == ErrorCode::kReferencedImagesNotFound;
    if (lacks) return false;
    throw;
  }
  return true;
}

void give_up_import(const Services& services, storage::sql::Txn& txn,
                    const storage::Repository& repository, const std::string& digest,
                    const UpstreamError& error, base::TimePoint now) {
  const auto import = storage::find_import(txn, repository.id, digest);
  if (!import) return;
  const Origin origin = read_origin(import->origin);
  for (const std::string& tag : storage::cached_tags(txn, repository.id, digest)) {
    // What the tag was before is good for a while.
    if (const auto there = storage::find_tag(txn, repository.id, tag)) {
      storage::put_cached_tag(txn, repository.id, {tag, *there, now + kRefreshTagAgain});
    } else {
      storage::delete_cached_tag(txn, repository.id, tag);
    }
    tell(services, txn, repository, origin, digest, tag, &error, now);
  }
  forget_manifests(txn, repository.id, digest);
}

// The upstream is waited for on a thread of its own, and here only for a moment at a time: other
// jobs go on meanwhile.
void run_import(JobCall& call) {
  Order order = order_of(call.payload);
  if (call.services.upstreams == nullptr) {
    throw std::runtime_error("no upstream registry can be reached");
  }
  const auto result =
      call.services.upstreams->bring(call.services, order.repository, order.digest, kWait);
  if (!result) return run_again(call, order, std::chrono::milliseconds(0));
  std::optional<UpstreamError> failure = result->failure;
  if (!failure && !try_to_finish(call, order, failure)) {
    failure = UpstreamError(UpstreamFailure::kUnavailable, "Part of the image is gone again");
  }
  if (!failure) return;
  if (is_passing(failure->failure()) && order.failures < std::size(kDelays)) {
    const auto delay = kDelays[order.failures++];
    return run_again(call, order, delay);
  }
  storage::sql::Txn& txn = call.begin();
  const auto repository = storage::find_repository(txn, order.repository);
  if (repository) {
    give_up_import(call.services, txn, *repository, order.digest, *failure, call.now);
  }
}

}  // namespace ecr::api::pull_through
