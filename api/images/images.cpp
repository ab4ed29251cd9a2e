#include "api/images/images.h"

#include <algorithm>

#include "api/core/wildcard.h"
#include "api/core/wire/error.h"
#include "schemas/model/digest.h"
#include "storage/rows/blobs.h"

namespace ecr::api {
namespace {

void sort_unique(std::vector<std::string>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

// By digest; of two that name one blob the first stays.
void sort_unique(std::vector<storage::ImageBlob>& list) {
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return a.digest < b.digest; });
  list.erase(std::unique(list.begin(), list.end(),
                         [](const auto& a, const auto& b) { return a.digest == b.digest; }),
             list.end());
}

// Digests that the manifest names and the repository lacks.
void require_blobs(storage::sql::Txn& txn, const storage::Repository& repository,
                   const Manifest& manifest, storage::Image& image) {
  std::vector<std::string> missing;
  for (const Descriptor& blob : manifest.blobs) {
    if (storage::find_blob(txn, repository.id, blob.digest)) {
      image.blobs.emplace_back(blob.digest, blob.media_type);
    } else if (!blob.foreign) {
      missing.push_back(blob.digest);
    }
  }
  sort_unique(image.blobs);
  sort_unique(missing);
  if (!missing.empty()) {
    throw ApiError::layers_not_found(repository.account, repository.name, missing);
  }
}

// An index is as large as its largest child.
void require_children(storage::sql::Txn& txn, const storage::Repository& repository,
                      const Manifest& manifest, storage::Image& image) {
  std::vector<std::string> missing;
  for (const Descriptor& child : manifest.manifests) {
    const auto found = storage::find_image(txn, repository.id, child.digest);
    if (!found) {
      missing.push_back(child.digest);
      continue;
    }
    image.children.push_back(child.digest);
    image.size_bytes = std::max(image.size_bytes, found->size_bytes);
  }
  sort_unique(image.children);
  sort_unique(missing);
  if (!missing.empty()) {
    throw ApiError::referenced_images_not_found(repository.account, repository.name, missing);
  }
}

storage::Image new_image(storage::sql::Txn& txn, const storage::Repository& repository,
                         const Manifest& manifest, const model::Digest& digest,
                         base::TimePoint now) {
  storage::Image image;
  image.digest = digest.text();
  image.media_type = manifest.media_type;
  image.artifact_media_type = manifest.artifact_media_type;
  image.pushed_at = now;
  image.subject = manifest.subject;
  image.size_bytes = manifest.blob_bytes();
  require_blobs(txn, repository, manifest, image);
  require_children(txn, repository, manifest, image);
  return image;
}

// ECR User Guide, "Amazon ECR service quotas": 1,000 tags an image. The error's wording is not
// published.
void require_room_for_tag(storage::sql::Txn& txn, std::int64_t repository,
                          const std::string& digest) {
  constexpr std::int64_t kMaxTags = 1000;
  if (storage::count_tags(txn, repository, digest) < kMaxTags) return;
  throw ApiError(ErrorCode::kLimitExceeded,
                 "An image can have at most " + std::to_string(kMaxTags) + " tags");
}

model::Digest digest_of(std::string_view bytes, std::string_view wanted_text) {
  if (wanted_text.empty()) return model::Digest::of(bytes);
  const auto wanted = model::Digest::parse(wanted_text);
  // The model lets digests of other algorithms through; nothing can have them.
  if (!wanted) {
    throw ApiError::image_digest_does_not_match(std::string(wanted_text),
                                                model::Digest::of(bytes).text());
  }
  model::Digest actual = model::Digest::of(bytes, wanted->algorithm());
  if (actual != *wanted) {
    throw ApiError::image_digest_does_not_match(std::string(wanted_text), actual.text());
  }
  return actual;
}

}  // namespace

bool tag_may_move(const storage::Repository& repository, std::string_view tag) {
  const bool immutable = repository.tag_mutability.starts_with("IMMUTABLE");
  const bool excluded =
      std::any_of(repository.mutability_exclusions.begin(), repository.mutability_exclusions.end(),
                  [tag](const std::string& filter) { return wildcard_matches(filter, tag); });
  return immutable == excluded;
}

SentManifest read_sent(std::string_view bytes, std::string_view media_type,
                       std::string_view digest) {
  model::Digest actual = digest_of(bytes, digest);
  return {bytes, std::move(actual), parse_manifest(bytes, media_type)};
}

PutImageResult put_image(storage::sql::Txn& txn, const storage::Repository& repository,
                         const SentManifest& sent, std::string_view tag, base::TimePoint now) {
  const model::Digest& digest = sent.digest;
  const auto tagged = tag.empty() ? std::nullopt : storage::find_tag(txn, repository.id, tag);
  if (tagged && *tagged != digest.text() && !tag_may_move(repository, tag)) {
    throw ApiError::image_tag_already_exists(repository.name, tag);
  }
  PutImageResult result;
  auto known = storage::find_image(txn, repository.id, digest.text());
  result.known = known.has_value();
  result.unchanged = result.known && (tag.empty() || tagged == digest.text());
  if (known) {
    result.image = std::move(*known);
    if (result.image.status != "ACTIVE") {  // a push brings it back from the archive
      storage::restore_image(txn, repository.id, result.image.digest, now);
      result.image.status = "ACTIVE";
      result.image.last_activated_at = now;
      result.unchanged = false;
    }
  } else {
    result.image = new_image(txn, repository, sent.manifest, digest, now);
    storage::insert_image(txn, repository.id, result.image, sent.bytes);
  }
  if (!tag.empty() && tagged != digest.text()) {
    require_room_for_tag(txn, repository.id, digest.text());
    storage::put_tag(txn, repository.id, tag, digest.text());
  }
  return result;
}

std::optional<std::string> resolve_image(storage::sql::Txn& txn, std::int64_t repository,
                                         const ImageIdentifier& id) {
  if (!id.tag.empty()) {
    auto digest = storage::find_tag(txn, repository, id.tag);
    if (digest && !id.digest.empty() && *digest != id.digest) return std::nullopt;
    return digest;
  }
  if (!storage::find_image(txn, repository, id.digest)) return std::nullopt;
  return id.digest;
}

void delete_image_tag(storage::sql::Txn& txn, std::int64_t repository, std::string_view tag,
                      std::string_view digest, base::TimePoint now) {
  storage::delete_tag(txn, repository, tag);
  if (storage::image_tags(txn, repository, digest).empty() &&
      storage::image_parents(txn, repository, digest).empty()) {
    storage::delete_image(txn, repository, digest, now);
  }
}

}  // namespace ecr::api
