#include "api/images/scan/scan_jobs.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/background/events.h"
#include "api/images/scan/configuration.h"
#include "api/images/scan/finding.h"
#include "api/images/scan/findings_file.h"
#include "api/images/scan/scanner.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::scan {
namespace {

using storage::ScanStatus;
using storage::ScanType;
using storage::sql::Access;

constexpr const char* kDone = "The scan was completed successfully.";

struct Report {
  std::vector<Json> findings;
  std::optional<base::TimePoint> source_updated_at;
  std::string description = kDone;
};

// The findings come from the user's files where those match the image, else from the scanner.
// Findings are never made up: with neither source the description says that none were looked for.
tl::expected<Report, ScanFailure> collect_findings(const Core& core, const ImageToScan& subject,
                                                   const std::vector<std::string>& tags) {
  const Settings& settings = core.settings;
  if (!settings.scan_findings.empty()) {
    auto found = findings_for(settings.scan_findings,
                              {subject.repository.name, subject.image.digest.text(), tags});
    // A broken findings file fails the scan (status FAILED, with the reason): findings would be
    // missed silently.
    if (!found) return tl::unexpected(ScanFailure{found.error()});
    if (found->matched || settings.scanner_command.empty()) {
      return Report{std::move(found->list), found->updated_at, kDone};
    }
  }
  if (!settings.scanner_command.empty()) {
    auto found = run_scanner(core, settings.scanner_command, subject);
    if (!found) return tl::unexpected(found.error());
    sort_findings(*found);
    return Report{std::move(*found), std::nullopt, kDone};
  }
  return Report{{},
                std::nullopt,
                std::string(kDone) +
                    " No source of findings is configured (--scan-findings, --scanner-command): "
                    "none were looked for."};
}

std::vector<std::pair<std::string, std::int64_t>> count_severities(
    const std::vector<Json>& findings, bool enhanced) {
  std::vector<std::pair<std::string, std::int64_t>> counts;
  for (const Json& finding : findings) {
    std::string severity = finding.at("severity").get<std::string>();
    if (enhanced) severity = enhanced_severity(severity);
    const auto known = std::find_if(counts.begin(), counts.end(),
                                    [&](const auto& one) { return one.first == severity; });
    if (known == counts.end()) {
      counts.emplace_back(std::move(severity), 1);
    } else {
      ++known->second;
    }
  }
  return counts;
}

// The image of the job, where it is still there and its scan still wanted.
std::optional<ImageToScan> subject_of(JobAttempt& attempt, std::vector<std::string>& tags) {
  const auto id = attempt.payload.at("repository").get<std::int64_t>();
  const auto digest = digest_of(attempt.payload);
  auto txn = attempt.services.store.database().begin(Access::kRead);
  auto repository = storage::find_repository(txn, id);
  auto image = storage::find_image(txn, id, digest);
  if (!repository || !image || !storage::find_scan(txn, id, digest)) return std::nullopt;
  tags = storage::image_tags(txn, id, digest);
  auto manifest = storage::image_manifest(txn, id, digest).value_or("");
  return ImageToScan{std::move(*repository), std::move(*image), std::move(manifest)};
}

void set_outcome(storage::ImageScan& scan, const tl::expected<Report, ScanFailure>& report,
                 bool continuous, base::TimePoint now) {
  scan.completed_at = now;
  if (!report) {
    scan.status = ScanStatus::kFailed;
    scan.description = report.error().reason;
    return;
  }
  // Continuous scanning never ends.
  scan.status = continuous ? ScanStatus::kActive : ScanStatus::kComplete;
  scan.description = continuous && report->description == kDone
                         ? "Continuous scan is selected for image."
                         : report->description;
  scan.source_updated_at = report->source_updated_at;
  scan.severities = count_severities(report->findings, scan.type == ScanType::kEnhanced);
}

bool is_continuous(storage::sql::Txn& txn, const storage::ImageScan& scan,
                   const storage::Repository& repository) {
  if (scan.type != ScanType::kEnhanced) return false;
  const auto configuration = configuration_of(txn, repository.registry);
  return scanning_of(configuration, repository).frequency == Frequency::kContinuous;
}

}  // namespace

void run_image_scan(JobAttempt& attempt) {
  std::vector<std::string> tags;
  const auto subject = subject_of(attempt, tags);
  if (!subject) {
    attempt.begin();
    return;
  }
  const auto report = collect_findings(attempt.services, *subject, tags);
  if (!report) {
    const ScanFailure& failure = report.error();
    attempt.remark =
        base::format("{}{}{}", failure.reason, failure.detail.empty() ? "" : ": ", failure.detail);
  }
  storage::sql::Txn& txn = attempt.begin().txn;
  const storage::Repository& repository = subject->repository;
  const model::Digest& digest = subject->image.digest;
  // The scan took its time, without a transaction.
  auto scan = storage::find_scan(txn, repository.id, digest);
  if (!scan) return;  // the image went meanwhile
  set_outcome(*scan, report, is_continuous(txn, *scan, repository), attempt.now);
  storage::put_scan(txn, repository.id, digest, *scan);
  if (report) {
    std::int64_t position = 0;
    for (const Json& finding : report->findings) {
      storage::add_scan_finding(txn, repository.id, digest, {++position, base::dump(finding)});
    }
  }
  // "ECR Image Scan" is basic scanning's event. Enhanced scans are announced by Amazon Inspector's
  // own events, which this program does not have.
  if (scan->type == ScanType::kBasic) {
    record_event(attempt.services, txn, attempt.now,
                 image_scan_event(repository, digest, tags, scan->status, scan->severities));
  }
}

// By the config's media type: an index has no packages of its own, and for an artifact ECR answers
// UnsupportedImageTypeException.
bool is_scannable(const storage::Image& image) {
  return !image.subject &&
         (image.artifact_media_type == "application/vnd.docker.container.image.v1+json" ||
          image.artifact_media_type == "application/vnd.oci.image.config.v1+json");
}

// A scan on push counts as the one scan in 24 hours, too; one that failed does not.
bool was_scanned_lately(const std::optional<storage::ImageScan>& scan, base::TimePoint now) {
  return scan && scan->status != ScanStatus::kFailed && now - scan->requested_at < kScanInterval;
}

storage::ImageScan start_scan(const Core& core, storage::sql::Txn& txn,
                              const storage::Repository& repository, const storage::Image& image,
                              storage::ScanType type, base::TimePoint now) {
  // ECR's first status is IN_PROGRESS for basic scanning and PENDING for enhanced scanning.
  storage::ImageScan scan{
      type, type == ScanType::kEnhanced ? ScanStatus::kPending : ScanStatus::kInProgress};
  scan.requested_at = now;
  storage::put_scan(txn, repository.id, image.digest, scan);
  enqueue_job(core, txn, kImageScan.kind,
              {{"repository", repository.id}, {"digest", image.digest.text()}}, now,
              std::to_string(repository.id) + " " + image.digest.text());
  return scan;
}

// SCAN_ON_PUSH and CONTINUOUS_SCAN both scan a push; MANUAL waits for StartImageScan.
void scan_pushed_image(const Core& core, storage::sql::Txn& txn,
                       const storage::Repository& repository, const storage::Image& image,
                       base::TimePoint now) {
  if (!is_scannable(image)) return;
  const auto configuration = configuration_of(txn, repository.registry);
  if (scanning_of(configuration, repository).frequency == Frequency::kManual) return;
  // A new tag of an image that was scanned is no new image.
  if (was_scanned_lately(storage::find_scan(txn, repository.id, image.digest), now)) return;
  start_scan(core, txn, repository, image, configuration.type, now);
}

}  // namespace ecr::api::scan
