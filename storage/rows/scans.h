// Rows of image scans: the last of each image, and what it found. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct ImageScan {
  std::string type;    // BASIC, ENHANCED
  std::string status;  // IN_PROGRESS, COMPLETE, ...
  std::string description = {};
  base::TimePoint requested_at = {};
  std::optional<base::TimePoint> completed_at = {};
  std::optional<base::TimePoint> source_updated_at = {};              // of the vulnerability data
  std::vector<std::pair<std::string, std::int64_t>> severities = {};  // {"HIGH", 2}
};

// In place of the image's earlier one and its findings. REQUIRES: the image is there.
void put_scan(sql::Txn& txn, std::int64_t repository, std::string_view digest,
              const ImageScan& scan);
std::optional<ImageScan> find_scan(sql::Txn& txn, std::int64_t repository, std::string_view digest);

struct ScanFinding {
  std::int64_t position = 0;  // from 1
  std::string body = {};      // JSON (api/images/scan/finding.h)
};
void add_scan_finding(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                      const ScanFinding& finding);
// By position, after `after` (exclusive), at most `limit`.
std::vector<ScanFinding> list_scan_findings(sql::Txn& txn, std::int64_t repository,
                                            std::string_view digest, std::int64_t after,
                                            std::int64_t limit);

}  // namespace ecr::storage
