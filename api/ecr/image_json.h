// Images in the ECR API's JSON.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "api/image/images.h"

namespace ecr::api::ecr {

ImageIdentifier image_identifier(const nlohmann::json& id);
// Members that are empty are left out.
nlohmann::json image_id_json(std::string_view digest, std::string_view tag);
nlohmann::json image_detail_json(storage::sql::Txn& txn, const storage::Repository& repository,
                                 const storage::Image& image);

}  // namespace ecr::api::ecr
