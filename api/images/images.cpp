#include "api/images/images.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/images/image_walk.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "storage/os/error.h"
#include "storage/rows/blobs.h"
#include "storage/rows/image_listing.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api {
namespace {

void sort_unique(std::vector<model::Digest>& list) {
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

// Every blob that the manifest names must be in this repository already (LayersNotFoundException):
// layers come before manifests in a push. Foreign layers (those with urls) may live elsewhere.
void require_blobs(storage::sql::Txn& txn, const storage::Repository& repository,
                   const Manifest& manifest, storage::Image& image) {
  std::vector<model::Digest> missing;
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
    throw ApiError::layers_not_found(repository.registry.account, repository.name,
                                     model::texts_of(missing));
  }
}

// Every child of an index must be an image of this repository already
// (ReferencedImagesNotFoundException). ECR shows the size of the largest child as the size of an
// index (imageSizeInBytes). How deep indexes nest is limited here, where an image enters:
// image_walk.h says why.
void require_children(storage::sql::Txn& txn, const storage::Repository& repository,
                      const Manifest& manifest, storage::Image& image) {
  std::vector<model::Digest> missing;
  for (const Descriptor& child : manifest.manifests) {
    const auto found = storage::find_image(txn, repository.id, child.digest);
    if (!found) {
      missing.push_back(child.digest);
      continue;
    }
    image.children.push_back(child.digest);
    image.size_bytes = std::max(image.size_bytes, found->size_bytes);
    image.nesting = std::max(image.nesting, found->nesting + 1);
  }
  sort_unique(image.children);
  sort_unique(missing);
  if (!missing.empty()) {
    throw ApiError::referenced_images_not_found(repository.registry.account, repository.name,
                                                model::texts_of(missing));
  }
  if (image.nesting > kMaxIndexNesting) {
    throw ApiError(
        ErrorCode::kLimitExceeded,
        base::format("An image index can nest at most {} levels deep, and this one has {}",
                     kMaxIndexNesting, image.nesting));
  }
}

storage::Image new_image(storage::sql::Txn& txn, const storage::Repository& repository,
                         const Manifest& manifest, const model::Digest& digest,
                         base::TimePoint now) {
  storage::Image image(digest);
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
                          const model::Digest& digest) {
  constexpr std::int64_t kMaxTags = 1000;
  if (storage::count_tags(txn, repository, digest) < kMaxTags) return;
  throw ApiError(ErrorCode::kLimitExceeded,
                 "An image can have at most " + std::to_string(kMaxTags) + " tags");
}

// ImageDigestDoesNotMatchException where the client's digest is another one than that of the bytes.
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

// An exclusion names a user, or a role for all of its sessions.
bool is_excluded(storage::sql::Txn& txn, const Caller& caller,
                 const storage::Repository& repository) {
  const auto& principal = caller.principal;
  const std::string& arn = principal.issuer.empty() ? principal.arn : principal.issuer;
  return storage::has_pull_exclusion(txn, repository.registry, arn);
}

// About what an entry of a listing takes beside its annotations: digest, types, names of members.
constexpr std::size_t kEntryBytes = 512;

Referrer to_referrer(const storage::ReferrerRow& row) {
  Referrer referrer{.digest = row.digest,
                    .media_type = row.media_type,
                    .artifact_type = row.artifact_type,
                    .size = static_cast<std::int64_t>(row.manifest.size())};
  const auto json = base::parse_json(row.manifest);
  if (!json || !json->is_object()) return referrer;
  const auto found = json->find("annotations");
  if (found == json->end() || !found->is_object()) return referrer;
  for (const auto& [key, value] : found->items()) {
    if (value.is_string()) referrer.annotations.emplace_back(key, value.get<std::string>());
  }
  return referrer;
}

}  // namespace

bool tag_may_move(const storage::Repository& repository, std::string_view tag) {
  // A tag that matches an exclusion filter gets the opposite of the setting: it may move under
  // IMMUTABLE_WITH_EXCLUSION and may not under MUTABLE_WITH_EXCLUSION.
  const bool immutable = storage::is_immutable(repository.tag_mutability);
  const bool excluded =
      std::any_of(repository.mutability_exclusions.begin(), repository.mutability_exclusions.end(),
                  [tag](const std::string& filter) { return base::wildcard_matches(filter, tag); });
  return immutable == excluded;
}

SentManifest read_sent_manifest(std::string_view bytes, std::string_view media_type,
                                std::string_view digest) {
  model::Digest actual = digest_of(bytes, digest);
  return {bytes, std::move(actual), parse_manifest(bytes, media_type)};
}

EarlyManifest::EarlyManifest(std::string_view bytes, std::string_view media_type,
                             std::string_view digest) {
  try {
    sent_ = std::make_shared<const SentManifest>(read_sent_manifest(bytes, media_type, digest));
    require_well_formed(sent_->manifest);
  } catch (const ApiError&) {
    failure_ = std::current_exception();
  }
}

const SentManifest& EarlyManifest::get() const {
  if (failure_) std::rethrow_exception(failure_);
  return *sent_;
}

PutImageResult put_image(storage::sql::Txn& txn, const storage::Repository& repository,
                         const SentManifest& sent, std::string_view tag, base::TimePoint now) {
  const model::Digest& digest = sent.digest;
  // Another manifest under an immutable tag is refused before anything is written; the same
  // manifest is not an error here (ImageAlreadyExistsException is the API's to throw).
  const auto tagged = tag.empty() ? std::nullopt : storage::find_tag(txn, repository.id, tag);
  if (tagged && *tagged != digest && !tag_may_move(repository, tag)) {
    throw ApiError::image_tag_already_exists(repository.name, tag);
  }
  auto known = storage::find_image(txn, repository.id, digest);
  const bool is_known = known.has_value();
  PutImageResult result(is_known ? std::move(*known)
                                 : new_image(txn, repository, sent.manifest, digest, now));
  result.known = is_known;
  result.unchanged = is_known && (tag.empty() || tagged == digest);
  if (is_known) {
    if (result.image.status !=
        storage::ImageStatus::kActive) {  // a push brings it back from the archive
      storage::restore_image(txn, repository.id, result.image.digest, now);
      result.image.status = storage::ImageStatus::kActive;
      result.image.last_activated_at = now;
      result.unchanged = false;
    }
  } else {
    storage::insert_image(txn, repository.id, result.image, sent.bytes);
  }
  // A tag that moves leaves its old image behind, untagged if it had no other.
  if (!tag.empty() && tagged != digest) {
    require_room_for_tag(txn, repository.id, digest);
    storage::put_tag(txn, repository.id, tag, digest);
  }
  return result;
}

// With both given, the tag must stand for that very digest.
std::optional<model::Digest> resolve_image(storage::sql::Txn& txn, std::int64_t repository,
                                           const ImageIdentifier& id) {
  if (!id.tag.empty()) {
    auto digest = storage::find_tag(txn, repository, id.tag);
    if (digest && id.digest && *digest != *id.digest) return std::nullopt;
    return digest;
  }
  if (!id.digest || !storage::find_image(txn, repository, *id.digest)) return std::nullopt;
  return id.digest;
}

void delete_image_tag(storage::sql::Txn& txn, std::int64_t repository, std::string_view tag,
                      const model::Digest& digest, base::TimePoint now) {
  // ECR deletes an image with its last tag; an image that an index names stays, untagged.
  storage::delete_tag(txn, repository, tag);
  if (storage::image_tags(txn, repository, digest).empty() &&
      !storage::find_parent(txn, repository, digest)) {
    storage::delete_image(txn, repository, digest, now);
  }
}

// ECR refreshes lastRecordedPullTime at least once in 24 hours; to a minute is enough here, and
// keeps pulls cheap.
bool pull_is_due(const storage::Image& image, base::TimePoint now) {
  return !image.last_pulled_at || now - *image.last_pulled_at >= std::chrono::minutes(1);
}

std::function<void()> record_pulls(const Request& request, const storage::Repository& repository,
                                   const std::vector<storage::Image>& images) {
  const base::TimePoint now = request.now;
  std::vector<model::Digest> digests;
  for (const storage::Image& image : images) {
    if (pull_is_due(image, now)) digests.push_back(image.digest);
  }
  // ECR User Guide, "Pull time update exclusions": pulls by an excluded principal (a scanner, for
  // example) do not move the time, so that lifecycle rules do not take them for use.
  if (digests.empty() || is_excluded(request.txn, request.caller, repository)) return {};
  return [&store = request.core.store, id = repository.id, now, digests = std::move(digests)] {
    try {
      storage::sql::Txn write = store.database().begin(storage::sql::Access::kWrite);
      for (const auto& digest : digests) storage::touch_image_pull(write, id, digest, now);
      write.commit(storage::sql::Durability::kRelaxed);
    } catch (const storage::StorageError&) {
      return;  // a full or failed disk does not stop pulls
    }
  };
}

ReferrerPage read_referrers(storage::sql::Txn& txn, std::int64_t repository,
                            const model::Digest& subject,
                            const std::vector<std::string>& artifact_types, std::string_view after,
                            std::int64_t limit) {
  ReferrerPage page;
  std::size_t bytes = 0;
  storage::visit_referrers(
      txn, repository, subject, artifact_types, after, [&](const storage::ReferrerRow& row) {
        // Any number of referrers may have manifests of 4 MiB: a page holds that many bytes in all.
        bytes += row.manifest.size() + kEntryBytes;
        const bool room = page.referrers.empty() || bytes <= kMaxManifestBytes;
        page.more = !room || static_cast<std::int64_t>(page.referrers.size()) >= limit;
        if (!page.more) page.referrers.push_back(to_referrer(row));
        return !page.more;
      });
  return page;
}

}  // namespace ecr::api
