// Images in the ECR API's JSON: the ids that requests name them by, and what answers say of them.
// Stateless functions on the request's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "api/images/images.h"
#include "storage/rows/image_processing.h"

namespace ecr::api::ecr {

// An id as the texts of a request name it. The model lets through digests that no image can have,
// and answers repeat them.
struct NamedImage {
  std::string digest;  // empty: not given
  std::string tag;     // empty: not given

  bool is_empty() const { return digest.empty() && tag.empty(); }
  // nullopt: the digest is none.
  std::optional<ImageIdentifier> identifier() const;
};
NamedImage named_image(const Json& id);
// The digest of the image of that name; nullopt: there is none.
std::optional<model::Digest> resolve_image(storage::sql::Txn& txn, std::int64_t repository,
                                           const NamedImage& id);
// Members that are empty are left out.
Json image_id_json(std::string_view digest, std::string_view tag);
Json image_id_json(const model::Digest& digest, std::string_view tag);

// The one image that the input's imageId names. Throws InvalidParameterException where it names
// nothing, ImageNotFoundException.
storage::Image require_image(ApiRequest& request, const storage::Repository& repository);
// imageId of the answer: the image's digest, and the tag as the input has it.
Json answered_image_id(const ApiRequest& request, const storage::Image& image);

Json image_detail_json(const storage::Repository& repository, const storage::Image& image,
                       const std::vector<std::string>& tags);
// The details of images in the order of their digests, a page of a listing that leaves out no
// tagged image of that status (nullopt: of any). The tags come by one query.
Json image_details_json(storage::sql::Txn& txn, const storage::Repository& repository,
                        const std::vector<storage::Image>& images,
                        std::optional<storage::ImageStatus> image_status);

// imageScanStatus of an image that was scanned, or is being scanned.
Json scan_status_json(const storage::ImageScan& scan);
// How many findings there are of each severity, and when the scan and its source are from.
Json scan_summary_json(const storage::ImageScan& scan);
// Whether the scan has findings to show: one that is done, or goes on for as long as the image is
// scanned continuously.
bool has_findings(const storage::ImageScan& scan);

}  // namespace ecr::api::ecr
