#include "api/ecr/image_json.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "schemas/base/json.h"
#include "storage/rows/image_listing.h"

namespace ecr::api::ecr {

std::optional<ImageIdentifier> NamedImage::identifier() const {
  if (digest.empty()) return ImageIdentifier{std::nullopt, tag};
  auto parsed = model::Digest::parse(digest);
  if (!parsed) return std::nullopt;
  return ImageIdentifier{std::move(parsed), tag};
}

NamedImage named_image(const Json& id) {
  return {base::text_member(id, "imageDigest"), base::text_member(id, "imageTag")};
}

std::optional<model::Digest> resolve_image(storage::sql::Txn& txn, std::int64_t repository,
                                           const NamedImage& id) {
  const auto identifier = id.identifier();
  return identifier ? api::resolve_image(txn, repository, *identifier) : std::nullopt;
}

// Outputs never have an empty member: SDKs tell an absent tag by the absent member.
Json image_id_json(std::string_view digest, std::string_view tag) {
  Json id = Json::object();
  if (!digest.empty()) id["imageDigest"] = digest;
  if (!tag.empty()) id["imageTag"] = tag;
  return id;
}

Json image_id_json(const model::Digest& digest, std::string_view tag) {
  return image_id_json(digest.text(), tag);
}

// An id with a tag and a digest that do not belong together names no image. The error has both as
// the input has them: 'null' for what it does not have (captured from AWS).
storage::Image require_image(ApiRequest& request, const storage::Repository& repository) {
  const NamedImage id = named_image(request.input.at("imageId"));
  if (id.is_empty()) {
    throw ApiError::invalid_parameter("imageId", "both tag and digest cannot be null");
  }
  const auto digest = resolve_image(request.txn, repository.id, id);
  auto image = digest ? storage::find_image(request.txn, repository.id, *digest) : std::nullopt;
  if (!image) {
    throw ApiError::image_not_found(repository.registry.account, repository.name, id.digest,
                                    id.tag);
  }
  return std::move(*image);
}

Json answered_image_id(const ApiRequest& request, const storage::Image& image) {
  return image_id_json(image.digest, named_image(request.input.at("imageId")).tag);
}

// Members without a value are left out, not null: imageTags of an image without tags,
// artifactMediaType, subjectManifestDigest (ECR API Reference, "ImageDetail"). The size of an index
// is that of its largest child (test AnIndexNeedsItsChildrenAndIsAsLargeAsTheLargest). Times are
// numbers, epoch seconds with a fraction. lastActivatedAt stays when the image is archived again.
Json image_detail_json(const storage::Repository& repository, const storage::Image& image,
                       const std::vector<std::string>& tags) {
  Json detail = {
      {"registryId", repository.registry.account},
      {"repositoryName", repository.name.text()},
      {"imageDigest", image.digest.text()},
      {"imageSizeInBytes", image.size_bytes},
      {"imagePushedAt", base::to_epoch_seconds(image.pushed_at)},
      {"imageManifestMediaType", image.media_type},
      {"imageStatus", storage::word_of(image.status)},
  };
  if (!tags.empty()) detail["imageTags"] = tags;
  if (!image.artifact_media_type.empty()) detail["artifactMediaType"] = image.artifact_media_type;
  if (image.subject) detail["subjectManifestDigest"] = image.subject->text();
  if (image.last_archived_at) {
    detail["lastArchivedAt"] = base::to_epoch_seconds(*image.last_archived_at);
  }
  if (image.last_activated_at) {
    detail["lastActivatedAt"] = base::to_epoch_seconds(*image.last_activated_at);
  }
  if (image.last_pulled_at) {
    detail["lastRecordedPullTime"] = base::to_epoch_seconds(*image.last_pulled_at);
  }
  return detail;
}

Json image_details_json(storage::sql::Txn& txn, const storage::Repository& repository,
                        const std::vector<storage::Image>& images,
                        std::optional<storage::ImageStatus> image_status) {
  Json details = Json::array();
  if (images.empty()) return details;
  const auto tags = storage::tags_between(txn, repository.id, images.front().digest,
                                          images.back().digest, image_status);
  // Images and tags are both in the order of the digests: one walk over the two.
  auto next = tags.begin();
  for (const storage::Image& image : images) {
    std::vector<std::string> own;
    while (next != tags.end() && next->first < image.digest) ++next;
    for (; next != tags.end() && next->first == image.digest; ++next) own.push_back(next->second);
    details.push_back(image_detail_json(repository, image, own));
  }
  return details;
}

// description says how the scan ended: "The scan was completed successfully.", or why it failed.
Json scan_status_json(const storage::ImageScan& scan) {
  Json status = {{"status", storage::word_of(scan.status)}};
  if (!scan.description.empty()) status["description"] = scan.description;
  return status;
}

// Severities without findings have no count, rather than 0.
Json scan_summary_json(const storage::ImageScan& scan) {
  Json counts = Json::object();
  for (const auto& [severity, count] : scan.severities) counts[severity] = count;
  Json json = {{"findingSeverityCounts", std::move(counts)}};
  if (scan.completed_at) {
    json["imageScanCompletedAt"] = base::to_epoch_seconds(*scan.completed_at);
  }
  if (scan.source_updated_at) {
    json["vulnerabilitySourceUpdatedAt"] = base::to_epoch_seconds(*scan.source_updated_at);
  }
  return json;
}

// ACTIVE is the status of continuous scanning (test ContinuousScanningStaysActive); a scan on
// demand ends as COMPLETE.
bool has_findings(const storage::ImageScan& scan) {
  return scan.status == storage::ScanStatus::kComplete ||
         scan.status == storage::ScanStatus::kActive;
}

}  // namespace ecr::api::ecr
