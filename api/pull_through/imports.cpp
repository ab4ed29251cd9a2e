#include "api/pull_through/imports.h"

#include <set>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/core/work/events.h"
#include "api/images/creation/creation.h"
#include "api/pull_through/finish.h"
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
constexpr minutes kCheckTagAgain{5};  // after an upstream that did not answer
// An index with its children, and theirs: more is no image of anybody's.
constexpr std::size_t kMaxManifests = 500;
constexpr std::int64_t kMaxLayerBytes = std::int64_t{52'000} << 20;  // ECR service quotas

Manifest parsed(const storage::Import& import) {
  return parse_manifest(import.manifest, import.media_type);
}

std::string import_key(std::int64_t repository, const std::string& digest) {
  return base::format("{}/{}", repository, digest);
}

// The import whose index names the image.
std::optional<storage::Import> parent_of(storage::sql::Txn& txn, std::int64_t repository,
                                         const std::string& digest) {
  for (storage::Import& import : storage::list_imports(txn, repository)) {
    for (const Descriptor& child : parsed(import).manifests) {
      if (child.digest == digest) return std::move(import);
    }
  }
  return std::nullopt;
}

std::optional<Question> import_question(const Services& services, storage::sql::Txn& txn,
                                        const Place& place, const std::string& tag,
                                        Question::Kind kind) {
  // The model lets anything be a tag; an upstream is asked for nothing that cannot be one.
  if (services.upstreams == nullptr || !model::is_tag(tag)) return std::nullopt;
  const auto rule = find_rule(txn, place.account, place.region, place.name);
  if (!rule) return std::nullopt;
  return Question{kind, tag, "", origin_of(*rule, place.name)};
}

void look_up_tag(const Services& services, storage::sql::Txn& txn, const Place& place,
                 const storage::Repository& repository, const std::string& tag, base::TimePoint now,
                 Lookup& found) {
  const auto cached = storage::find_cached_tag(txn, repository.id, tag);
  if (cached && cached->digest != found.stored) {
    found.pending = storage::find_import(txn, repository.id, cached->digest);
  }
  if (found.pending) return;
  if (!found.stored) {
    found.question = import_question(services, txn, place, tag, Question::Kind::kImport);
  } else if (cached && cached->digest == *found.stored && cached->check_at <= now &&
             tag_may_move(repository, tag)) {
    found.question = import_question(services, txn, place, tag, Question::Kind::kRefresh);
  }
}

// ECR imports by tag alone (containers-roadmap issue 2304): of what is asked for by digest, the
// cache gets only the children of an index.
void look_up_digest(const Services& services, storage::sql::Txn& txn, std::int64_t repository,
                    const std::string& digest, Lookup& found) {
  if (found.stored || !storage::has_imports(txn, repository)) return;
  found.pending = storage::find_import(txn, repository, digest);
  if (found.pending || services.upstreams == nullptr) return;
  if (const auto parent = parent_of(txn, repository, digest)) {
    found.question = Question{Question::Kind::kChild, "", digest, read_origin(parent->origin)};
  }
}

// The import's row, unless the repository has the image by now. True: it is new.
bool begin_import(storage::sql::Txn& txn, const storage::Repository& repository,
                  const UpstreamManifest& manifest, const Origin& origin, bool child) {
  if (storage::find_image(txn, repository.id, manifest.digest)) return false;
  storage::put_import(txn, {repository.id, manifest.digest, manifest.media_type,
                            write_origin(origin), child, manifest.bytes});
  return true;
}

// The answer, checked as far as it can be without its blobs.
UpstreamManifest ask(const Services& services, const Question& question) {
  UpstreamManifest answer = services.upstreams->manifest(question.origin, question.reference());
  try {
    const Manifest manifest = parse_manifest(answer.bytes, answer.media_type);
    answer.media_type = manifest.media_type;
    for (const Descriptor& blob : manifest.blobs) {
      if (blob.size <= kMaxLayerBytes) continue;
      throw UpstreamError(UpstreamFailure::kInvalid, "A layer is larger than 52,000 MiB");
    }
  } catch (const ApiError& error) {
    throw UpstreamError(UpstreamFailure::kInvalid,
                        "The upstream registry's manifest is refused: " + error.message());
  }
  return answer;
}

void note_answer(const Services& services, storage::sql::Txn& txn,
                 const storage::Repository& repository, const Question& question,
                 const UpstreamManifest& answer, base::TimePoint now) {
  const bool child = question.kind == Question::Kind::kChild;
  const bool is_new = begin_import(txn, repository, answer, question.origin, child);
  if (child) return;
  storage::put_cached_tag(txn, repository.id, {question.tag, answer.digest, now + kCheckEvery});
  if (is_new) {
    const Json payload = {
        {"repository", repository.id}, {"digest", answer.digest}, {"failures", 0}};
    enqueue_job(services, txn, kImport.kind, payload, now,
                import_key(repository.id, answer.digest));
  } else {
    tag_image(services, txn, repository, question.origin, answer.digest, now);
  }
}

void note_no_answer(storage::sql::Txn& txn, const storage::Repository& repository,
                    const Question& question, base::TimePoint now) {
  auto cached = storage::find_cached_tag(txn, repository.id, question.tag);
  if (!cached) return;
  cached->check_at = now + kCheckTagAgain;
  storage::put_cached_tag(txn, repository.id, *cached);
}

// What the client is told; and the event.
ApiError failed(const Services& services, const Place& place, const Question& question,
                const UpstreamError& error) {
  const base::TimePoint now = services.clock.now();
  auto txn = services.store.database().begin(Access::kWrite);
  const auto found = storage::find_repository(txn, place.account, place.region, place.name);
  storage::Repository repository;
  repository.account = place.account;
  repository.region = place.region;
  repository.name = place.name;
  record_event(
      services, txn, now,
      pull_through_event(found ? *found : repository,
                         {question.origin.prefix, question.origin.host, question.digest,
                          question.tag, std::string(event_code(error.failure())), error.what()}));
  txn.commit();
  if (error.failure() != UpstreamFailure::kNotFound) {
    return {ErrorCode::kUnableToGetUpstreamImage,
            base::format("{}: {}", event_code(error.failure()), error.what())};
  }
  if (!found) return ApiError::repository_not_found(place.account, place.name);
  return {ErrorCode::kImageNotFound, "Requested image not found"};
}

// Everything that one import needs, one thing after the other.
class Bringing {
 public:
  Bringing(const Services& services, std::int64_t repository)
      : services_(services), repository_(repository) {}

  void bring(const std::string& digest) {
    if (!seen_.insert(digest).second) return;
    if (seen_.size() > kMaxManifests) {
      throw UpstreamError(UpstreamFailure::kInvalid, "The image has too many manifests");
    }
    const auto import = find(digest);
    if (!import) return;  // it is an image already, or not wanted any more
    const Manifest manifest = parsed(*import);
    const Origin origin = read_origin(import->origin);
    for (const Descriptor& child : manifest.manifests) bring_child(origin, digest, child.digest);
    for (const Descriptor& blob : manifest.blobs) {
      if (!blob.foreign) bring_blob(blob.digest);
    }
  }

 private:
  std::optional<storage::Import> find(const std::string& digest) {
    auto txn = services_.store.database().begin(Access::kRead);
    return storage::find_import(txn, repository_, digest);
  }

  bool has(const std::string& digest) {
    auto txn = services_.store.database().begin(Access::kRead);
    return storage::find_image(txn, repository_, digest) ||
           storage::find_import(txn, repository_, digest);
  }

  void bring_child(const Origin& origin, const std::string& parent, const std::string& digest) {
    if (!has(digest)) {
      const Question question{Question::Kind::kChild, "", digest, origin};
      const UpstreamManifest answer = ask(services_, question);
      auto txn = services_.store.database().begin(Access::kWrite);
      const auto repository = storage::find_repository(txn, repository_);
      if (!repository || !storage::find_import(txn, repository_, parent)) return;
      note_answer(services_, txn, *repository, question, answer, services_.clock.now());
      txn.commit();
    }
    bring(digest);
  }

  void bring_blob(const std::string& digest) {
    std::optional<DownloadOrder> order;
    {
      auto txn = services_.store.database().begin(Access::kRead);
      if (storage::find_blob(txn, repository_, digest)) return;
      order = wanted_blob(txn, repository_, digest);
    }
    if (order) services_.upstreams->download(services_, *order)->wait_stored();
  }

  const Services& services_;
  const std::int64_t repository_;
  std::set<std::string> seen_;
};

}  // namespace

Lookup look_up(const Services& services, storage::sql::Txn& txn, const Place& place,
               const storage::Repository* repository, const ImageIdentifier& id,
               base::TimePoint now) {
  Lookup found;
  if (repository == nullptr) {
    if (!id.tag.empty()) {
      found.question = import_question(services, txn, place, id.tag, Question::Kind::kImport);
    }
    return found;
  }
  found.stored = resolve_image(txn, repository->id, id);
  if (!id.tag.empty()) {
    if (id.digest.empty()) {
      look_up_tag(services, txn, place, *repository, id.tag, now, found);
    }
  } else {
    look_up_digest(services, txn, repository->id, id.digest, found);
  }
  return found;
}

void fetch(const Services& services, const Place& place, const Question& question,
           const RequireRepository& repository) {
  std::optional<UpstreamManifest> answer;
  std::optional<UpstreamError> failure;
  try {
    answer = ask(services, question);
  } catch (const UpstreamError& error) {
    failure = error;
  }
  const base::TimePoint now = services.clock.now();
  if (failure && question.kind != Question::Kind::kRefresh) {
    throw failed(services, place, question, *failure);
  }
  auto txn = services.store.database().begin(Access::kWrite);
  if (answer) {
    note_answer(services, txn, repository(txn, now), question, *answer, now);
  } else {
    note_no_answer(txn, repository(txn, now), question, now);
  }
  txn.commit();
}

storage::Repository create_repository(const Services& services, storage::sql::Txn& txn,
                                      const Place& place, base::TimePoint now) {
  const auto as = creation::find_template(txn, place.account, place.region, place.name,
                                          creation::Reason::kPullThroughCache);
  return creation::create_repository(services, txn, {place.account, place.region, place.name}, as,
                                     now);
}

std::optional<DownloadOrder> wanted_blob(storage::sql::Txn& txn, std::int64_t repository,
                                         const std::string& digest) {
  for (const storage::Import& import : storage::list_imports(txn, repository)) {
    for (const Descriptor& blob : parsed(import).blobs) {
      if (blob.digest != digest) continue;
      return DownloadOrder{repository, digest, static_cast<std::uint64_t>(blob.size),
                           read_origin(import.origin)};
    }
  }
  return std::nullopt;
}

void bring(const Services& services, std::int64_t repository, const std::string& digest) {
  Bringing(services, repository).bring(digest);
}

}  // namespace ecr::api::pull_through
