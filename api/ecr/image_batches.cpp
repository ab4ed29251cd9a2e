// BatchGetImage, BatchDeleteImage: several images, each with its own success or failure.
#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "api/core/access/operation.h"
#include "api/core/wire/error.h"
#include "api/core/work/events.h"
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

Json failure_json(const ImageIdentifier& id, const Failure& failure) {
  return {{"imageId", image_id_json(id.digest, id.tag)},
          {"failureCode", failure.code},
          {"failureReason", failure.reason}};
}

// The digest an entry names, or why it names none.
std::optional<Failure> resolve(Call& call, std::int64_t repository, const ImageIdentifier& id,
                               std::string& digest) {
  if (id.digest.empty() && id.tag.empty()) {
    return Failure{"MissingDigestAndTag",
                   "Invalid request parameters: both tag and digest cannot be null"};
  }
  if (!id.digest.empty() && !model::Digest::parse(id.digest)) {
    return Failure{"InvalidImageDigest",
                   "Invalid request parameters: image digest should satisfy the regex "
                   "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"};
  }
  auto found = resolve_image(call.txn, repository, id);
  if (!found) return Failure{"ImageNotFound", "Requested image not found"};
  digest = std::move(*found);
  return std::nullopt;
}

RepositoryKey repository_key(const Call& call) {
  return {registry_id(call), call.region, text_member(call.input, "repositoryName")};
}

std::optional<storage::Repository> repository_of(const Call& call) {
  const RepositoryKey key = repository_key(call);
  return storage::find_repository(call.txn, key.account, key.region, key.name);
}

pull_through::Lookup look_up(const Call& call, const std::optional<storage::Repository>& repository,
                             const Json& id) {
  return pull_through::look_up(call.services, call.txn, repository_key(call),
                               repository ? &*repository : nullptr, image_identifier(id), call.now);
}

// What an upstream has to be asked before the call can be answered.
std::vector<pull_through::UpstreamQuery> queries_of(const Call& call) {
  std::vector<pull_through::UpstreamQuery> queries;
  if (call.services.upstreams == nullptr) return queries;
  const auto repository = repository_of(call);
  const RepositoryKey key = repository_key(call);
  if (!pull_through::find_rule(call.txn, key.account, key.region, key.name) &&
      !(repository && storage::has_imports(call.txn, repository->id))) {
    return queries;
  }
  for (const Json& id : call.input.at("imageIds")) {
    if (auto found = look_up(call, repository, id); found.query) {
      queries.push_back(std::move(*found.query));
    }
  }
  return queries;
}

bool is_needed(const pull_through::UpstreamQuery& query) {
  return query.kind != pull_through::UpstreamQuery::Kind::kRefresh;
}

// Who has an upstream's image imported needs the permissions of that too.
std::vector<Target> pull_targets(const Call& call) {
  std::vector<Target> targets = repository_target(call);
  const auto queries = queries_of(call);
  if (std::none_of(queries.begin(), queries.end(), is_needed)) return targets;
  const Target repository = targets.front();
  targets.push_back(repository);
  targets.back().action = "ecr:BatchImportUpstreamImage";
  if (repository_of(call)) return targets;
  targets.push_back(repository);
  targets.back().action = "ecr:CreateRepository";
  return targets;
}

// Of an image that the upstream does not have the batch's failures tell.
void fetch_all(const Services& services, const RepositoryKey& key,
               const std::vector<pull_through::UpstreamQuery>& queries) {
  for (const pull_through::UpstreamQuery& query : queries) {
    try {
      pull_through::fetch_manifest(
          services, key, query, [&](storage::sql::Txn& txn, base::TimePoint now) {
            auto found = storage::find_repository(txn, key.account, key.region, key.name);
            return found ? std::move(*found)
                         : pull_through::create_repository(services, txn, key, now);
          });
    } catch (const ApiError& error) {
      if (error.code() == ErrorCode::kUnableToGetUpstreamImage) throw;
    }
  }
}

// A refresh is for who may have it done; to others the cached image is good enough.
bool may_fetch(const Call& call, const std::vector<pull_through::UpstreamQuery>& queries) {
  if (std::any_of(queries.begin(), queries.end(), is_needed)) return true;  // authorized
  Target target = repository_target(call).front();
  target.action = "ecr:BatchImportUpstreamImage";
  return call.services.settings.enforcement != Enforcement::kEnforce ||
         is_allowed(call.services, call.caller, {call.txn, call.http, call.region, call.now},
                    target);
}

void ask_upstream(const Call& call) {
  if (call.prepared.has_value()) return;
  auto queries = queries_of(call);
  if (queries.empty() || !may_fetch(call, queries)) return;
  throw OutsideWork{[&services = call.services, key = repository_key(call),
                     queries = std::move(queries)]() -> std::any {
    fetch_all(services, key, queries);
    return true;
  }};
}

Json image_json(const storage::Repository& repository, const std::string& digest,
                const std::string& tag, const std::string& manifest,
                const std::string& media_type) {
  return {{"registryId", repository.account},
          {"repositoryName", repository.name},
          {"imageId", image_id_json(digest, tag)},
          {"imageManifest", manifest},
          {"imageManifestMediaType", media_type}};
}

Json batch_get_image(Call& call) {
  ask_upstream(call);
  const storage::Repository repository = require_repository(call);
  Json output = {{"images", Json::array()}, {"failures", Json::array()}};
  std::vector<storage::Image> pulled;
  for (const Json& json : call.input.at("imageIds")) {
    const ImageIdentifier id = image_identifier(json);
    if (const auto pending = look_up(call, repository, json).pending) {
      output["images"].push_back(
          image_json(repository, pending->digest, id.tag, pending->manifest, pending->media_type));
      continue;
    }
    std::string digest;
    if (const auto failure = resolve(call, repository.id, id, digest)) {
      output["failures"].push_back(failure_json(id, *failure));
      continue;
    }
    auto image = storage::find_image(call.txn, repository.id, digest);
    if (image->status != "ACTIVE") {  // archived: as a pull of it is answered
      output["failures"].push_back(
          failure_json(id, {"ImageNotFound", "Requested image not found"}));
      continue;
    }
    output["images"].push_back(image_json(
        repository, digest, id.tag,
        storage::image_manifest(call.txn, repository.id, digest).value_or(""), image->media_type));
    pulled.push_back(std::move(*image));
  }
  if (auto note =
          record_pulls(call.services, call.txn, call.caller, repository, pulled, call.now)) {
    call.after_commit.push_back(std::move(note));
  }
  return output;
}

// By tag: the tag, and the image with its last one. By digest: the image and all its tags.
std::optional<Failure> delete_one(Call& call, const storage::Repository& owner,
                                  const ImageIdentifier& id, Json& deleted) {
  const std::int64_t repository = owner.id;
  std::string digest;
  if (auto failure = resolve(call, repository, id, digest)) return failure;
  const auto image = storage::find_image(call.txn, repository, digest);
  const auto tags = storage::image_tags(call.txn, repository, digest);
  const bool tag_alone = !id.tag.empty() && tags.size() > 1;
  const auto parents = storage::image_parents(call.txn, repository, digest);
  if (!tag_alone && !parents.empty()) {
    return Failure{"ImageReferencedByManifestList",
                   base::format("Requested image referenced by manifest list: [{}]",
                                base::join(parents, ", "))};
  }
  const auto tell = [&](std::string_view tag) {
    record_event(call.services, call.txn, call.now,
                 push_or_delete_event(owner, ImageAction::kDelete, *image, tag), call.http.id);
  };
  if (!id.tag.empty()) {
    delete_image_tag(call.txn, repository, id.tag, digest, call.now);
    tell(id.tag);
    deleted.push_back(image_id_json(digest, id.tag));
    return std::nullopt;
  }
  storage::delete_image(call.txn, repository, digest, call.now);
  if (tags.empty()) {
    tell("");
    deleted.push_back(image_id_json(digest, ""));
  }
  for (const std::string& tag : tags) {
    tell(tag);
    deleted.push_back(image_id_json(digest, tag));
  }
  return std::nullopt;
}

Json batch_delete(Call& call) {
  const storage::Repository repository = require_repository(call);
  Json output = {{"imageIds", Json::array()}, {"failures", Json::array()}};
  for (const Json& json : call.input.at("imageIds")) {
    const ImageIdentifier id = image_identifier(json);
    const auto failure = delete_one(call, repository, id, output["imageIds"]);
    if (failure) output["failures"].push_back(failure_json(id, *failure));
  }
  return output;
}

constexpr Operation kImageBatchOperations[] = {
    {"BatchGetImage", "ecr:BatchGetImage", Access::kRead, pull_targets, batch_get_image},
    {"BatchDeleteImage", "ecr:BatchDeleteImage", Access::kWrite, repository_target, batch_delete},
};

}  // namespace

std::vector<const Operation*> image_batch_operations() { return pointers(kImageBatchOperations); }

}  // namespace ecr::api::ecr
