// Rows of images (manifests), their tags, and the blobs a repository holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/base/clock.h"
#include "schemas/model/digest.h"
#include "storage/sql/database.h"

namespace ecr::storage {

// A config or layer as a manifest names it.
struct ImageBlob {
  ImageBlob(std::string digest_, std::string media_type_ = {})
      : digest(std::move(digest_)), media_type(std::move(media_type_)) {}
  std::string digest;
  std::string media_type;  // empty: not said
};

struct Image {
  std::string digest;
  std::string media_type;           // of the manifest
  std::string artifact_media_type;  // of its config, or artifactType; empty: none
  std::int64_t size_bytes = 0;  // as ECR reports it: config and layers; an index: its largest child
  base::TimePoint pushed_at;
  std::optional<base::TimePoint> last_pulled_at;
  std::string subject;            // digest; empty: none
  std::string status = "ACTIVE";  // or ARCHIVED, ACTIVATING
  std::optional<base::TimePoint> last_archived_at;
  std::optional<base::TimePoint> last_activated_at;  // restored from the archive
  // What the manifest names; each must be in the repository.
  std::vector<ImageBlob> blobs;       // config and layers
  std::vector<std::string> children;  // of an index
};

// The image with its manifest bytes. REQUIRES: not in the repository yet.
void insert_image(sql::Txn& txn, std::int64_t repository, const Image& image,
                  std::string_view manifest);
// Without blobs and children.
std::optional<Image> find_image(sql::Txn& txn, std::int64_t repository, std::string_view digest);
// The digest a tag points to.
std::optional<std::string> find_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag);
std::optional<std::string> image_manifest(sql::Txn& txn, std::int64_t repository,
                                          std::string_view digest);
// Sorted.
std::vector<std::string> image_tags(sql::Txn& txn, std::int64_t repository,
                                    std::string_view digest);
// Digests of the indexes that name the image, sorted.
std::vector<std::string> image_parents(sql::Txn& txn, std::int64_t repository,
                                       std::string_view digest);
// Its tags by number.
std::int64_t count_tags(sql::Txn& txn, std::int64_t repository, std::string_view digest);
// Creates the tag or moves it.
void put_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag, std::string_view digest);
void delete_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag);
// With its tags. Its blobs stay in the repository, as needed `now`, until they are collected: a
// client may have been told that they are there.
void delete_image(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                  base::TimePoint now);
void touch_image_pull(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                      base::TimePoint when);
// Into the archive: ARCHIVED, as of `when`.
void archive_image(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                   base::TimePoint when);
// On its way back from it: ACTIVATING.
void activate_image(sql::Txn& txn, std::int64_t repository, std::string_view digest);
// Back from it: ACTIVE, as of `when`.
void restore_image(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                   base::TimePoint when);
bool has_images(sql::Txn& txn, std::int64_t repository);

enum class TagStatus { kAny, kTagged, kUntagged };
// By digest, after `after` (exclusive).
// `image_status`: as Image::status has it, or "ANY"; so for the next.
std::vector<Image> list_images(sql::Txn& txn, std::int64_t repository, TagStatus status,
                               std::string_view after, std::int64_t limit,
                               std::string_view image_status = "ANY");
// Of every such image with first <= digest <= last: sorted by (digest, tag).
std::vector<std::pair<std::string, std::string>> tags_between(
    sql::Txn& txn, std::int64_t repository, std::string_view first, std::string_view last,
    std::string_view image_status = "ANY");
struct ImageId {
  std::string digest;
  std::optional<std::string> tag;
};
// One entry a tag and one for each untagged image, by (digest, tag), after that pair (exclusive).
std::vector<ImageId> list_image_ids(sql::Txn& txn, std::int64_t repository, TagStatus status,
                                    std::string_view after_digest, std::string_view after_tag,
                                    std::int64_t limit, std::string_view image_status = "ANY");
// Sorted by byte order, after `after` (exclusive).
std::vector<std::string> list_tags(sql::Txn& txn, std::int64_t repository, std::string_view after,
                                   std::int64_t limit);

// Blobs. A blob is visible in a repository only by its membership row.
std::optional<std::int64_t> find_blob(sql::Txn& txn, std::int64_t repository,
                                      std::string_view digest);  // its size
// What the repository's manifests say of the blob's type; nullopt: none names it (with a type).
std::optional<std::string> blob_media_type(sql::Txn& txn, std::int64_t repository,
                                           std::string_view digest);
// Into the repository, as needed at `when`; one that is there already too.
void add_blob(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
              std::int64_t size, base::TimePoint when);
// An image of the repository names it.
bool blob_is_in_use(sql::Txn& txn, std::int64_t repository, std::string_view digest);
// ... and each that does is in the archive (or on its way back).
bool blob_is_archived(sql::Txn& txn, std::int64_t repository, std::string_view digest);
// Takes the blob out of the repository; its bytes go when no repository holds it. REQUIRES: no
// image of the repository names it.
void remove_blob(sql::Txn& txn, std::int64_t repository, std::string_view digest);
// Any repository holds it.
bool blob_is_known(sql::Txn& txn, std::string_view digest);

// For the collector (collector.h). A look-up for garbage gives suspects; whether they still are is
// asked again by what forgets them.
struct UnnamedBlob {
  std::int64_t repository = 0;
  std::string digest;
};
// In the repository, but no image of it names them, and nobody has needed them since `before`: by
// repository and digest, after `after` (exclusive).
std::vector<UnnamedBlob> unnamed_blobs(sql::Txn& txn, base::TimePoint before,
                                       const UnnamedBlob& after, std::int64_t limit);
bool remove_unnamed_blob(sql::Txn& txn, const UnnamedBlob& blob, base::TimePoint before);
// That no repository holds, in no order.
std::vector<model::Digest> orphan_blobs(sql::Txn& txn, std::int64_t limit);
// The caller removes its file within Txn::commit_then.
bool forget_orphan_blob(sql::Txn& txn, const model::Digest& digest);

}  // namespace ecr::storage
