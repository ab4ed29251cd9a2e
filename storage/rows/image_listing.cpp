#include "storage/rows/image_listing.h"

#include <algorithm>
#include <tuple>

#include "storage/sql/columns.h"

namespace ecr::storage {

// Each state of an image (its status, tagged or not) is a range of its own in the index
// images_by_state. A listing of several states reads a page of each and merges the pages, so that
// the cost of a page does not depend on the number of images in the repository.
namespace {

constexpr ImageStatus kStatuses[] = {ImageStatus::kActive, ImageStatus::kArchived,
                                     ImageStatus::kActivating};

template <typename Action>
// At most six states, so at most six short index scans for a page.
void for_each_state(TagStatus tags, std::optional<ImageStatus> image_status, Action action) {
  for (const ImageStatus status : kStatuses) {
    if (image_status && image_status != status) continue;
    if (tags != TagStatus::kUntagged) action(status, true);
    if (tags != TagStatus::kTagged) action(status, false);
  }
}

// The first `limit` of `list` in order.
template <typename Entry, typename Before>
// Each state gave its first `limit` entries, so the first `limit` of all are among them.
void keep_first(std::vector<Entry>& list, std::int64_t limit, Before before) {
  std::sort(list.begin(), list.end(), before);
  if (static_cast<std::int64_t>(list.size()) > limit) {
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(limit), list.end());
  }
}

void add_images(sql::Rows row, std::vector<Image>& images) {
  while (row.next()) images.push_back(read_image(row));
}

}  // namespace

std::vector<Image> list_images(sql::Txn& txn, std::int64_t repository, TagStatus status,
                               std::string_view after, std::int64_t limit,
                               std::optional<ImageStatus> image_status) {
  std::vector<Image> images;
  // Without a filter the unique index on (repository, digest) has all images in order, and no merge
  // is needed (test ManyImages.AreListedPageByPage).
  if (status == TagStatus::kAny && !image_status) {
    static constexpr auto kSql =
        "SELECT " + kImageColumns +
        " FROM images WHERE repository = ? AND digest > ? ORDER BY digest LIMIT ?";
    add_images(txn.query(kSql, repository, after, limit), images);
    return images;
  }
  for_each_state(status, image_status, [&](ImageStatus state, bool tagged) {
    static constexpr auto kSql = "SELECT " + kImageColumns +
                                 " FROM images WHERE repository = ? AND status = ? AND tagged = ? "
                                 "AND digest > ? ORDER BY digest LIMIT ?";
    add_images(txn.query(kSql, repository, word_of(state), tagged, after, limit), images);
  });
  keep_first(images, limit, [](const Image& a, const Image& b) { return a.digest < b.digest; });
  return images;
}

// One query for the tags of a whole page of images, instead of one for each image.
std::vector<std::pair<model::Digest, std::string>> tags_between(
    sql::Txn& txn, std::int64_t repository, const model::Digest& first, const model::Digest& last,
    std::optional<ImageStatus> image_status) {
  std::vector<std::pair<model::Digest, std::string>> tags;
  const auto add = [&](sql::Rows row) {
    while (row.next()) tags.emplace_back(to_digest(row.text(0)), row.text(1));
  };
  if (!image_status) {
    add(txn.query(
        R"(SELECT digest, tag FROM image_tags
           WHERE repository = ? AND digest >= ? AND digest <= ?
           ORDER BY digest, tag)",
        repository, first, last));
    return tags;
  }
  // A LEFT JOIN, here and below, although a tagged image always has tags: with a plain join SQLite
  // searches all tags from the start of the page, for each image.
  add(txn.query(
      R"(SELECT images.digest, image_tags.tag
         FROM images LEFT JOIN image_tags
           ON image_tags.repository = images.repository AND image_tags.digest = images.digest
         WHERE images.repository = ? AND images.status = ? AND images.tagged = 1
           AND images.digest >= ? AND images.digest <= ?
         ORDER BY images.digest, image_tags.tag)",
      repository, word_of(*image_status), first, last));
  return tags;
}

namespace {

void add_tagged_ids(sql::Txn& txn, std::int64_t repository, ImageStatus status,
                    std::string_view after_digest, std::string_view after_tag, std::int64_t limit,
                    std::vector<ImageId>& ids) {
  for (auto row = txn.query(
           R"(SELECT images.digest, image_tags.tag
              FROM images LEFT JOIN image_tags
                ON image_tags.repository = images.repository AND image_tags.digest = images.digest
              WHERE images.repository = ? AND images.status = ? AND images.tagged = 1
                AND images.digest >= ? AND (images.digest > ? OR image_tags.tag > ?)
              ORDER BY images.digest, image_tags.tag LIMIT ?)",
           repository, word_of(status), after_digest, after_digest, after_tag, limit);
       row.next();) {
    ids.push_back({to_digest(row.text(0)), row.string(1)});
  }
}

// An untagged image counts as (digest, ""), so the page that begins after it begins at the next
// digest.
void add_untagged_ids(sql::Txn& txn, std::int64_t repository, ImageStatus status,
                      std::string_view after_digest, std::int64_t limit,
                      std::vector<ImageId>& ids) {
  for (auto row = txn.query(
           R"(SELECT digest FROM images
              WHERE repository = ? AND status = ? AND tagged = 0 AND digest > ?
              ORDER BY digest LIMIT ?)",
           repository, word_of(status), after_digest, limit);
       row.next();) {
    ids.push_back({to_digest(row.text(0)), std::nullopt});
  }
}

}  // namespace

// ECR's ListImages has an entry for each tag, so one image with many tags may fill several pages.
// The pair (digest, tag) says where the next page begins (test ManyImages.IdsAreListedPageByPage).
std::vector<ImageId> list_image_ids(sql::Txn& txn, std::int64_t repository, TagStatus status,
                                    std::string_view after_digest, std::string_view after_tag,
                                    std::int64_t limit, std::optional<ImageStatus> image_status) {
  std::vector<ImageId> ids;
  for_each_state(status, image_status, [&](ImageStatus state, bool tagged) {
    if (tagged) {
      add_tagged_ids(txn, repository, state, after_digest, after_tag, limit, ids);
    } else {
      add_untagged_ids(txn, repository, state, after_digest, limit, ids);
    }
  });
  keep_first(ids, limit, [](const ImageId& a, const ImageId& b) {
    return std::tie(a.digest, a.tag) < std::tie(b.digest, b.tag);
  });
  return ids;
}

// By bytes, SQLite's BINARY order (test Images.TagsSortByBytes). OCI distribution-spec, "Listing
// Tags", asks for a lexical order and lets a client go on after the last tag it got: that needs an
// order in which no two tags are equal, so case counts.
std::vector<std::string> list_tags(sql::Txn& txn, std::int64_t repository, std::string_view after,
                                   std::int64_t limit) {
  return sql::all_texts(
      txn.query("SELECT tag FROM image_tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?",
                repository, after, limit));
}

// Row by row, because a manifest may have 4 MiB and a subject any number of referrers: the caller
// stops when its page is full. ECR's ListImageReferrers takes at most five artifact types.
void visit_referrers(sql::Txn& txn, std::int64_t repository, const model::Digest& subject,
                     const std::vector<std::string>& artifact_types, std::string_view after,
                     const std::function<bool(const ReferrerRow&)>& visit) {
  // Five placeholders, because a statement is a literal. A NULL in the list matches no type.
  const auto type = [&](std::size_t i) {
    return i < artifact_types.size() ? std::optional(artifact_types[i]) : std::nullopt;
  };
  for (auto row = txn.query(
           R"(SELECT images.digest, images.media_type, images.artifact_media_type,
                     image_manifests.manifest
              FROM images JOIN image_manifests ON image_manifests.image = images.id
              WHERE images.repository = ? AND images.subject = ? AND images.digest > ?
                AND (? OR images.artifact_media_type IN (?, ?, ?, ?, ?))
              ORDER BY images.digest)",
           repository, subject, after, artifact_types.empty(), type(0), type(1), type(2), type(3),
           type(4));
       row.next();) {
    if (!visit({to_digest(row.text(0)), row.string(1), row.string(2), row.blob(3)})) return;
  }
}

}  // namespace ecr::storage
