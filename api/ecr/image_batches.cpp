// BatchGetImage, BatchDeleteImage: several images, each with its own success or failure. An image
// that is not there is an entry of `failures`, never an error of the call.
#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include "api/core/access/operation.h"
#include "api/core/background/events.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/ecr/image_json.h"
#include "api/images/images.h"
#include "api/pull_through/image_import.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;

struct Failure {
  std::string code;
  std::string reason;
};

Json failure_json(const NamedImage& id, const Failure& failure) {
  return {{"imageId", image_id_json(id.digest, id.tag)},
          {"failureCode", failure.code},
          {"failureReason", failure.reason}};
}

// The digest that an entry names, or why it names none. The code ImageNotFound with its reason was
// captured from AWS; the other two are from other emulators' tests.
tl::expected<model::Digest, Failure> resolve(ApiRequest& request, std::int64_t repository,
                                             const NamedImage& named) {
  if (named.is_empty()) {
    return tl::unexpected(Failure{
        "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"});
  }
  const auto id = named.identifier();
  if (!id) {
    return tl::unexpected(
        Failure{"InvalidImageDigest",
                "Invalid request parameters: image digest should satisfy the regex "
                "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"});
  }
  auto found = api::resolve_image(request.txn, repository, *id);
  if (!found) return tl::unexpected(Failure{"ImageNotFound", "Requested image not found"});
  return std::move(*found);
}

// The repository's place, whether it exists or not: a pull-through cache may create it.
RepositoryKey repository_key(const NamedRepository& repository) {
  return {repository.registry, repository.name};
}

pull_through::Lookup look_up(const ApiRequest& request, const NamedRepository& repository,
                             const Json& id) {
  const auto identifier = named_image(id).identifier();
  if (!identifier) return {};  // no upstream has an image of a digest that is none
  return pull_through::look_up(request.services, request.txn, repository_key(repository),
                               repository.row ? &*repository.row : nullptr, *identifier,
                               request.now);
}

// The queries that an upstream registry has to be asked before the call can be answered. Most
// repositories have neither a rule nor imports, and cost no look-up of their images here.
std::vector<pull_through::UpstreamQuery> queries_of(const ApiRequest& request,
                                                    const NamedRepository& repository) {
  std::vector<pull_through::UpstreamQuery> queries;
  if (request.services.upstreams == nullptr) return queries;
  if (!pull_through::find_rule(request.txn, repository.registry, repository.name) &&
      !(repository.row && storage::has_imports(request.txn, repository.row->id))) {
    return queries;
  }
  for (const Json& id : request.input.at("imageIds")) {
    if (auto found = look_up(request, repository, id); found.query) {
      queries.push_back(std::move(*found.query));
    }
  }
  return queries;
}

// Without an answer to a refresh there is still the cached image.
bool is_needed(const pull_through::UpstreamQuery& query) {
  return query.kind != pull_through::UpstreamQuery::Kind::kRefresh;
}

// A pull that imports an upstream's image needs the permissions for that too: ECR User Guide,
// "IAM permissions required to sync an upstream registry": ecr:BatchImportUpstreamImage, and
// ecr:CreateRepository where the repository is missing.
struct PulledRepository : NamedRepository {
  std::vector<pull_through::UpstreamQuery> queries;
};
Resolved<PulledRepository> pull_targets(const ApiRequest& request) {
  PulledRepository pulled{find_repository(request), {}};
  pulled.queries = queries_of(request, pulled);
  const Target read = target_of(request, pulled);
  std::vector<Target> targets = {read};
  if (std::any_of(pulled.queries.begin(), pulled.queries.end(), is_needed)) {
    targets.push_back(read);
    targets.back().action = "ecr:BatchImportUpstreamImage";
    if (!pulled.row) {
      targets.push_back(read);
      targets.back().action = "ecr:CreateRepository";
    }
  }
  return {std::move(targets), std::move(pulled)};
}

// An image that the upstream does not have is no error here: it becomes one of the batch's
// failures. An upstream that cannot be reached is the error of the whole call.
void fetch_all(const Services& services, const RepositoryKey& key,
               const std::vector<pull_through::UpstreamQuery>& queries) {
  for (const pull_through::UpstreamQuery& query : queries) {
    try {
      pull_through::fetch_manifest(
          services, key, query, [&](storage::sql::Txn& txn, base::TimePoint now) {
            auto found = storage::find_repository(txn, key.registry, key.name);
            return found ? std::move(*found)
                         : pull_through::create_repository(services, txn, key, now);
          });
    } catch (const ApiError& error) {
      if (error.code() == ErrorCode::kUnableToGetUpstreamImage) throw;
    }
  }
}

// A refresh happens only for a caller that has the permission to import; any other caller gets the
// cached image as it is. For an import the permission was required by pull_targets().
bool may_fetch(const ApiRequest& request, const PulledRepository& pulled) {
  if (request.core.settings.enforcement != Enforcement::kEnforce ||
      std::any_of(pulled.queries.begin(), pulled.queries.end(), is_needed)) {
    return true;
  }
  Target target = target_of(request, pulled);
  target.action = "ecr:BatchImportUpstreamImage";
  return is_allowed(request, target);
}

// Throws OutsideWork where the upstream has to be asked: the call then runs anew, with
// request.outside set, and finds in the repository what the upstream answered.
void ask_upstream(const ApiRequest& request, const PulledRepository& pulled) {
  if (request.outside.has_value()) return;
  if (pulled.queries.empty() || !may_fetch(request, pulled)) return;
  throw OutsideWork{[&services = request.services, key = repository_key(pulled),
                     queries = pulled.queries]() -> std::any {
    fetch_all(services, key, queries);
    return true;
  }};
}

// The tag is in the answer's imageId only where the caller named the image by it.
Json image_json(const storage::Repository& repository, const model::Digest& digest,
                const std::string& tag, const std::string& manifest,
                const std::string& media_type) {
  return {{"registryId", repository.registry.account},
          {"repositoryName", repository.name.text()},
          {"imageId", image_id_json(digest, tag)},
          {"imageManifest", manifest},
          {"imageManifestMediaType", media_type}};
}

// acceptedMediaTypes is not looked at: manifests are answered as they were pushed. ECR documents a
// translation of formats for pulls by tag only.
Json batch_get_image(ApiRequest& request, const PulledRepository& from) {
  ask_upstream(request, from);
  if (!from.row) from.missing();
  const storage::Repository& repository = *from.row;
  Json output = {{"images", Json::array()}, {"failures", Json::array()}};
  std::vector<storage::Image> pulled;
  for (const Json& json : request.input.at("imageIds")) {
    const NamedImage id = named_image(json);
    // The manifest of an import is kept from the first answer of the upstream on; its layers may
    // still be on their way.
    if (const auto pending = look_up(request, from, json).pending) {
      output["images"].push_back(
          image_json(repository, pending->digest, id.tag, pending->manifest, pending->media_type));
      continue;
    }
    const auto digest = resolve(request, repository.id, id);
    if (!digest) {
      output["failures"].push_back(failure_json(id, digest.error()));
      continue;
    }
    auto image = storage::find_image(request.txn, repository.id, *digest);
    // An archived image is answered like one that does not exist, as a docker pull of it is (ECR
    // User Guide on archived images; test AnArchivedImageIsHiddenAndNotPulled).
    if (image->status != storage::ImageStatus::kActive) {
      output["failures"].push_back(
          failure_json(id, {"ImageNotFound", "Requested image not found"}));
      continue;
    }
    output["images"].push_back(
        image_json(repository, *digest, id.tag,
                   storage::image_manifest(request.txn, repository.id, *digest).value_or(""),
                   image->media_type));
    pulled.push_back(std::move(*image));
  }
  // lastRecordedPullTime is written after this read transaction.
  request.txn.on_commit(record_pulls(request, repository, pulled));
  return output;
}

// By tag: the tag goes, and the image goes with its last tag (test
// DeleteByTagTakesTheTagAndTheImageWithItsLast). By digest: the image goes with all its tags, and
// the answer has one imageId for each tag (test DeleteByDigestTakesEveryTag). An image that an
// index names stays as long as the index does (test AChildStaysAsLongAsItsIndex); one of several
// tags of it may go. Archived images are deleted like all others.
std::optional<Failure> delete_one(ApiRequest& request, const storage::Repository& owner,
                                  const NamedImage& id, Json& deleted) {
  const std::int64_t repository = owner.id;
  const auto found = resolve(request, repository, id);
  if (!found) return found.error();
  const model::Digest& digest = *found;
  const auto image = storage::find_image(request.txn, repository, digest);
  const auto tags = storage::image_tags(request.txn, repository, digest);
  const bool tag_alone = !id.tag.empty() && tags.size() > 1;
  const auto parents = storage::image_parents(request.txn, repository, digest);
  // The reason lists the indexes, as captured from AWS.
  if (!tag_alone && !parents.empty()) {
    return Failure{"ImageReferencedByManifestList",
                   base::format("Requested image referenced by manifest list: [{}]",
                                base::join(model::texts_of(parents), ", "))};
  }
  const auto record_deletion = [&](std::string_view tag) {
    record_event(request.core, request.txn, request.now,
                 push_or_delete_event(owner, ImageAction::kDelete, *image, tag), request.http.id);
  };
  if (!id.tag.empty()) {
    delete_image_tag(request.txn, repository, id.tag, digest, request.now);
    record_deletion(id.tag);
    deleted.push_back(image_id_json(digest, id.tag));
    return std::nullopt;
  }
  storage::delete_image(request.txn, repository, digest, request.now);
  // One event and one id for each tag; one of each for an image that had none.
  if (tags.empty()) {
    record_deletion("");
    deleted.push_back(image_id_json(digest, ""));
  }
  for (const std::string& tag : tags) {
    record_deletion(tag);
    deleted.push_back(image_id_json(digest, tag));
  }
  return std::nullopt;
}

// Each entry sees the deletions by the entries before it: the same tag twice is a failure the
// second time.
Json batch_delete_image(ApiRequest& request, const storage::Repository& repository) {
  Json output = {{"imageIds", Json::array()}, {"failures", Json::array()}};
  for (const Json& json : request.input.at("imageIds")) {
    const NamedImage id = named_image(json);
    const auto failure = delete_one(request, repository, id, output["imageIds"]);
    if (failure) output["failures"].push_back(failure_json(id, *failure));
  }
  return output;
}

constexpr Operation kImageBatchOperations[] = {
    {"BatchGetImage", "ecr:BatchGetImage", Access::kRead, on<pull_targets, batch_get_image>},
    {"BatchDeleteImage", "ecr:BatchDeleteImage", Access::kWrite,
     on<repository_target, batch_delete_image>},
};

}  // namespace

std::vector<const Operation*> image_batch_operations() { return pointers(kImageBatchOperations); }

}  // namespace ecr::api::ecr
