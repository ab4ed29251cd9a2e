// Images in the ECR API's JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/images/images.h"

namespace ecr::api::ecr {

ImageIdentifier image_identifier(const nlohmann::json& id);
// Members that are empty are left out.
nlohmann::json image_id_json(std::string_view digest, std::string_view tag);
nlohmann::json image_detail_json(const storage::Repository& repository, const storage::Image& image,
                                 const std::vector<std::string>& tags);
// Of images in the order of their digests, a page of a listing that leaves out no tagged
// image of that status ("ANY": of any). The tags come by one query.
nlohmann::json image_details_json(storage::sql::Txn& txn, const storage::Repository& repository,
                                  const std::vector<storage::Image>& images,
                                  std::string_view image_status);

}  // namespace ecr::api::ecr
