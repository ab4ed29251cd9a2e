// StartImageScan, DescribeImageScanFindings. The scans themselves are jobs of api/images/scan/.
#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/ecr/image_json.h"
#include "api/images/scan/configuration.h"
#include "api/images/scan/finding.h"
#include "api/images/scan/scan_jobs.h"
#include "schemas/base/text.h"

namespace ecr::api::ecr {
namespace {

using storage::ImageScan;
using storage::sql::Access;

Json scan_json(const ApiRequest& request, const storage::Repository& repository,
               const storage::Image& image, const ImageScan& scan) {
  return {{"registryId", repository.registry.account},
          {"repositoryName", repository.name.text()},
          {"imageId", answered_image_id(request, image)},
          {"imageScanStatus", scan_status_json(scan)}};
}

// In this order: the type of scanning, whether the image is archived, whether it can be scanned,
// and the quota. ECR's own order is not documented.
void check_scan_is_possible(ApiRequest& request, const storage::Repository& repository,
                            const storage::Image& image) {
  const auto configuration = scan::configuration_of(request.txn, repository.registry);
  // Amazon Inspector decides itself when it scans. The wording is from memory.
  if (configuration.type == storage::ScanType::kEnhanced) {
    throw ApiError(ErrorCode::kValidation, "This feature is disabled");
  }
  if (image.status != storage::ImageStatus::kActive) {  // the wording is not published
    throw ApiError(
        ErrorCode::kImageArchived,
        base::format("The image with digest '{}' in the repository with name '{}' in the registry "
                     "with id '{}' is archived",
                     image.digest.text(), repository.name.text(), repository.registry.account));
  }
  // Indexes, and artifacts that are no container images (test OnlyContainerImagesAreScanned).
  if (!scan::is_scannable(image)) {
    throw ApiError(ErrorCode::kUnsupportedImageType,
                   "The operating system and/or package manager are not supported");
  }
  // ECR service quotas: one basic scan of an image in 24 hours. A scan on push counts (test
  // AnImageIsScannedOnceADay), a scan that failed does not.
  if (scan::was_scanned_lately(storage::find_scan(request.txn, repository.id, image.digest),
                               request.now)) {
    throw ApiError(ErrorCode::kLimitExceeded,
                   "The scan quota per image has been exceeded. Wait and try again.");
  }
}

Json start_image_scan(ApiRequest& request, const storage::Repository& repository) {
  const storage::Image image = require_image(request, repository);
  check_scan_is_possible(request, repository, image);
  const ImageScan scan = scan::start_scan(request.core, request.txn, repository, image,
                                          storage::ScanType::kBasic, request.now);
  return scan_json(request, repository, image, scan);
}

// A page of findings, in the shape of the kind of scan: ECR's `findings`, or Amazon Inspector's
// `enhancedFindings` (test EnhancedFindingsHaveInspectorsShape).
Json findings_json(ApiRequest& request, const storage::Repository& repository,
                   const storage::Image& image, const ImageScan& scan, Json& output) {
  const bool enhanced = scan.type == storage::ScanType::kEnhanced;
  // A token of an earlier scan of the image is of another listing: its findings are replaced.
  const std::string listing =
      base::format("DescribeImageScanFindings\n{}\n{}\n{}", repository.id, image.digest.text(),
                   scan.requested_at.time_since_epoch().count());
  const Page page = requested_page(request, listing);
  auto rows = storage::list_scan_findings(request.txn, repository.id, image.digest,
                                          page.after_number(), page.query_limit());
  const auto token = page.cut(rows, [](const auto& row) { return row.position; });
  if (token) output["nextToken"] = *token;
  const scan::ScannedImage scanned{repository, image,
                                   storage::image_tags(request.txn, repository.id, image.digest),
                                   *scan.completed_at};
  Json list = Json::array();
  for (const auto& row : rows) {
    const Json finding = Json::parse(row.body);  // checked when it was stored
    list.push_back(enhanced ? scan::enhanced_finding(finding, scanned)
                            : scan::basic_finding(finding));
  }
  // The counts are those of all findings, on every page.
  Json json = scan_summary_json(scan);
  json[enhanced ? "enhancedFindings" : "findings"] = std::move(list);
  return json;
}

// A scan that runs or has failed is answered with its status and without imageScanFindings. The
// error of an image that was never scanned quotes what the request gave: "imageDigest:'null'" where
// only a tag was (recorded from ECR).
Json describe_scan_findings(ApiRequest& request, const storage::Repository& repository) {
  const storage::Image image = require_image(request, repository);
  const auto scan = storage::find_scan(request.txn, repository.id, image.digest);
  if (!scan) {
    const Json& id = request.input.at("imageId");
    throw ApiError(
        ErrorCode::kScanNotFound,
        base::format("Image scan does not exist for the image with '{{imageDigest:'{}', "
                     "imageTag:'{}'}}' in the repository with name '{}' in the registry with id "
                     "'{}'",
                     text_member(id, "imageDigest", "null"), text_member(id, "imageTag", "null"),
                     repository.name.text(), repository.registry.account));
  }
  Json output = scan_json(request, repository, image, *scan);
  if (has_findings(*scan)) {
    output["imageScanFindings"] = findings_json(request, repository, image, *scan, output);
  }
  return output;
}

constexpr Operation kImageScanOperations[] = {
    {"StartImageScan", "ecr:StartImageScan", Access::kWrite,
     on<repository_target, start_image_scan>},
    {"DescribeImageScanFindings", "ecr:DescribeImageScanFindings", Access::kRead,
     on<repository_target, describe_scan_findings>},
};

}  // namespace

std::vector<const Operation*> image_scan_operations() { return pointers(kImageScanOperations); }

}  // namespace ecr::api::ecr
