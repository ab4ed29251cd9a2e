#include "storage/rows/images.h"

#include "storage/sql/columns.h"

namespace ecr::storage {

Image read_image(const sql::Rows& row) {
  Image image(to_digest(row.text(0)));
  image.media_type = row.string(1);
  image.artifact_media_type = row.string(2);
  image.size_bytes = row.integer(3);
  image.pushed_at = from_column(row.integer(4));
  image.last_pulled_at = from_column(row.optional_integer(5));
  image.subject = to_optional_digest(row.text(6));
  image.status = value_of<ImageStatus>(row.text(7));
  image.last_archived_at = from_column(row.optional_integer(8));
  image.last_activated_at = from_column(row.optional_integer(9));
  image.nesting = row.integer(10);
  return image;
}

// The manifest is in a table of its own: a row with 4 MiB in it would make every listing of images
// read it. images.tagged begins as 0; put_tag() sets it.
void insert_image(sql::Txn& txn, std::int64_t repository, const Image& image,
                  std::string_view manifest) {
  txn.exec(
      R"(INSERT INTO images (repository, digest, media_type, artifact_media_type, size_bytes,
                             pushed_at, last_pulled_at, subject, status, last_archived_at,
                             last_activated_at, nesting)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))",
      repository, image.digest, image.media_type, image.artifact_media_type, image.size_bytes,
      to_column(image.pushed_at), to_column(image.last_pulled_at), to_column(image.subject),
      word_of(image.status), to_column(image.last_archived_at), to_column(image.last_activated_at),
      image.nesting);
  const auto id = txn.last_insert_id();
  txn.exec("INSERT INTO image_manifests (image, manifest) VALUES (?, ?)", id, sql::Blob{manifest});
  // A manifest may name a blob twice: two layers can be equal. The foreign key refuses a blob that
  // the repository does not hold, even where the collector removed it a moment ago (test
  // Images.ImageOfABlobThatIsNotInTheRepositoryIsRefused).
  for (const auto& blob : image.blobs) {
    txn.exec(
        R"(INSERT INTO image_blobs (image, repository, digest, media_type) VALUES (?, ?, ?, ?)
           ON CONFLICT (image, digest) DO NOTHING)",
        id, repository, blob.digest, blob.media_type);
  }
  // Children have no foreign key: the caller checks that they are in the repository, and
  // image_parents() keeps them from being deleted.
  for (const auto& child : image.children) {
    txn.exec(
        R"(INSERT INTO image_children (image, repository, digest) VALUES (?, ?, ?)
           ON CONFLICT (image, digest) DO NOTHING)",
        id, repository, child);
  }
}

std::optional<Image> find_image(sql::Txn& txn, std::int64_t repository,
                                const model::Digest& digest) {
  static constexpr auto kSql =
      "SELECT " + kImageColumns + " FROM images WHERE repository = ? AND digest = ?";
  return sql::first_row(txn.query(kSql, repository, digest), read_image);
}

std::optional<model::Digest> find_tag(sql::Txn& txn, std::int64_t repository,
                                      std::string_view tag) {
  return first_digest(
      txn.query("SELECT digest FROM image_tags WHERE repository = ? AND tag = ?", repository, tag));
}

std::optional<std::string> image_manifest(sql::Txn& txn, std::int64_t repository,
                                          const model::Digest& digest) {
  auto row = txn.query(
      R"(SELECT manifest FROM image_manifests
         WHERE image = (SELECT id FROM images WHERE repository = ? AND digest = ?))",
      repository, digest);
  return row.next() ? std::optional(std::string(row.blob(0))) : std::nullopt;
}

std::vector<std::string> image_tags(sql::Txn& txn, std::int64_t repository,
                                    const model::Digest& digest) {
  return sql::all_texts(
      txn.query("SELECT tag FROM image_tags WHERE repository = ? AND digest = ? ORDER BY tag",
                repository, digest));
}

// A walk over images reads these rows and no manifest (api/images/image_walk.h).
std::vector<model::Digest> image_children(sql::Txn& txn, std::int64_t repository,
                                          const model::Digest& digest) {
  return all_digests(txn.query(
      R"(SELECT digest FROM image_children
         WHERE image = (SELECT id FROM images WHERE repository = ? AND digest = ?)
         ORDER BY digest)",
      repository, digest));
}

// A child may have several parents, and may be deleted only where it has none: ECR answers
// ImageReferencedByManifestList otherwise. Only indexes of the same repository count (test
// Images.ParentsAreTheIndexesOfTheSameRepository).
std::vector<model::Digest> image_parents(sql::Txn& txn, std::int64_t repository,
                                         const model::Digest& digest) {
  return all_digests(txn.query(
      R"(SELECT images.digest FROM images
         WHERE images.repository = ?
           AND images.id IN (SELECT image FROM image_children WHERE repository = ? AND digest = ?)
         ORDER BY images.digest LIMIT ?)",
      repository, repository, digest, kShownParents));
}

// Stands for every status in a statement that may filter by one.
constexpr std::string_view kAnyStatus = "ANY";

// Any number of indexes may name an image: this reads one of them.
std::optional<model::Digest> find_parent(sql::Txn& txn, std::int64_t repository,
                                         const model::Digest& digest,
                                         std::optional<ImageStatus> status) {
  const std::string_view wanted = status ? word_of(*status) : kAnyStatus;
  return first_digest(txn.query(
      R"(SELECT images.digest
         FROM image_children JOIN images ON images.id = image_children.image
         WHERE image_children.repository = ? AND image_children.digest = ?
           AND (? = 'ANY' OR images.status = ?) LIMIT 1)",
      repository, digest, wanted, wanted));
}

std::int64_t count_tags(sql::Txn& txn, std::int64_t repository, const model::Digest& digest) {
  return sql::only_integer(txn.query(
      "SELECT COUNT(*) FROM image_tags WHERE repository = ? AND digest = ?", repository, digest));
}

namespace {

// Sets images.tagged, which the index images_by_state holds, after a tag of the image came or went.
// INVARIANT: tagged is 1 exactly where the image has a tag, or listings would lose images (test
// Images.WhetherAnImageIsTaggedFollowsItsTags).
void update_tagged(sql::Txn& txn, std::int64_t repository, const model::Digest& digest) {
  txn.exec(
      R"(UPDATE images
         SET tagged = CASE WHEN EXISTS (SELECT 1 FROM image_tags
                                        WHERE repository = ? AND digest = ?) THEN 1 ELSE 0 END
         WHERE repository = ? AND digest = ?)",
      repository, digest, repository, digest);
}

}  // namespace

// A tag points to one image. A move may leave the image it pointed to without tags, so both images
// are looked at. The foreign key refuses a tag of an absent image (test
// Images.TagOfAnAbsentImageIsRefused).
void put_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag,
             const model::Digest& digest) {
  const auto before = find_tag(txn, repository, tag);
  if (before == digest) return;  // a repeated push writes nothing
  txn.exec(
      R"(INSERT INTO image_tags (repository, tag, digest) VALUES (?, ?, ?)
         ON CONFLICT (repository, tag) DO UPDATE SET digest = excluded.digest)",
      repository, tag, digest);
  update_tagged(txn, repository, digest);
  if (before) update_tagged(txn, repository, *before);
}

void delete_tag(sql::Txn& txn, std::int64_t repository, std::string_view tag) {
  const auto digest = find_tag(txn, repository, tag);
  if (!digest) return;
  txn.exec("DELETE FROM image_tags WHERE repository = ? AND tag = ?", repository, tag);
  update_tagged(txn, repository, *digest);
}

// The deletion of the last image that names a blob begins the blob's grace (collector.h): a client
// that was told of the blob may name it in its next manifest. The foreign keys delete the rest:
// manifest, tags, names of blobs and children, scans, signings, replications. The times are set
// first, because the names of the blobs go with the image (test
// CollectorTest.TheEndOfItsLastImageBeginsTheGraceAnew).
void delete_image(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                  base::TimePoint now) {
  txn.exec(
      R"(UPDATE repository_blobs SET needed_at = ?
         WHERE repository = ?
           AND digest IN (SELECT image_blobs.digest FROM images
                          JOIN image_blobs ON image_blobs.image = images.id
                          WHERE images.repository = ? AND images.digest = ?))",
      to_column(now), repository, repository, digest);
  txn.exec("DELETE FROM images WHERE repository = ? AND digest = ?", repository, digest);
}

// For lastRecordedPullTime, by which lifecycle rules count (sinceImagePulled). The caller decides
// which pulls count, and how often the time is written.
void touch_image_pull(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                      base::TimePoint when) {
  txn.exec("UPDATE images SET last_pulled_at = ? WHERE repository = ? AND digest = ?",
           to_column(when), repository, digest);
}

// In the archive the image keeps its manifest, tags and blobs. That it cannot be pulled is the
// caller's decision.
void archive_image(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                   base::TimePoint when) {
  txn.exec(
      R"(UPDATE images SET status = 'ARCHIVED', last_archived_at = ?
         WHERE repository = ? AND digest = ?)",
      to_column(when), repository, digest);
}

// A restore takes time in AWS, so the state in between can be seen; a job ends it here.
void activate_image(sql::Txn& txn, std::int64_t repository, const model::Digest& digest) {
  txn.exec("UPDATE images SET status = 'ACTIVATING' WHERE repository = ? AND digest = ?",
           repository, digest);
}

// lastArchivedAt stays, as the time of the last archiving.
void restore_image(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                   base::TimePoint when) {
  txn.exec(
      R"(UPDATE images SET status = 'ACTIVE', last_activated_at = ?
         WHERE repository = ? AND digest = ?)",
      to_column(when), repository, digest);
}

bool has_images(sql::Txn& txn, std::int64_t repository) {
  return txn.query("SELECT 1 FROM images WHERE repository = ? LIMIT 1", repository).next();
}

}  // namespace ecr::storage
