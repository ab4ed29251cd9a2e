// StartImageScan, DescribeImageScanFindings.
#include "api/ecr/image_scans.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/ecr/image_lookup.h"
#include "api/images/scan/configuration.h"
#include "api/images/scan/finding.h"
#include "api/images/scan/scan_jobs.h"
#include "schemas/base/text.h"

namespace ecr::api::ecr {
namespace {

using storage::ImageScan;
using storage::sql::Access;

Json status_json(const ImageScan& scan) {
  Json status = {{"status", scan.status}};
  if (!scan.description.empty()) status["description"] = scan.description;
  return status;
}

Json scan_json(const Call& call, const storage::Repository& repository, const storage::Image& image,
               const ImageScan& scan) {
  return {{"registryId", repository.account},
          {"repositoryName", repository.name},
          {"imageId", answered_image_id(call, image)},
          {"imageScanStatus", status_json(scan)}};
}

Json start(Call& call) {
  const storage::Repository repository = require_repository(call);
  const storage::Image image = require_image(call, repository);
  const auto configuration =
      scan::configuration_of(call.txn, repository.account, repository.region);
  // Amazon Inspector decides itself when it scans. The wording is from memory.
  if (configuration.type == "ENHANCED") {
    throw ApiError(ErrorCode::kValidation, "This feature is disabled");
  }
  if (image.status != "ACTIVE") {  // the wording is not published
    throw ApiError(
        ErrorCode::kImageArchived,
        base::format("The image with digest '{}' in the repository with name '{}' in the registry "
                     "with id '{}' is archived",
                     image.digest, repository.name, repository.account));
  }
  if (!scan::is_scannable(image)) {
    throw ApiError(ErrorCode::kUnsupportedImageType,
                   "The operating system and/or package manager are not supported");
  }
  if (scan::was_scanned_lately(storage::find_scan(call.txn, repository.id, image.digest),
                               call.now)) {
    throw ApiError(ErrorCode::kLimitExceeded,
                   "The scan quota per image has been exceeded. Wait and try again.");
  }
  const ImageScan scan =
      scan::start_scan(call.services, call.txn, repository, image, "BASIC", call.now);
  return scan_json(call, repository, image, scan);
}

Json counts_json(const ImageScan& scan) {
  Json counts = Json::object();
  for (const auto& [severity, count] : scan.severities) counts[severity] = count;
  return counts;
}

void add_times(const ImageScan& scan, Json& json) {
  if (scan.completed_at) {
    json["imageScanCompletedAt"] = base::to_epoch_seconds(*scan.completed_at);
  }
  if (scan.source_updated_at) {
    json["vulnerabilitySourceUpdatedAt"] = base::to_epoch_seconds(*scan.source_updated_at);
  }
}

// A page of findings, in the shape of the kind of scan.
Json findings_json(Call& call, const storage::Repository& repository, const storage::Image& image,
                   const ImageScan& scan, Json& output) {
  const bool enhanced = scan.type == "ENHANCED";
  const std::string listing =
      base::format("DescribeImageScanFindings\n{}\n{}\n{}", repository.id, image.digest,
                   scan.requested_at.time_since_epoch().count());
  const Page page = read_page(call, listing);
  const std::int64_t after = page.after.empty() ? 0 : std::stoll(page.after.front());
  auto rows =
      storage::list_scan_findings(call.txn, repository.id, image.digest, after, page.limit + 1);
  if (static_cast<std::int64_t>(rows.size()) > page.limit) {
    rows.pop_back();
    output["nextToken"] = next_token(call, listing, {std::to_string(rows.back().position)});
  }
  const scan::ScannedImage scanned{repository, image,
                                   storage::image_tags(call.txn, repository.id, image.digest),
                                   *scan.completed_at};
  Json list = Json::array();
  for (const auto& row : rows) {
    const Json finding = Json::parse(row.body);  // checked when it was stored
    list.push_back(enhanced ? scan::enhanced_finding(finding, scanned)
                            : scan::basic_finding(finding));
  }
  Json json = {{"findingSeverityCounts", counts_json(scan)}};
  json[enhanced ? "enhancedFindings" : "findings"] = std::move(list);
  add_times(scan, json);
  return json;
}

Json describe_scan_findings(Call& call) {
  const storage::Repository repository = require_repository(call);
  const storage::Image image = require_image(call, repository);
  const auto scan = storage::find_scan(call.txn, repository.id, image.digest);
  if (!scan) {
    const std::string tag = text_member(call.input.at("imageId"), "imageTag");
    throw ApiError(
        ErrorCode::kScanNotFound,
        base::format("Image scan does not exist for the image with '{{imageDigest:'{}', "
                     "imageTag:'{}'}}' in the repository with name '{}' in the registry with id "
                     "'{}'",
                     image.digest, tag.empty() ? "null" : tag, repository.name,
                     repository.account));
  }
  Json output = scan_json(call, repository, image, *scan);
  if (scan->status == "COMPLETE" || scan->status == "ACTIVE") {
    output["imageScanFindings"] = findings_json(call, repository, image, *scan, output);
  }
  return output;
}

constexpr Operation kImageScanOperations[] = {
    {"StartImageScan", "ecr:StartImageScan", Access::kWrite, repository_target, start},
    {"DescribeImageScanFindings", "ecr:DescribeImageScanFindings", Access::kRead, repository_target,
     describe_scan_findings},
};

}  // namespace

void add_scan_summary(storage::sql::Txn& txn, const storage::Repository& repository, Json& detail) {
  const auto scan =
      storage::find_scan(txn, repository.id, detail.at("imageDigest").get<std::string>());
  if (!scan) return;
  detail["imageScanStatus"] = status_json(*scan);
  if (scan->status != "COMPLETE" && scan->status != "ACTIVE") return;
  Json summary = {{"findingSeverityCounts", counts_json(*scan)}};
  add_times(*scan, summary);
  detail["imageScanFindingsSummary"] = std::move(summary);
}

std::vector<const Operation*> image_scan_operations() { return pointers(kImageScanOperations); }

}  // namespace ecr::api::ecr
