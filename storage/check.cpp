// Small read transactions, so that a long check does not keep the WAL from being reused. Requests
// may be running, so a blob's row is read again before a problem with the blob is reported.
#include "storage/check.h"

#include <utility>

#include "storage/os/error.h"
#include "storage/os/posix.h"

namespace ecr::storage {

namespace {

using model::Digest;

// Rows of one read transaction. An old snapshot keeps the WAL from being reused, and as many
// manifests as this may be hashed within one.
constexpr std::int64_t kCheckedAtOnce = 500;

struct BlobRow {
  std::string digest;
  std::uint64_t size = 0;
};

class Checker {
 public:
  Checker(Store& store, CheckReport& report, const CheckProgress& progress)
      : store_(store), report_(report), progress_(progress) {}

  std::vector<Finding> run() {
    // An estimate for the progress alone: blobs may come and go while the check runs.
    total_ = total_bytes();
    check_blobs();
    check_images();
    check_references();
    for (auto& problem : store_.database().integrity_problems()) {
      findings_.push_back({std::move(problem), "", 0});
    }
    return std::move(findings_);
  }

 private:
  sql::Txn read() { return store_.database().begin(sql::Access::kRead); }
  void add(std::int64_t image, std::string problem) {
    findings_.push_back({std::move(problem), "", image});
  }

  std::int64_t total_bytes();
  std::vector<BlobRow> blobs_after(const std::string& digest);
  void check_blobs();
  std::string blob_problem(const BlobRow& row);
  std::string content_problem(const BlobFile& file, const Digest& digest);
  bool row_exists(const std::string& digest);
  void check_images();
  void check_references();
  template <typename Describe>
  void add_each(storage::sql::Sql sql, Describe describe);

  Store& store_;
  CheckReport& report_;
  const CheckProgress& progress_;
  std::int64_t total_ = 0;
  std::vector<Finding> findings_;
};

std::int64_t Checker::total_bytes() {
  auto txn = read();
  return sql::only_integer(txn.query("SELECT COALESCE(SUM(size), 0) FROM blobs"));
}

std::vector<BlobRow> Checker::blobs_after(const std::string& digest) {
  auto txn = read();
  return sql::all_rows(
      txn.query("SELECT digest, size FROM blobs WHERE digest > ? ORDER BY digest LIMIT ?", digest,
                kCheckedAtOnce),
      [](const sql::Rows& row) {
        return BlobRow{row.string(0), static_cast<std::uint64_t>(row.integer(1))};
      });
}

// Pages by digest: the next page begins after the last digest, whatever was added or removed
// meanwhile.
void Checker::check_blobs() {
  for (auto page = blobs_after(""); !page.empty(); page = blobs_after(page.back().digest)) {
    for (const auto& row : page) {
      ++report_.blobs;
      // If the row is gone meanwhile, the collector has removed the blob.
      if (auto problem = blob_problem(row); !problem.empty() && row_exists(row.digest)) {
        findings_.push_back({"blob " + row.digest + ": " + problem, row.digest, 0});
      }
    }
  }
}

// A transaction of its own, so that it sees what was committed since the page was read.
bool Checker::row_exists(const std::string& digest) {
  auto txn = read();
  return txn.query("SELECT 1 FROM blobs WHERE digest = ?", digest).next();
}

// Empty: the blob is sound.
// The cheap comparisons come first. The hash finds every other damage, such as a flipped bit.
std::string Checker::blob_problem(const BlobRow& row) {
  const auto digest = Digest::parse(row.digest);
  if (!digest) return "is not a digest";
  const auto file = store_.blobs().open(*digest);
  if (!file) return "has a row but no file";
  if (file->size() != row.size) {
    return "has " + std::to_string(file->size()) + " bytes; its row says " +
           std::to_string(row.size);
  }
  return content_problem(*file, *digest);
}

std::string Checker::content_problem(const BlobFile& file, const Digest& digest) {
  model::Hasher hasher(digest.algorithm());
  try {
    read_all(
        file.fd(),
        [&](std::string_view bytes) {
          hasher.update(bytes);
          report_.bytes += static_cast<std::int64_t>(bytes.size());
          if (progress_) progress_(report_.bytes, total_);
        },
        "blob " + digest.text());
  } catch (const StorageError& error) {  // a bad sector is a finding, not the end of the check
    return error.what();
  }
  const Digest actual = hasher.finish();
  return actual == digest ? std::string() : "its bytes hash to " + actual.text();
}

// Manifests, one row at a time (a manifest may have 4 MiB) and kCheckedAtOnce rows a transaction.
// The LEFT JOINs keep images without repository or manifest in the result, because those are what
// is looked for.
void Checker::check_images() {
  std::int64_t last = 0;
  for (bool more = true; more;) {
    more = false;
    auto txn = read();
    for (auto row = txn.query(
             R"(SELECT images.id, images.digest, repositories.name, image_manifests.manifest
                FROM images
                LEFT JOIN repositories ON repositories.id = images.repository
                LEFT JOIN image_manifests ON image_manifests.image = images.id
                WHERE images.id > ? ORDER BY images.id LIMIT ?)",
             last, kCheckedAtOnce);
         row.next();) {
      more = true;
      last = row.integer(0);
      ++report_.images;
      const std::string name = "image " + row.string(2) + "@" + row.string(1) + ": ";
      const auto digest = Digest::parse(row.text(1));
      if (!digest) {
        add(last, name + "is not a digest");
      } else if (row.is_null(3)) {
        add(last, name + "has no manifest");
      } else if (Digest::of(row.blob(3), digest->algorithm()) != *digest) {
        add(last, name + "its manifest hashes to another digest");
      }
    }
  }
}

template <typename Describe>
void Checker::add_each(storage::sql::Sql sql, Describe describe) {
  auto txn = read();
  for (auto row = txn.query(sql); row.next();) add(row.integer(3), describe(row));
}

// References that no foreign key covers; integrity_problems() checks the foreign keys. A blob may
// be missing here although its file is there: another repository holds it.
void Checker::check_references() {
  add_each(R"(SELECT repositories.name, images.digest, image_children.digest, images.id
          FROM image_children
          JOIN images ON images.id = image_children.image
          JOIN repositories ON repositories.id = images.repository
          WHERE NOT EXISTS (SELECT 1 FROM images AS children
                            WHERE children.repository = image_children.repository
                              AND children.digest = image_children.digest))",
           [](const sql::Rows& row) {
             return "image " + row.string(0) + "@" + row.string(1) + ": its child " +
                    row.string(2) + " is not in the repository";
           });
  add_each(R"(SELECT repositories.name, images.digest, image_blobs.digest, images.id
          FROM image_blobs
          JOIN images ON images.id = image_blobs.image
          JOIN repositories ON repositories.id = images.repository
          WHERE NOT EXISTS (SELECT 1 FROM repository_blobs
                            WHERE repository_blobs.repository = images.repository
                              AND repository_blobs.digest = image_blobs.digest))",
           [](const sql::Rows& row) {
             return "image " + row.string(0) + "@" + row.string(1) + ": its blob " + row.string(2) +
                    " is not in the repository";
           });
}

}  // namespace

std::vector<Finding> find_problems(Store& store, CheckReport& report,
                                   const CheckProgress& progress) {
  return Checker(store, report, progress).run();
}

CheckReport check_store(Store& store, const CheckProgress& progress) {
  CheckReport report;
  for (auto& finding : find_problems(store, report, progress)) {
    report.problems.push_back(std::move(finding.text));
  }
  return report;
}

}  // namespace ecr::storage
