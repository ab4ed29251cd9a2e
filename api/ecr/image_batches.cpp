// BatchGetImage, BatchDeleteImage: several images, each with its own success or failure.
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/ecr/image_json.h"
#include "api/events.h"
#include "api/image/pulls.h"
#include "schemas/digest.h"

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
  if (!id.digest.empty() && !schemas::Digest::parse(id.digest)) {
    return Failure{"InvalidImageDigest",
                   "Invalid request parameters: image digest should satisfy the regex "
                   "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"};
  }
  auto found = resolve_image(call.txn, repository, id);
  if (!found) return Failure{"ImageNotFound", "Requested image not found"};
  digest = std::move(*found);
  return std::nullopt;
}

Json batch_get(Call& call) {
  const storage::Repository repository = require_repository(call);
  Json output = {{"images", Json::array()}, {"failures", Json::array()}};
  std::vector<storage::Image> pulled;
  for (const Json& json : call.input.at("imageIds")) {
    const ImageIdentifier id = image_identifier(json);
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
    output["images"].push_back(
        {{"registryId", repository.account},
         {"repositoryName", repository.name},
         {"imageId", image_id_json(digest, id.tag)},
         {"imageManifest", storage::image_manifest(call.txn, repository.id, digest).value_or("")},
         {"imageManifestMediaType", image->media_type}});
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
    return Failure{
        "ImageReferencedByManifestList",
        fmt::format("Requested image referenced by manifest list: [{}]", fmt::join(parents, ", "))};
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

constexpr Operation kOperations[] = {
    {"BatchGetImage", "ecr:BatchGetImage", Access::kRead, repository_target, batch_get},
    {"BatchDeleteImage", "ecr:BatchDeleteImage", Access::kWrite, repository_target, batch_delete},
};

}  // namespace

std::vector<const Operation*> image_batch_operations() { return pointers(kOperations); }

}  // namespace ecr::api::ecr
