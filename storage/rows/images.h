// Rows of images (manifests) and their tags. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/base/clock.h"
#include "schemas/model/digest.h"
#include "storage/rows/states.h"
#include "storage/sql/database.h"

namespace ecr::storage {

// A config or layer as a manifest names it.
struct ImageBlob {
  ImageBlob(model::Digest digest_, std::string media_type_ = {})
      : digest(std::move(digest_)), media_type(std::move(media_type_)) {}
  model::Digest digest;
  std::string media_type;  // empty: not said
};

struct Image {
  explicit Image(model::Digest digest_) : digest(std::move(digest_)) {}
  model::Digest digest;
  std::string media_type;           // of the manifest
  std::string artifact_media_type;  // of its config, or artifactType; empty: none
  std::int64_t size_bytes = 0;  // as ECR reports it: config and layers; an index: its largest child
  base::TimePoint pushed_at;
  std::optional<base::TimePoint> last_pulled_at;
  std::optional<model::Digest> subject;  // the image that the manifest refers to; nullopt: none
  ImageStatus status = ImageStatus::kActive;
  std::optional<base::TimePoint> last_archived_at;
  std::optional<base::TimePoint> last_activated_at;  // restored from the archive
  // How deep an index is: one more than the deepest image that it names; 0 of every other image.
  std::int64_t nesting = 0;
  // The manifest names these; each must be in the repository.
  std::vector<ImageBlob> blobs;         // config and layers
  std::vector<model::Digest> children;  // of an index
};

// The columns that read_image() reads, in order; for the files that read whole images.
inline constexpr sql::Literal kImageColumns(
    "digest, media_type, artifact_media_type, size_bytes, pushed_at, last_pulled_at, subject, "
    "status, last_archived_at, last_activated_at, nesting");
// Reads all fields but blobs and children.
Image read_image(const sql::Rows& row);

// The image with its manifest bytes. REQUIRES: not in the repository yet.
void insert_image(sql::Txn& txn, std::int64_t repository, const Image& image,
                  std::string_view manifest);
// Returns the image without its blobs and children.
std::optional<Image> find_image(sql::Txn& txn, std::int64_t repository,
                                const model::Digest& digest);
// The digest a tag points to.
std::optional<model::Digest> find_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag);
std::optional<std::string> image_manifest(sql::Txn& txn, std::int64_t repository,
                                          const model::Digest& digest);
// The tags of the image, sorted.
std::vector<std::string> image_tags(sql::Txn& txn, std::int64_t repository,
                                    const model::Digest& digest);
// The digests of the images that the index names, sorted; empty: it is no index, or is not there.
std::vector<model::Digest> image_children(sql::Txn& txn, std::int64_t repository,
                                          const model::Digest& digest);
// One of the indexes that name the image; nullopt: none does. `status`: of the index; nullopt: any.
std::optional<model::Digest> find_parent(sql::Txn& txn, std::int64_t repository,
                                         const model::Digest& digest,
                                         std::optional<ImageStatus> status = {});
// The digests of the indexes that name the image, sorted, for messages: kShownParents at most.
inline constexpr std::int64_t kShownParents = 100;
std::vector<model::Digest> image_parents(sql::Txn& txn, std::int64_t repository,
                                         const model::Digest& digest);
// The number of tags of the image.
std::int64_t count_tags(sql::Txn& txn, std::int64_t repository, const model::Digest& digest);
// Creates the tag or moves it.
void put_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag,
             const model::Digest& digest);
void delete_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag);
// Deletes its tags too. Its blobs stay in the repository, as needed `now`, until they are
// collected: a client may have been told that they are there.
void delete_image(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                  base::TimePoint now);
void touch_image_pull(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                      base::TimePoint when);
// The image becomes ARCHIVED, as of `when`.
void archive_image(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                   base::TimePoint when);
// The image becomes ACTIVATING: it is on its way back from the archive.
void activate_image(sql::Txn& txn, std::int64_t repository, const model::Digest& digest);
// The image becomes ACTIVE again, as of `when`.
void restore_image(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                   base::TimePoint when);
bool has_images(sql::Txn& txn, std::int64_t repository);

}  // namespace ecr::storage
