// Scans of images as background work: begun by a call or a push, done by a job that survives a
// restart. Payload: {"repository": id, "digest": "sha256:..."}; key: both.
#pragma once

#include <optional>
#include <string_view>

#include "api/core/background/jobs.h"
#include "storage/rows/image_processing.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api::scan {

// ECR User Guide, "Amazon ECR service quotas": one basic scan an image in 24 hours.
inline constexpr std::chrono::hours kScanInterval{24};

void run_image_scan(JobAttempt& attempt);
inline constexpr JobKind kImageScan{
    .kind = "image-scan", .run = run_image_scan, .lane = JobLane::kSlow};

// An image with a config and layers of a container; not an index, an artifact, or a signature.
bool is_scannable(const storage::Image& image);

// Whether the image was scanned (or is being scanned) so lately that it may not be again.
bool was_scanned_lately(const std::optional<storage::ImageScan>& scan, base::TimePoint now);

// Notes the scan as begun, and enqueues it. REQUIRES: a write transaction; is_scannable(image).
storage::ImageScan start_scan(const Core& core, storage::sql::Txn& txn,
                              const storage::Repository& repository, const storage::Image& image,
                              storage::ScanType type, base::TimePoint now);

// Starts the scan of an image that was pushed, where the registry's scanning configuration asks for
// one.
void scan_pushed_image(const Core& core, storage::sql::Txn& txn,
                       const storage::Repository& repository, const storage::Image& image,
                       base::TimePoint now);

}  // namespace ecr::api::scan
