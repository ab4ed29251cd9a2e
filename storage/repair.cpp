#include "storage/repair.h"

#include <optional>
#include <utility>

#include "storage/blobs/quarantine.h"
#include "storage/rows/images.h"

namespace ecr::storage {
namespace {

using sql::Access;
using sql::Txn;

struct BrokenImage {
  std::int64_t repository = 0;
  std::string digest;           // as its row has it: what is broken may be no digest
  std::string repository_name;  // "<account>/<region>/<name>"
  std::string manifest;
  std::vector<std::string> tags;
};

// In every repository: one file serves all of them, so all of them lose the blob (test
// RepairStore.AnotherRepositoryLosesTheBrokenBlobToo).
std::vector<std::int64_t> images_with_blob(Txn& txn, const std::string& digest) {
  return sql::all_integers(txn.query("SELECT image FROM image_blobs WHERE digest = ?", digest));
}

class Repairer {
 public:
  Repairer(Store& store, RepairReport& report)
      : store_(store), report_(report), quarantine_(store.directory()) {}

  void drop_dangling_rows();
  void repair(const Finding& finding);

 private:
  void record(std::string line);
  void record_pending();
  void remove_broken_blob(const Finding& finding);
  void remove_broken_image(const Finding& finding);
  void remove_image(Txn& txn, std::int64_t image, const std::string& why);
  void remove_images(Txn& txn, std::vector<std::int64_t> images, const std::string& why);

  Store& store_;
  RepairReport& report_;
  Quarantine quarantine_;
  std::vector<std::string> pending_;  // of the transaction in progress
};

// To the disk first: the report tells what happened even where the repair is interrupted.
void Repairer::record(std::string line) {
  quarantine_.append_report(line);
  report_.done.push_back(std::move(line));
}

// After a commit: its lines must not be in the report where it is rolled back.
void Repairer::record_pending() {
  for (auto& line : std::exchange(pending_, {})) record(std::move(line));
}

// Removes rows that a foreign key forbids: only a damaged file has them. Parents first, because
// their deletion cascades.
void Repairer::drop_dangling_rows() {
  struct Dangling {
    const char* what;
    sql::Sql statement;
  };
  static constexpr Dangling kRows[] = {
      {"blobs of repositories that are not there",
       R"(DELETE FROM repository_blobs
          WHERE NOT EXISTS (SELECT 1 FROM repositories
                            WHERE repositories.id = repository_blobs.repository))"},
      {"images of repositories that are not there",
       R"(DELETE FROM images
          WHERE NOT EXISTS (SELECT 1 FROM repositories
                            WHERE repositories.id = images.repository))"},
      {"uploads to repositories that are not there",
       R"(DELETE FROM uploads
          WHERE NOT EXISTS (SELECT 1 FROM repositories
                            WHERE repositories.id = uploads.repository))"},
      {"manifests without an image",
       R"(DELETE FROM image_manifests
          WHERE NOT EXISTS (SELECT 1 FROM images WHERE images.id = image_manifests.image))"},
      {"tags without an image",
       R"(DELETE FROM image_tags
          WHERE NOT EXISTS (SELECT 1 FROM images
                            WHERE images.repository = image_tags.repository
                              AND images.digest = image_tags.digest))"},
      {"blobs of images that are not there",
       R"(DELETE FROM image_blobs
          WHERE NOT EXISTS (SELECT 1 FROM images WHERE images.id = image_blobs.image))"},
      {"children of indexes that are not there",
       R"(DELETE FROM image_children
          WHERE NOT EXISTS (SELECT 1 FROM images WHERE images.id = image_children.image))"},
  };
  Txn txn = store_.database().begin(Access::kWrite);
  std::vector<std::string> lines;
  for (const auto& [what, statement] : kRows) {
    const std::int64_t rows = txn.exec(statement);
    if (rows > 0) lines.push_back("removed " + std::to_string(rows) + " rows: " + what);
  }
  // A repository may hold a blob that has no row: the images that need the blob go first.
  const std::vector<std::string> lost = sql::all_texts(txn.query(
      R"(SELECT DISTINCT digest FROM repository_blobs
         WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE blobs.digest = repository_blobs.digest))"));
  pending_ = std::move(lines);
  for (const std::string& digest : lost) {
    remove_images(txn, images_with_blob(txn, digest), "its blob " + digest + " has no row");
    txn.exec("DELETE FROM repository_blobs WHERE digest = ?", digest);
    pending_.push_back("blob " + digest + ": removed from its repositories, because it has no row");
  }
  txn.commit();
  record_pending();
}

// A finding without a blob and an image is damage of the database file itself. SQLite cannot mend
// that, so it is reported as left.
void Repairer::repair(const Finding& finding) {
  if (!finding.blob.empty()) return remove_broken_blob(finding);
  if (finding.image != 0) return remove_broken_image(finding);
  report_.left.push_back(finding.text);
}

// Copy, rows, file: an interruption between two of them leaves a problem that the next run finds
// again.
void Repairer::remove_broken_blob(const Finding& finding) {
  const auto digest = model::Digest::parse(finding.blob);
  std::string kept;
  // A row whose digest is no digest has no file that could be kept.
  if (digest) {
    if (const auto file = store_.blobs().open(*digest)) kept = quarantine_.keep(*digest, *file);
  }
  Txn txn = store_.database().begin(Access::kWrite);
  remove_images(txn, images_with_blob(txn, finding.blob),
                "its blob " + finding.blob + " is broken");
  txn.exec("DELETE FROM repository_blobs WHERE digest = ?", finding.blob);
  txn.exec("DELETE FROM blobs WHERE digest = ?", finding.blob);
  txn.commit_then([&] {
    if (digest) store_.blobs().remove(*digest);
  });
  record_pending();
  record(finding.text + "; removed from every repository" +
         (kept.empty() ? std::string() : ", kept as " + kept));
}

void Repairer::remove_broken_image(const Finding& finding) {
  Txn txn = store_.database().begin(Access::kWrite);
  remove_image(txn, finding.image, finding.text);
  txn.commit();
  record_pending();
}

// nullopt: it is gone already, with an image that it was part of.
std::optional<BrokenImage> find_broken_image(Txn& txn, std::int64_t image) {
  auto row = txn.query(
      R"(SELECT images.repository, images.digest, repositories.account, repositories.region,
                repositories.name, image_manifests.manifest
         FROM images
         LEFT JOIN repositories ON repositories.id = images.repository
         LEFT JOIN image_manifests ON image_manifests.image = images.id
         WHERE images.id = ?)",
      image);
  if (!row.next()) return std::nullopt;
  BrokenImage found{row.integer(0),
                    row.string(1),
                    row.string(2) + '/' + row.string(3) + '/' + row.string(4),
                    row.is_null(5) ? std::string() : std::string(row.blob(5)),
                    {}};
  return found;
}

void Repairer::remove_images(Txn& txn, std::vector<std::int64_t> images, const std::string& why) {
  for (const std::int64_t image : images) remove_image(txn, image, why);
}

// Removes the indexes above the image too, which would name a child that is not there.
void Repairer::remove_image(Txn& txn, std::int64_t image, const std::string& why) {
  auto broken = find_broken_image(txn, image);
  if (!broken) return;
  broken->tags = sql::all_texts(
      txn.query("SELECT tag FROM image_tags WHERE repository = ? AND digest = ? ORDER BY tag",
                broken->repository, broken->digest));
  // Read before the image goes, which takes these rows along.
  std::vector<std::int64_t> parents = sql::all_integers(
      txn.query("SELECT image FROM image_children WHERE repository = ? AND digest = ?",
                broken->repository, broken->digest));
  std::string line =
      "image " + broken->repository_name + '@' + broken->digest + ": removed, because " + why;
  for (std::size_t i = 0; i < broken->tags.size(); ++i) {
    line += (i == 0 ? "; it had the tags " : ", ") + broken->tags[i];
  }
  // The copy is synced before the row goes: a rollback leaves a copy too many, never one too few
  // (test RepairStore.RemovedBytesAreKept).
  if (!broken->manifest.empty()) {
    line += "; its manifest is kept as " +
            quarantine_.keep(broken->digest, "manifest", broken->manifest);
  }
  txn.exec("DELETE FROM images WHERE id = ?", image);
  pending_.push_back(std::move(line));
  // Ends although indexes may name each other in a damaged database: each call has deleted its
  // image first, and a deleted image is not found again.
  remove_images(txn, std::move(parents), "its child " + broken->digest + " was");
}

}  // namespace

RepairReport repair_store(Store& store, const CheckProgress& progress) {
  RepairReport report;
  Repairer repairer(store, report);
  // First, so that find_problems() does not report the rows that are removed here.
  repairer.drop_dangling_rows();
  const auto findings = find_problems(store, report.found, progress);
  for (const Finding& finding : findings) {
    report.found.problems.push_back(finding.text);
    repairer.repair(finding);
  }
  return report;
}

}  // namespace ecr::storage
