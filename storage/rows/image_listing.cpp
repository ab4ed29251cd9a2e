// Listings of images, page by page. Each state of an image (its status, tagged or not) is a range
// of its own in an index; a listing of several states merges their pages, so that a page costs what
// it shows whatever the repository holds.
#include <algorithm>
#include <tuple>

#include "storage/rows/image_row.h"
#include "storage/rows/images.h"

namespace ecr::storage {
namespace {

constexpr std::string_view kStatuses[] = {"ACTIVE", "ARCHIVED", "ACTIVATING"};

// The joins below are LEFT JOINs although a tagged image has tags: of a plain join SQLite makes a
// search of all tags from the page on, for each image.

template <typename Action>
void for_each_state(TagStatus tags, std::string_view image_status, Action action) {
  for (const std::string_view status : kStatuses) {
    if (image_status != "ANY" && image_status != status) continue;
    if (tags != TagStatus::kUntagged) action(status, true);
    if (tags != TagStatus::kTagged) action(status, false);
  }
}

// The first `limit` of `list` in order.
template <typename Entry, typename Before>
void keep_first(std::vector<Entry>& list, std::int64_t limit, Before before) {
  std::sort(list.begin(), list.end(), before);
  if (static_cast<std::int64_t>(list.size()) > limit) {
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(limit), list.end());
  }
}

void add_images(sql::Rows row, std::vector<Image>& images) {
  while (row.next()) images.push_back(image_of(row));
}

}  // namespace

std::vector<Image> list_images(sql::Txn& txn, std::int64_t repository, TagStatus status,
                               std::string_view after, std::int64_t limit,
                               std::string_view image_status) {
  std::vector<Image> images;
  if (status == TagStatus::kAny && image_status == "ANY") {
    add_images(txn.query(
                   R"(SELECT digest, media_type, artifact_media_type, size_bytes, pushed_at,
                      last_pulled_at, subject, status, last_archived_at, last_activated_at
               FROM images WHERE repository = ? AND digest > ? ORDER BY digest LIMIT ?)",
                   repository, after, limit),
               images);
    return images;
  }
  for_each_state(status, image_status, [&](std::string_view state, bool tagged) {
    add_images(txn.query(
                   R"(SELECT digest, media_type, artifact_media_type, size_bytes, pushed_at,
                      last_pulled_at, subject, status, last_archived_at, last_activated_at
               FROM images
               WHERE repository = ? AND status = ? AND tagged = ? AND digest > ?
               ORDER BY digest LIMIT ?)",
                   repository, state, tagged, after, limit),
               images);
  });
  keep_first(images, limit, [](const Image& a, const Image& b) { return a.digest < b.digest; });
  return images;
}

std::vector<std::pair<std::string, std::string>> tags_between(sql::Txn& txn,
                                                              std::int64_t repository,
                                                              std::string_view first,
                                                              std::string_view last,
                                                              std::string_view image_status) {
  std::vector<std::pair<std::string, std::string>> tags;
  const auto add = [&](sql::Rows row) {
    while (row.next()) tags.emplace_back(row.text(0), row.text(1));
  };
  if (image_status == "ANY") {
    add(txn.query(
        R"(SELECT digest, tag FROM image_tags
           WHERE repository = ? AND digest >= ? AND digest <= ?
           ORDER BY digest, tag)",
        repository, first, last));
    return tags;
  }
  add(txn.query(
      R"(SELECT images.digest, image_tags.tag
         FROM images LEFT JOIN image_tags
           ON image_tags.repository = images.repository AND image_tags.digest = images.digest
         WHERE images.repository = ? AND images.status = ? AND images.tagged = 1
           AND images.digest >= ? AND images.digest <= ?
         ORDER BY images.digest, image_tags.tag)",
      repository, image_status, first, last));
  return tags;
}

namespace {

void add_tagged_ids(sql::Txn& txn, std::int64_t repository, std::string_view status,
                    std::string_view after_digest, std::string_view after_tag, std::int64_t limit,
                    std::vector<ImageId>& ids) {
  for (auto row = txn.query(
           R"(SELECT images.digest, image_tags.tag
              FROM images LEFT JOIN image_tags
                ON image_tags.repository = images.repository AND image_tags.digest = images.digest
              WHERE images.repository = ? AND images.status = ? AND images.tagged = 1
                AND images.digest >= ? AND (images.digest > ? OR image_tags.tag > ?)
              ORDER BY images.digest, image_tags.tag LIMIT ?)",
           repository, status, after_digest, after_digest, after_tag, limit);
       row.next();) {
    ids.push_back({row.string(0), row.string(1)});
  }
}

// An untagged image counts as (digest, ""): it does not come after itself.
void add_untagged_ids(sql::Txn& txn, std::int64_t repository, std::string_view status,
                      std::string_view after_digest, std::int64_t limit,
                      std::vector<ImageId>& ids) {
  for (auto row = txn.query(
           R"(SELECT digest FROM images
              WHERE repository = ? AND status = ? AND tagged = 0 AND digest > ?
              ORDER BY digest LIMIT ?)",
           repository, status, after_digest, limit);
       row.next();) {
    ids.push_back({row.string(0), std::nullopt});
  }
}

}  // namespace

std::vector<ImageId> list_image_ids(sql::Txn& txn, std::int64_t repository, TagStatus status,
                                    std::string_view after_digest, std::string_view after_tag,
                                    std::int64_t limit, std::string_view image_status) {
  std::vector<ImageId> ids;
  for_each_state(status, image_status, [&](std::string_view state, bool tagged) {
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

std::vector<std::string> list_tags(sql::Txn& txn, std::int64_t repository, std::string_view after,
                                   std::int64_t limit) {
  std::vector<std::string> tags;
  for (auto row = txn.query(
           "SELECT tag FROM image_tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?",
           repository, after, limit);
       row.next();) {
    tags.push_back(row.string(0));
  }
  return tags;
}

}  // namespace ecr::storage
