// Listings of the images of a repository: page by page, by tag, by subject. Free functions on Txn.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/rows/images.h"
#include "storage/sql/database.h"

namespace ecr::storage {

enum class TagStatus { kAny, kTagged, kUntagged };
// By digest, after `after` (exclusive), the text of a digest; empty: from the first on.
// `image_status` here and below: nullopt is any.
std::vector<Image> list_images(sql::Txn& txn, std::int64_t repository, TagStatus status,
                               std::string_view after, std::int64_t limit,
                               std::optional<ImageStatus> image_status = {});
// Digest and tag of every such image with first <= digest <= last, sorted.
std::vector<std::pair<model::Digest, std::string>> tags_between(
    sql::Txn& txn, std::int64_t repository, const model::Digest& first, const model::Digest& last,
    std::optional<ImageStatus> image_status = {});
struct ImageId {
  model::Digest digest;
  std::optional<std::string> tag;
};
// One entry for each tag and one for each untagged image, by (digest, tag), after that pair
// (exclusive).
std::vector<ImageId> list_image_ids(sql::Txn& txn, std::int64_t repository, TagStatus status,
                                    std::string_view after_digest, std::string_view after_tag,
                                    std::int64_t limit,
                                    std::optional<ImageStatus> image_status = {});
// Tags in the order of their bytes, after `after` (exclusive).
std::vector<std::string> list_tags(sql::Txn& txn, std::int64_t repository, std::string_view after,
                                   std::int64_t limit);

// Referrers: images whose manifest names another one as its subject.
struct ReferrerRow {
  model::Digest digest;
  std::string media_type;
  std::string
      artifact_type;  // artifactType, else the config's type (not of an index); may be empty
  std::string_view manifest;  // valid until the next row: only one is in memory
};
// Calls `visit` for the referrers of `subject` in the repository, by digest, after `after`
// (exclusive), until it returns false. `artifact_types` empty: of every type; at most five.
void visit_referrers(sql::Txn& txn, std::int64_t repository, const model::Digest& subject,
                     const std::vector<std::string>& artifact_types, std::string_view after,
                     const std::function<bool(const ReferrerRow&)>& visit);

}  // namespace ecr::storage
