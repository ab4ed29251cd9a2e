#include "api/ecr/image_json.h"

#include <nlohmann/json.hpp>

#include "storage/rows/image_listing.h"

namespace ecr::api::ecr {

ImageIdentifier image_identifier(const nlohmann::json& id) {
  return {id.value("imageDigest", std::string()), id.value("imageTag", std::string())};
}

nlohmann::json image_id_json(std::string_view digest, std::string_view tag) {
  nlohmann::json id = nlohmann::json::object();
  if (!digest.empty()) id["imageDigest"] = digest;
  if (!tag.empty()) id["imageTag"] = tag;
  return id;
}

nlohmann::json image_detail_json(const storage::Repository& repository, const storage::Image& image,
                                 const std::vector<std::string>& tags) {
  nlohmann::json detail = {
      {"registryId", repository.account},
      {"repositoryName", repository.name},
      {"imageDigest", image.digest},
      {"imageSizeInBytes", image.size_bytes},
      {"imagePushedAt", base::to_epoch_seconds(image.pushed_at)},
      {"imageManifestMediaType", image.media_type},
      {"imageStatus", image.status},
  };
  if (!tags.empty()) detail["imageTags"] = tags;
  if (!image.artifact_media_type.empty()) detail["artifactMediaType"] = image.artifact_media_type;
  if (!image.subject.empty()) detail["subjectManifestDigest"] = image.subject;
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

nlohmann::json image_details_json(storage::sql::Txn& txn, const storage::Repository& repository,
                                  const std::vector<storage::Image>& images,
                                  std::string_view image_status) {
  nlohmann::json details = nlohmann::json::array();
  if (images.empty()) return details;
  const auto tags = storage::tags_between(txn, repository.id, images.front().digest,
                                          images.back().digest, image_status);
  auto next = tags.begin();
  for (const storage::Image& image : images) {
    std::vector<std::string> own;
    while (next != tags.end() && next->first < image.digest) ++next;
    for (; next != tags.end() && next->first == image.digest; ++next) own.push_back(next->second);
    details.push_back(image_detail_json(repository, image, own));
  }
  return details;
}

}  // namespace ecr::api::ecr
