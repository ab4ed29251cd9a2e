#include "api/ecr/image_lookup.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/image_json.h"

namespace ecr::api::ecr {

storage::Image require_image(Call& call, const storage::Repository& repository) {
  const ImageIdentifier id = image_identifier(call.input.at("imageId"));
  if (id.digest.empty() && id.tag.empty()) {
    throw ApiError::invalid_parameter("imageId", "both tag and digest cannot be null");
  }
  const auto digest = resolve_image(call.txn, repository.id, id);
  auto image = digest ? storage::find_image(call.txn, repository.id, *digest) : std::nullopt;
  if (!image) {
    throw ApiError::image_not_found(repository.account, repository.name, id.digest, id.tag);
  }
  return std::move(*image);
}

Json answered_image_id(const Call& call, const storage::Image& image) {
  return image_id_json(image.digest, image_identifier(call.input.at("imageId")).tag);
}

}  // namespace ecr::api::ecr
