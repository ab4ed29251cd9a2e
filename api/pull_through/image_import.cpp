#include "api/pull_through/image_import.h"

#include <nlohmann/json.hpp>

#include "api/core/background/events.h"
#include "api/core/wire/error.h"
#include "api/images/image_walk.h"
#include "api/images/manifest.h"
#include "api/images/repository_creation.h"
#include "api/pull_through/import_jobs.h"
#include "api/pull_through/upstreams.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/rows/blobs.h"

namespace ecr::api::pull_through {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using storage::sql::Access;

// ECR User Guide, "Using pull through cache rules": a tag is compared with the upstream's at least
// once in 24 hours.
constexpr hours kCheckEvery{24};
// The cached image is served for this long after an upstream that did not answer, so that each pull
// does not wait for a registry that is down.
constexpr minutes kCheckTagAgain{5};
// Manifests and blobs of one import: an index with its children, and theirs. No real image has
// more; a hostile upstream could nest indexes without end.
constexpr std::size_t kMaxImportManifests = 500;
constexpr std::size_t kMaxImportBlobs = 10'000;

std::string import_key(std::int64_t repository, const model::Digest& digest) {
  return base::format("{}/{}", repository, digest.text());
}

std::optional<UpstreamQuery> import_query(const Services& services, storage::sql::Txn& txn,
                                          const RepositoryKey& key, const std::string& tag,
                                          UpstreamQuery::Kind kind) {
  // The model lets anything be a tag; an upstream is asked for nothing that cannot be one.
  if (services.upstreams == nullptr || !model::is_tag(tag)) return std::nullopt;
  const auto rule = find_rule(txn, key.registry, key.name);
  if (!rule) return std::nullopt;
  return UpstreamQuery{kind, tag, std::nullopt, origin_of(*rule, key.name)};
}

void look_up_tag(const Services& services, storage::sql::Txn& txn, const RepositoryKey& key,
                 const storage::Repository& repository, const std::string& tag, base::TimePoint now,
                 Lookup& found) {
  // Three cases. The tag's new image is still being imported: its manifest is served from the
  // import. The repository lacks the tag: the upstream is asked. The cached tag was last compared
  // 24 hours ago: it is compared again, unless it may not move anyway.
  const auto cached = storage::find_cached_tag(txn, repository.id, tag);
  if (cached && cached->digest != found.stored) {
    found.pending = storage::find_import(txn, repository.id, cached->digest);
  }
  if (found.pending) return;
  if (!found.stored) {
    found.query = import_query(services, txn, key, tag, UpstreamQuery::Kind::kImport);
  } else if (cached && cached->digest == *found.stored && cached->check_at <= now &&
             tag_may_move(repository, tag)) {
    found.query = import_query(services, txn, key, tag, UpstreamQuery::Kind::kRefresh);
  }
}

// ECR imports by tag alone: a first pull by digest of an image that is not cached fails
// (containers-roadmap issues 2304 and 2837). The exceptions are the children of an index that is
// being imported, which every client pulls by digest.
void look_up_digest(const Services& services, storage::sql::Txn& txn, std::int64_t repository,
                    const model::Digest& digest, Lookup& found) {
  if (found.stored || !storage::has_imports(txn, repository)) return;
  found.pending = storage::find_import(txn, repository, digest);
  if (found.pending || services.upstreams == nullptr) return;
  if (const auto origin = storage::origin_of_child(txn, repository, digest)) {
    found.query = UpstreamQuery{UpstreamQuery::Kind::kChild, "", digest, read_origin(*origin)};
  }
}

// What an upstream answered to a query, and what it names.
struct Answer {
  UpstreamManifest sent;
  Manifest manifest;
};

storage::Import import_of(const storage::Repository& repository, const Answer& answer,
                          const Origin& origin, bool child) {
  storage::Import import{
      repository.id, answer.sent.digest, answer.manifest.media_type, write_origin(origin),
      child,         answer.sent.bytes};
  for (const Descriptor& blob : answer.manifest.blobs) {
    import.blobs.push_back({blob.digest, blob.size});
  }
  for (const Descriptor& image : answer.manifest.manifests) import.children.push_back(image.digest);
  return import;
}

// Asks the upstream. The answer is checked as far as it can be without its blobs.
Answer query_upstream(const Services& services, const UpstreamQuery& query) {
  UpstreamManifest sent = services.upstreams->manifest(query.origin, query.reference());
  try {
    Manifest manifest = parse_manifest(sent.bytes, sent.media_type);
    require_well_formed(manifest);
    for (const Descriptor& blob : manifest.blobs) {
      if (blob.size <= std::int64_t{kMaxLayerBytes}) continue;
      throw UpstreamError(UpstreamFailure::kInvalid, "A layer is larger than 52,000 MiB");
    }
    return {std::move(sent), std::move(manifest)};
  } catch (const ApiError& error) {
    throw UpstreamError(UpstreamFailure::kInvalid,
                        "The upstream registry's manifest is refused: " + error.message());
  }
}

void store_answer(const Services& services, storage::sql::Txn& txn,
                  const storage::Repository& repository, const UpstreamQuery& query,
                  const Answer& answer, base::TimePoint now) {
  const bool child = query.kind == UpstreamQuery::Kind::kChild;
  const model::Digest& digest = answer.sent.digest;
  // The import's row, unless the repository has the image by now.
  const bool is_new = !storage::find_image(txn, repository.id, digest);
  if (is_new) storage::put_import(txn, import_of(repository, answer, query.origin, child));
  if (child) return;
  // The tag is compared again in 24 hours, whichever image it stands for now. The image itself gets
  // the tag when the import is complete, or at once where the repository has the image already.
  storage::put_cached_tag(txn, repository.id, {query.tag, digest, now + kCheckEvery});
  if (is_new) {
    const Json payload = {
        {"repository", repository.id}, {"digest", digest.text()}, {"failures", 0}};
    enqueue_job(services, txn, kImportJob.kind, payload, now, import_key(repository.id, digest));
  } else {
    const SentManifest sent{answer.sent.bytes, digest, answer.manifest};
    move_cached_tags(services, txn, repository, query.origin, sent, now);
  }
}

void postpone_check(storage::sql::Txn& txn, const storage::Repository& repository,
                    const UpstreamQuery& query, base::TimePoint now) {
  auto cached = storage::find_cached_tag(txn, repository.id, query.tag);
  if (!cached) return;
  cached->check_at = now + kCheckTagAgain;
  storage::put_cached_tag(txn, repository.id, *cached);
}

// Writes the event, and returns what the client is told. ECR answers "name unknown" or "manifest
// unknown" where the upstream has no such image, as if there were no cache.
ApiError report_failure(const Services& services, const RepositoryKey& key,
                        const UpstreamQuery& query, const UpstreamError& error) {
  const base::TimePoint now = services.clock.now();
  auto txn = services.store.database().begin(Access::kWrite);
  const auto found = storage::find_repository(txn, key.registry, key.name);
  const storage::Repository repository(key.registry, key.name);
  record_event(services, txn, now,
               pull_through_event(found ? *found : repository,
                                  {query.origin.prefix, query.origin.host, query.digest, query.tag,
                                   std::string(failure_code(error.failure())), error.what()}));
  txn.commit();
  if (error.failure() != UpstreamFailure::kNotFound) {
    return {ErrorCode::kUnableToGetUpstreamImage,
            base::format("{}: {}", failure_code(error.failure()), error.what())};
  }
  if (!found) return ApiError::repository_not_found(key.registry.account, key.name);
  return {ErrorCode::kImageNotFound, "Requested image not found"};
}

// Downloads everything that one import needs: its manifests, then the blobs of all of them, one
// thing after the other. No transaction is open while the upstream is asked, so each step looks
// again whether the import is still wanted.
class ImportDownload {
 public:
  ImportDownload(const Services& services, std::int64_t repository)
      : services_(services), repository_(repository) {}

  void run(const model::Digest& digest) {
    try {
      children_first(digest, kMaxImportManifests,
                     [&](const model::Digest& each) { return download_children(each); });
    } catch (const ApiError& error) {  // too many of them
      throw UpstreamError(UpstreamFailure::kInvalid, error.message());
    }
    for (const model::Digest& blob : blobs_) download_blob(blob);
  }

 private:
  std::optional<storage::Import> find(const model::Digest& digest) {
    auto txn = services_.store.database().begin(Access::kRead);
    return storage::find_import(txn, repository_, digest);
  }

  bool has(const model::Digest& digest) {
    auto txn = services_.store.database().begin(Access::kRead);
    return storage::find_image(txn, repository_, digest) ||
           storage::is_importing(txn, repository_, digest);
  }

  // Brings the manifests of the images that the import's index names; their digests.
  std::vector<model::Digest> download_children(const model::Digest& digest) {
    const auto import = find(digest);
    if (!import) return {};  // it is an image already, or not wanted any more
    const Manifest manifest = parse_manifest(import->manifest, import->media_type);
    for (const Descriptor& blob : manifest.blobs) {
      if (!blob.foreign) blobs_.push_back(blob.digest);
    }
    if (blobs_.size() > kMaxImportBlobs) {
      throw ApiError(
          ErrorCode::kLimitExceeded,
          base::format("The image {} names more than {} blobs", digest.text(), kMaxImportBlobs));
    }
    std::vector<model::Digest> children;
    for (const Descriptor& child : manifest.manifests) {
      if (children.size() == kMaxImportManifests) break;  // the walk refuses them by their number
      download_child(read_origin(import->origin), digest, child.digest);
      children.push_back(child.digest);
    }
    return children;
  }

  void download_child(const Origin& origin, const model::Digest& parent,
                      const model::Digest& digest) {
    if (has(digest)) return;
    const UpstreamQuery query{UpstreamQuery::Kind::kChild, "", digest, origin};
    const Answer answer = query_upstream(services_, query);
    auto txn = services_.store.database().begin(Access::kWrite);
    // The repository or the import may have been deleted while the upstream was asked.
    const auto repository = storage::find_repository(txn, repository_);
    if (!repository || !storage::is_importing(txn, repository_, parent)) return;
    store_answer(services_, txn, *repository, query, answer, services_.clock.now());
    txn.commit();
  }

  void download_blob(const model::Digest& digest) {
    std::optional<DownloadRequest> request;
    {
      auto txn = services_.store.database().begin(Access::kRead);
      if (storage::find_blob(txn, repository_, digest)) return;
      request = wanted_blob(txn, repository_, digest);
    }
    if (request) services_.upstreams->download(services_, *request)->wait_stored();
  }

  const Services& services_;
  const std::int64_t repository_;
  std::vector<model::Digest> blobs_;  // of all manifests, as they come
};

}  // namespace

Lookup look_up(const Services& services, storage::sql::Txn& txn, const RepositoryKey& key,
               const storage::Repository* repository, const ImageIdentifier& id,
               base::TimePoint now) {
  Lookup found;
  if (repository == nullptr) {
    if (!id.tag.empty()) {
      found.query = import_query(services, txn, key, id.tag, UpstreamQuery::Kind::kImport);
    }
    return found;
  }
  found.stored = resolve_image(txn, repository->id, id);
  if (!id.tag.empty()) {
    if (!id.digest) {
      look_up_tag(services, txn, key, *repository, id.tag, now, found);
    }
  } else if (id.digest) {
    look_up_digest(services, txn, repository->id, *id.digest, found);
  }
  return found;
}

void fetch_manifest(const Services& services, const RepositoryKey& key, const UpstreamQuery& query,
                    const RequireRepository& repository) {
  std::optional<Answer> answer;
  std::optional<UpstreamError> failure;
  try {
    answer = query_upstream(services, query);
  } catch (const UpstreamError& error) {
    failure = error;
  }
  const base::TimePoint now = services.clock.now();
  // A refresh without an answer is no error of the request: the cached image is served.
  if (failure && query.kind != UpstreamQuery::Kind::kRefresh) {
    throw report_failure(services, key, query, *failure);
  }
  auto txn = services.store.database().begin(Access::kWrite);
  if (answer) {
    store_answer(services, txn, repository(txn, now), query, *answer, now);
  } else {
    postpone_check(txn, repository(txn, now), query, now);
  }
  txn.commit();
}

storage::Repository create_repository(const Services& services, storage::sql::Txn& txn,
                                      const RepositoryKey& key, base::TimePoint now) {
  const auto as =
      creation::find_template(txn, key.registry, key.name, creation::Reason::kPullThroughCache);
  return creation::create_repository(services, txn, key, as, now);
}

std::optional<DownloadRequest> wanted_blob(storage::sql::Txn& txn, std::int64_t repository,
                                           const model::Digest& digest) {
  const auto blob = storage::find_pending_blob(txn, repository, digest);
  if (!blob) return std::nullopt;
  return DownloadRequest{repository, digest, static_cast<std::uint64_t>(blob->size),
                         read_origin(blob->origin)};
}

void download_import(const Services& services, std::int64_t repository,
                     const model::Digest& digest) {
  ImportDownload(services, repository).run(digest);
}

}  // namespace ecr::api::pull_through
