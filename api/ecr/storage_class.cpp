// UpdateImageStorageClass: an image goes into the archive at once, and comes back by a job. Source:
// ECR API Reference, "UpdateImageStorageClass", and the User Guide on archived images.

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/background/events.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/ecr/image_json.h"
#include "api/images/push/replication.h"
#include "schemas/base/text.h"

namespace ecr::api::ecr {
namespace {

using storage::ImageStatus;
using storage::StorageClass;
using storage::sql::Access;

// Events of the storage class name one tag at most (inferred from the sample in the User Guide).
std::string first_tag(storage::sql::Txn& txn, std::int64_t repository,
                      const model::Digest& digest) {
  const auto tags = storage::image_tags(txn, repository, digest);
  return tags.empty() ? "" : tags.front();
}

// ECR's wording of this error is not published.
ApiError not_supported(const std::string& why) {
  return {ErrorCode::kStorageClassNotSupported, why};
}

// An image that an active index names is not archived, because the index would lead to nothing: ECR
// says so of lifecycle policies, for this operation it is inferred (test
// AnImageOfAnActiveIndexIsNotArchived).
void refuse_referenced(ApiRequest& request, const storage::Repository& repository,
                       const storage::Image& image) {
  const auto parent =
      storage::find_parent(request.txn, repository.id, image.digest, ImageStatus::kActive);
  if (!parent) return;
  throw not_supported(base::format(
      "The image is referenced by the manifest list '{}', which is not archived", parent->text()));
}

// The class that an image has already is no error, and changes nothing (test
// TheClassThatAnImageHasChangesNothing). The minimum of 90 days binds lifecycle rules only.
ImageStatus archive(ApiRequest& request, const storage::Repository& repository,
                    const storage::Image& image) {
  if (image.status == ImageStatus::kArchived) return image.status;
  if (image.status == ImageStatus::kActivating) throw not_supported("The image is being restored");
  refuse_referenced(request, repository, image);
  storage::archive_image(request.txn, repository.id, image.digest, request.now);
  record_event(
      request.core, request.txn, request.now,
      storage_class_event(repository, image, first_tag(request.txn, repository.id, image.digest),
                          StorageClass::kArchive, std::nullopt),
      request.http.id);
  return ImageStatus::kArchived;
}

// ARCHIVED becomes ACTIVATING at once and ACTIVE by the job (test ARestoredImageIsActivatedByAJob).
// A push of the same image brings it back sooner (test APushBringsAnImageBackBeforeTheJobDoes).
ImageStatus restore(ApiRequest& request, const storage::Repository& repository,
                    const storage::Image& image) {
  if (image.status != ImageStatus::kArchived) return image.status;
  storage::activate_image(request.txn, repository.id, image.digest);
  enqueue_job(request.core, request.txn, kImageRestore.kind,
              {{"repository", repository.id}, {"digest", image.digest.text()}}, request.now,
              std::to_string(repository.id) + " " + image.digest.text());
  return ImageStatus::kActivating;
}

Json update_storage_class(ApiRequest& request, const storage::Repository& repository) {
  const storage::Image image = require_image(request, repository);
  const auto target =
      storage::value_of<StorageClass>(text_member(request.input, "targetStorageClass"));
  const ImageStatus status = target == StorageClass::kArchive ? archive(request, repository, image)
                                                              : restore(request, repository, image);
  return {{"registryId", repository.registry.account},
          {"repositoryName", repository.name.text()},
          {"imageId", answered_image_id(request, image)},
          {"imageStatus", storage::word_of(status)}};
}

constexpr Operation kStorageClassOperations[] = {
    {"UpdateImageStorageClass", "ecr:UpdateImageStorageClass", Access::kWrite,
     on<repository_target, update_storage_class>},
};

}  // namespace

// The image may be gone, or active again by a push, when the job runs.
void run_image_restore(JobAttempt& attempt) {
  const auto id = attempt.payload.at("repository").get<std::int64_t>();
  const auto digest = digest_of(attempt.payload);
  Request& request = attempt.begin();
  storage::sql::Txn& txn = request.txn;
  const auto repository = storage::find_repository(txn, id);
  const auto image = storage::find_image(txn, id, digest);
  if (!repository || !image || image->status != ImageStatus::kActivating) return;
  storage::restore_image(txn, id, digest, request.now);
  record_event(request.core, txn, request.now,
               storage_class_event(*repository, *image, first_tag(txn, id, digest),
                                   StorageClass::kStandard, request.now));
  // ECR replicates images that are pushed or restored after replication was configured.
  replication::enqueue_replication(request.core, txn, *repository, digest,
                                   first_tag(txn, id, digest), request.now);
}

std::vector<const Operation*> storage_class_operations() {
  return pointers(kStorageClassOperations);
}

}  // namespace ecr::api::ecr
