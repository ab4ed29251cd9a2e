// Rows of the work that follows the push of an image: its last scan with the findings, its
// signings, its replications. They go with the image. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/base/clock.h"
#include "schemas/model/digest.h"
#include "schemas/model/registry_id.h"
#include "storage/rows/states.h"
#include "storage/sql/database.h"

namespace ecr::storage {

// Scans

struct ImageScan {
  ScanType type = ScanType::kBasic;
  ScanStatus status = ScanStatus::kInProgress;
  std::string description = {};
  base::TimePoint requested_at = {};
  std::optional<base::TimePoint> completed_at = {};
  std::optional<base::TimePoint> source_updated_at = {};              // of the vulnerability data
  std::vector<std::pair<std::string, std::int64_t>> severities = {};  // {"HIGH", 2}
};

// Replaces the image's last scan and its findings. REQUIRES: the image is there.
void put_scan(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
              const ImageScan& scan);
std::optional<ImageScan> find_scan(sql::Txn& txn, std::int64_t repository,
                                   const model::Digest& digest);

struct ScanFinding {
  std::int64_t position = 0;  // from 1
  std::string body = {};      // JSON (api/images/scan/finding.h)
};
void add_scan_finding(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                      const ScanFinding& finding);
// The findings by position, after `after` (exclusive), at most `limit`.
std::vector<ScanFinding> list_scan_findings(sql::Txn& txn, std::int64_t repository,
                                            const model::Digest& digest, std::int64_t after,
                                            std::int64_t limit);

// Signings, one for each signing profile

struct ImageSigning {
  std::string profile;  // ARN
  WorkStatus status = WorkStatus::kInProgress;
  std::string failure_code = {};
  std::string failure_reason = {};
};

// Replaces the one of that profile. REQUIRES: the image is there.
void put_image_signing(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                       const ImageSigning& signing);
// The signings of the image, by profile.
std::vector<ImageSigning> image_signings(sql::Txn& txn, std::int64_t repository,
                                         const model::Digest& digest);

// Replications, one for each destination

struct ImageReplication {
  model::RegistryId destination;
  WorkStatus status = WorkStatus::kInProgress;
  std::string failure_code;  // empty: it has not failed
};

// Adds the row, or changes it. Does nothing where the image is gone.
void put_image_replication(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
                           const ImageReplication& replication);
// The replications of the image, by account and region.
std::vector<ImageReplication> image_replications(sql::Txn& txn, std::int64_t repository,
                                                 const model::Digest& digest);

}  // namespace ecr::storage
