#include "storage/rows/image_processing.h"

#include <string>

#include "storage/sql/columns.h"

namespace ecr::storage {

namespace {

// "HIGH 2", one severity on each line. The names of severities have no blanks, so the first one
// ends the name.
std::string join_severities(const ImageScan& scan) {
  std::vector<std::string> lines;
  for (const auto& [severity, count] : scan.severities) {
    lines.push_back(severity + " " + std::to_string(count));
  }
  return join_lines(lines);
}

std::vector<std::pair<std::string, std::int64_t>> split_severities(std::string_view text) {
  std::vector<std::pair<std::string, std::int64_t>> severities;
  for (const std::string& line : split_lines(text)) {
    const auto space = line.find(' ');
    severities.emplace_back(line.substr(0, space), std::stoll(line.substr(space + 1)));
  }
  return severities;
}

}  // namespace

// An image has one scan, the last. The deletion takes the old findings along, by their foreign key.
void put_scan(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
              const ImageScan& scan) {
  txn.exec("DELETE FROM image_scans WHERE repository = ? AND digest = ?", repository, digest);
  txn.exec(
      R"(INSERT INTO image_scans (repository, digest, type, status, description, requested_at,
                                  completed_at, source_updated_at, severities)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?))",
      repository, digest, word_of(scan.type), word_of(scan.status), scan.description,
      to_column(scan.requested_at), to_column(scan.completed_at), to_column(scan.source_updated_at),
      join_severities(scan));
}

std::optional<ImageScan> find_scan(sql::Txn& txn, std::int64_t repository,
                                   const model::Digest& digest) {
  auto row = txn.query(
      R"(SELECT type, status, description, requested_at, completed_at, source_updated_at, severities
         FROM image_scans WHERE repository = ? AND digest = ?)",
      repository, digest);
  if (!row.next()) return std::nullopt;
  ImageScan scan{value_of<ScanType>(row.text(0)), value_of<ScanStatus>(row.text(1))};
  scan.description = row.string(2);
  scan.requested_at = from_column(row.integer(3));
  scan.completed_at = from_column(row.optional_integer(4));
  scan.source_updated_at = from_column(row.optional_integer(5));
  scan.severities = split_severities(row.text(6));
  return scan;
}

// The position numbers the findings within the scan. DescribeImageScanFindings goes through them
// page by page.
void add_scan_finding(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                      const ScanFinding& finding) {
  txn.exec(
      R"(INSERT INTO image_scan_findings (repository, digest, position, finding)
         VALUES (?, ?, ?, ?))",
      repository, digest, finding.position, finding.body);
}

std::vector<ScanFinding> list_scan_findings(sql::Txn& txn, std::int64_t repository,
                                            const model::Digest& digest, std::int64_t after,
                                            std::int64_t limit) {
  std::vector<ScanFinding> findings;
  for (auto row = txn.query(
           R"(SELECT position, finding FROM image_scan_findings
              WHERE repository = ? AND digest = ? AND position > ? ORDER BY position LIMIT ?)",
           repository, digest, after, limit);
       row.next();) {
    findings.push_back({row.integer(0), row.string(1)});
  }
  return findings;
}

// A profile has one row for each image: the last result.
void put_image_signing(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                       const ImageSigning& signing) {
  txn.exec(
      R"(INSERT INTO image_signings
           (repository, digest, profile, status, failure_code, failure_reason)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (repository, digest, profile)
           DO UPDATE SET status = excluded.status, failure_code = excluded.failure_code,
                         failure_reason = excluded.failure_reason)",
      repository, digest, signing.profile, word_of(signing.status), signing.failure_code,
      signing.failure_reason);
}

std::vector<ImageSigning> image_signings(sql::Txn& txn, std::int64_t repository,
                                         const model::Digest& digest) {
  std::vector<ImageSigning> signings;
  for (auto row = txn.query(
           R"(SELECT profile, status, failure_code, failure_reason FROM image_signings
              WHERE repository = ? AND digest = ? ORDER BY profile)",
           repository, digest);
       row.next();) {
    signings.push_back(
        {row.string(0), value_of<WorkStatus>(row.text(1)), row.string(2), row.string(3)});
  }
  return signings;
}

// INSERT ... SELECT, so that no row comes from an image that was deleted while it was replicated. A
// retry overwrites the result of the attempt before it. DescribeImageReplicationStatus shows one
// status for each destination.
void put_image_replication(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                           const ImageReplication& replication) {
  txn.exec(
      R"(INSERT INTO image_replications (image, account, region, status, failure_code)
         SELECT id, ?, ?, ?, ? FROM images WHERE repository = ? AND digest = ?
         ON CONFLICT (image, account, region)
         DO UPDATE SET status = excluded.status, failure_code = excluded.failure_code)",
      replication.destination.account, replication.destination.region, word_of(replication.status),
      replication.failure_code, repository, digest);
}

std::vector<ImageReplication> image_replications(sql::Txn& txn, std::int64_t repository,
                                                 const model::Digest& digest) {
  auto row = txn.query(
      R"(SELECT account, region, status, failure_code FROM image_replications
         WHERE image = (SELECT id FROM images WHERE repository = ? AND digest = ?)
         ORDER BY account, region)",
      repository, digest);
  std::vector<ImageReplication> found;
  while (row.next()) {
    found.push_back(
        {{row.string(0), row.string(1)}, value_of<WorkStatus>(row.text(2)), row.string(3)});
  }
  return found;
}

}  // namespace ecr::storage
